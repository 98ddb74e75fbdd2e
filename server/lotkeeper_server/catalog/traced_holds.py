"""Holds a lot and the lots that a trace reaches, in one transaction.

Each lot is locked before its edges are read. A call that consumes it at the same moment has committed before that, and
what it went into is reached; or it waits for the lock, and is refused by the status that it then finds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper_server.catalog.naming import NamedLot
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.apply.records import check_count
from lotkeeper_server.domain.ask.trace import Bounds, Trace, trace
from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.decide.command import decide
from lotkeeper_server.domain.keys import GenealogyKey, Key, LotKey, Missing, RequestKey
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus, TraceDirection
from lotkeeper_server.domain.model.identifiers import Id, LotId
from lotkeeper_server.domain.model.stock import Answer, Edge, Lot
from lotkeeper_server.domain.refusals import Refusal, Refused, TraceTruncated
from lotkeeper_server.domain.resolve.requested_action import intent_of_action
from lotkeeper_server.domain.resolve.steps import resolve
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.dialects import Locking
from lotkeeper_server.store.db.write_transaction import ReadTransaction
from lotkeeper_server.store.lists.edges import EdgeReading
from lotkeeper_server.store.state.loading import load

HELD_BY_A_RECALL: Final = frozenset({LotStatus.OPEN, LotStatus.AVAILABLE, LotStatus.EXPIRED})
"""As stored: a lot that shows EXPIRED by its date is OPEN or AVAILABLE."""
_ROUNDS_MAX: Final = 16
"""Loads of what a decision finds missing: request, lots, their materials and units, the reason code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedHold:
    """What is to be held, and why.

    Attributes:
        lot: where the trace begins.
        direction: which way it goes.
        depth: how many edges away it may go.
        lots_only: whether it leaves production orders out.
        notes: on every record.
        reason_code_id: on every record; None for none.
        principal: who asks.
        request_id: None for none.
        fingerprint: of the request; empty without a request id.
        validate_only: whether nothing will be written.
    """

    lot: NamedLot
    direction: TraceDirection
    depth: int
    lots_only: bool
    notes: str
    reason_code_id: Id | None
    principal: str
    request_id: str | None
    fingerprint: bytes
    validate_only: bool


@dataclass(frozen=True, slots=True)
class TracedHold:
    """What was held.

    Attributes:
        lot_id: of the lot asked for.
        lot_name: its name.
        answer: the records.
        left: the lots that were reached and are not held by them, with their distances, the nearest first.
        changes: what is to be written.
    """

    lot_id: LotId
    lot_name: str
    answer: Answer
    left: dict[LotId, int]
    changes: Changes


def hold_traced(tx: ReadTransaction, asked: AskedHold, context: Context) -> TracedHold:
    """Decides on what a trace reaches.

    Args:
        tx: a transaction that writes, and waits for locks; or a snapshot, which may only be asked what would happen.
        asked: what for.
        context: the time, and where new ids come from.

    Raises:
        Refused: the NOT_FOUND of what it names, REQUEST_ID_REUSED, COMMENTS_REQUIRED and what else the reason code
            forbids, TRACE_TRUNCATED, TOO_MANY_RECORDS.
    """
    return _Holding(tx, asked, context).done()


class _Holding:
    def __init__(self, tx: ReadTransaction, asked: AskedHold, context: Context) -> None:
        self._tx = tx
        self._asked = asked
        self._context = context
        self._state = WorkingSet(DefinitionCache())
        self._reading = EdgeReading(tx.connection, lots_only=asked.lots_only)

    def done(self) -> TracedHold:
        asked, state = self._asked, self._state
        root = LotId(asked.lot.find(self._tx.connection))
        if self._is_repeated():
            answer, found = self._decided([]), self._walked(root)
            left = self._without((LotId(record.lot.id) for record in answer.records), found)
            return TracedHold(root, self._lot(root).name, answer, left, state.changes())
        self._check_reason(root)
        found = self._walked(root)
        if found.truncated:
            raise Refused(TraceTruncated(lot=self._lot(root).name, depth=asked.depth))
        to_hold = [lot_id for lot_id in found.lots if self._lot(lot_id).status in HELD_BY_A_RECALL]
        check_count(len(to_hold))
        answer = self._decided(to_hold)
        return TracedHold(root, self._lot(root).name, answer, self._without(to_hold, found), state.changes())

    def _is_repeated(self) -> bool:
        """Step 3: whether the request id has taken effect; what that means is decided with the request."""
        asked = self._asked
        if asked.request_id is None or asked.validate_only:
            return False
        key = RequestKey(asked.principal, asked.request_id)
        self._load([key])
        kept = self._state.request(*key)
        return (
            kept is not None and kept.created_millis > self._context.now_millis - self._context.request_id_kept_millis
        )

    def _check_reason(self, root: LotId) -> None:
        """What is wrong with the reason code is told however many lots there are to hold."""
        command = self._command([root])

        def check() -> None:
            resolve(self._state, intent_of_action(command.actions[0], command, set()), self._context)

        for _ in range(_ROUNDS_MAX):
            try:
                check()
            except Missing as missing:
                self._load(missing.keys)
            else:
                return
        raise AssertionError("a change of status still misses something")

    def _walked(self, root: LotId) -> Trace:
        """Walks twice where rows are locked: first without locks, then with those of all lots found, taken together.

        So they are taken in one order by all, and are held for as short as can be; the second walk may find more.
        """
        bounds = Bounds(self._asked.depth, limits.TRACE_NODES_MAX, limits.TRACE_EDGES_MAX)
        if self._tx.locking is not Locking.NONE:
            ahead = trace(root, self._asked.direction, bounds, self._reading.edges_onward)
            self._load_lots(ahead.lots)
        return trace(root, self._asked.direction, bounds, self._edges_onward)

    def _edges_onward(
        self, nodes: Sequence[Id], direction: TraceDirection, limit: int
    ) -> list[tuple[GenealogyKey, Edge]]:
        """Locks the lots among the nodes, then reads their edges."""
        lots, _ = self._reading.apart(nodes)
        self._load_lots(lots)
        return self._reading.edges_onward(nodes, direction, limit)

    def _load_lots(self, lot_ids: Iterable[LotId]) -> None:
        self._load(LotKey(lot_id) for lot_id in lot_ids if lot_id not in self._state.lots)

    def _decided(self, to_hold: Sequence[LotId]) -> Answer:
        command = self._command(to_hold)
        for _ in range(_ROUNDS_MAX):
            try:
                outcome = decide(self._state, command, self._context)
            except Missing as missing:
                self._load(missing.keys)
            except Refused as refused:
                raise Refused(refused.refusal) from None  # of a lot, whose place in the trace says nothing
            else:
                if isinstance(outcome, Refusal):
                    raise Refused(outcome)
                return outcome
        raise AssertionError("changes of status still miss something")

    def _command(self, lot_ids: Sequence[LotId]) -> ExecuteActions:
        asked = self._asked
        actions = [
            RequestedAction(
                InventoryActionType.STATUS_CHANGE,
                lot=lot_id,
                lot_status=LotStatus.QA_HOLD,
                notes=asked.notes,
                reason_code_id=asked.reason_code_id,
            )
            for lot_id in lot_ids
        ]
        return ExecuteActions(
            asked.principal,
            actions,
            request_id=asked.request_id,
            fingerprint=asked.fingerprint,
            validate_only=asked.validate_only,
        )

    def _load(self, keys: Iterable[Key]) -> None:
        if wanted := list(keys):
            held = load(self._tx, self._state, wanted)
            assert not held  # a work waits for rows that others hold, and a snapshot locks none

    def _lot(self, lot_id: LotId) -> Lot:
        lot = self._state.lot(lot_id)
        assert lot is not None
        return lot

    def _without(self, held: Iterable[LotId], found: Trace) -> dict[LotId, int]:
        without = {*held}
        return {lot_id: found.depths[lot_id] for lot_id in found.lots if lot_id not in without}
