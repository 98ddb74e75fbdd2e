"""Decides the commands of one transaction, loading in rounds what they find missing."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain import deciding, lots
from lotkeeper_server.domain.actions import RECORD_TYPE, RISES
from lotkeeper_server.domain.commands import Batch, Command, Execute
from lotkeeper_server.domain.deciding import Outcome
from lotkeeper_server.domain.definition_cache import DefinitionCache
from lotkeeper_server.domain.definitions import InventoryOperation
from lotkeeper_server.domain.genealogy import edge_key
from lotkeeper_server.domain.identifiers import Id, LotId, MaterialId
from lotkeeper_server.domain.keys import DefinitionKey, Key, Missing, RequestKey, RunKey, StockKey
from lotkeeper_server.domain.moment import Moment
from lotkeeper_server.domain.refusals import Internal, Refused
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.loading import load

ROUNDS_MAX: Final = 256
"""Loads in one transaction; a pick among many lots takes a few, more than this is a fault."""
_log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

__all__ = ["Decision", "Outcome", "answer", "decide_all"]


@dataclass(slots=True, eq=False)
class Decision:
    """A command or batch and, once decided, its outcome; a batch that was refused as a whole has `refused`."""

    command: Command | Batch
    outcome: Outcome | list[Outcome] | None = None
    refused: Refused | None = None

    @property
    def size(self) -> int:
        """How many commands it holds."""
        return len(self.command.items) if isinstance(self.command, Batch) else 1


def decide_all(
    connection: Connection, definitions: DefinitionCache, decisions: Sequence[Decision], moment: Moment
) -> WorkingSet:
    """Takes every decision; those that miss something wait for the next round and are taken again then.

    Returns:
        The working set, which holds what is to be written.
    """
    state = WorkingSet(definitions)
    commands = [command for decision in decisions for command in _commands_of(decision.command)]
    load(connection, state, [key for command in commands for key in _first_keys(command, definitions)])
    load(connection, state, [key for command in commands for key in _likely_state(command, state)])
    pending = list(decisions)
    for _ in range(ROUNDS_MAX):
        missing: list[Key] = []
        later = []
        for decision in pending:
            keys = _decide(state, decision, moment)
            if keys:
                missing.extend(keys)
                later.append(decision)
        if not later:
            return state
        load(connection, state, missing)
        pending = later
    raise RuntimeError(f"{len(pending)} decisions still miss something after {ROUNDS_MAX} rounds")


def answer(connection: Connection, question: Callable[[WorkingSet], Answer]) -> Answer:
    """Asks what decisions would ask, on a snapshot: loads what the question finds missing and asks it again.

    Raises:
        Refused: what the question raised.
    """
    state = WorkingSet(DefinitionCache())
    for _ in range(ROUNDS_MAX):
        try:
            return question(state)
        except Missing as missing:
            load(connection, state, missing.keys)
    raise RuntimeError(f"the question still misses something after {ROUNDS_MAX} rounds")


def _decide(state: WorkingSet, decision: Decision, moment: Moment) -> tuple[Key, ...]:
    """The keys that it misses; none where it is decided. A fault in one command hurts no other."""
    decision.outcome = decision.refused = None
    savepoint = state.savepoint()
    try:
        if isinstance(decision.command, Batch):
            decision.outcome = deciding.decide_batch(state, decision.command, moment)
        else:
            decision.outcome = deciding.decide(state, decision.command, moment)
    except Missing as missing:
        return missing.keys
    except Refused as refused:
        decision.refused = refused
    except Exception:  # one command's fault must not take the transaction of the others with it
        state.roll_back(savepoint)
        error_id = uuid.uuid4().hex
        _log.exception("fault", error_id=error_id)
        decision.refused = Refused(Internal(error_id=error_id))
    return ()


def _commands_of(command: Command | Batch) -> Sequence[Command]:
    return [item for item in command.items if isinstance(item, Execute)] if isinstance(command, Batch) else [command]


# What follows only saves rounds: a decision asks for whatever it turns out to need.


def _first_keys(command: Command, definitions: DefinitionCache) -> Iterator[Key]:
    """What a command needs for certain, and the lot that it names where its material is not in question."""
    yield RunKey(command.operation_id)
    if command.request_id is not None:
        yield RequestKey(command.principal, command.request_id)
    operation = definitions.inventory_operations.get(command.operation_id)
    if operation is None:
        yield DefinitionKey("inventory_operation", command.operation_id)
    elif isinstance(command, Execute):
        for lot, material_id in _lots_named(command, operation):
            yield lots.key(lot, material_id)


def _lots_named(command: Execute, operation: InventoryOperation) -> Iterator[tuple[Id | str, MaterialId]]:
    """The lots that a call names, within materials that are not in question, the primary one first."""
    if command.primary_lot is not None and operation.material_id is not None:
        yield command.primary_lot, operation.material_id
        if command.secondary_lot is not None and operation.secondary_material_id is not None:
            yield command.secondary_lot, operation.secondary_material_id


def _likely_state(command: Command, state: WorkingSet) -> Iterator[Key]:
    """The row of the lot that a command names, at the place of its operation, and the edge to its secondary lot."""
    operation = state.definitions.inventory_operations.get(command.operation_id)
    if not isinstance(command, Execute) or operation is None:
        return
    lot_ids = [_known_id(state, *named) for named in _lots_named(command, operation)]
    rises = operation.operation_type in RISES
    place = operation.destination_location_id if rises else operation.source_location_id
    match lot_ids:
        case [lot_id] | [lot_id, None] if lot_id is not None and place is not None:
            yield StockKey(place, lot_id)
        case [lot_id, secondary_id] if lot_id is not None and secondary_id is not None and place is not None:
            yield StockKey(place, lot_id)
            yield edge_key(RECORD_TYPE[operation.operation_type], lot_id, secondary_id)


def _known_id(state: WorkingSet, lot: Id | str, material_id: MaterialId) -> LotId | None:
    return LotId(lot) if isinstance(lot, bytes) else state.lot_ids_by_name.get((material_id, lot))
