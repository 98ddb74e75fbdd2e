"""Decides the commands of one transaction: loads what they will likely need, then what they turn out to miss.

A decision says itself what it misses: it raises `Missing`, leaves nothing behind, and is taken again once that is
loaded, for all decisions at once.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Final, NamedTuple, Protocol, TypeVar

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.commands import Batch, Command, Execute
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.decide.command import decide, decide_batch
from lotkeeper_server.domain.keys import Key, Missing
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.prefetch import first_keys, likely_rows, likely_state, names_all_by_id
from lotkeeper_server.domain.refusals import Refusal, Refused
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.engine.calls import HELD, Answered, Result
from lotkeeper_server.engine.faults import logged_fault
from lotkeeper_server.engine.waits_for_lots import lot_of
from lotkeeper_server.event_log import get_logger

ROUNDS_MAX: Final = 256
"""Loads in one transaction; a pick among many lots takes a few. What needs more than this is a fault."""
_log = get_logger()
Answer = TypeVar("Answer")


class Loader(Protocol):
    """What brings state in; of a transaction, or of a snapshot."""

    def load(self, state: WorkingSet, keys: Iterable[Key]) -> frozenset[Key]:
        """Brings these in, or notes that they are not there; returns those that another transaction holds."""


class Decided(NamedTuple):
    """A batch, decided and not yet written.

    Attributes:
        results: one for each command, in order: answered once the changes are durable, refused, or held.
        changes: what is to be written.
        held_for: by the index of a result that is held, the lot that it waits for; empty where it is none.
    """

    results: list[Result]
    changes: Changes
    held_for: dict[int, str]


class Prefetch:
    """What commands will likely read, in two parts: what can be told before anything is loaded, and the rest.

    Attributes:
        first: the first part. Definitions that have changed since they were cached make it miss something, no more.
    """

    __slots__ = ("_later", "_state", "first")

    def __init__(self, state: WorkingSet, commands: Sequence[Command | Batch]) -> None:
        """Loads nothing.

        Args:
            state: nothing is loaded into it yet.
            commands: of one transaction.
        """
        self._state = state
        self._later: list[Command] = []
        self.first: list[Key] = []
        for command in commands:
            for one in _commands_of(command):
                try:
                    self._add(one)
                except Exception:  # it may miss: what is wrong with one command is found when that is decided
                    _log.warning("prefetch_failed", exc_info=True)

    def _add(self, command: Command) -> None:
        state = self._state
        self.first += first_keys(command, state.definitions)
        if names_all_by_id(command, state.definitions):
            self.first += [*likely_state(command, state), *likely_rows(command, state)]
        else:
            self._later.append(command)

    def load_rest(self, loader: Loader) -> set[Key]:
        """Loads the second part, once the first is there; the keys of it that another transaction holds."""
        held: set[Key] = set()
        for likely in (likely_state, likely_rows):
            if keys := [key for one in self._later for key in self._foreseen(likely, one)]:
                held |= loader.load(self._state, keys)
        return held

    def _foreseen(self, likely: Callable[[Command, WorkingSet], Iterable[Key]], command: Command) -> list[Key]:
        try:
            return list(likely(command, self._state))
        except Exception:  # as in `__init__`
            _log.warning("prefetch_failed", exc_info=True)
            return []


def run(loader: Loader, definitions: DefinitionCache, commands: Sequence[Command | Batch], context: Context) -> Decided:
    """Loads what the commands need, and decides every one of them."""
    state = WorkingSet(definitions)
    prefetch = Prefetch(state, commands)
    held = loader.load(state, prefetch.first) | prefetch.load_rest(loader)
    return decide_all(loader, state, commands, context, held)


def decide_all(
    loader: Loader, state: WorkingSet, commands: Sequence[Command | Batch], context: Context, held: Set[Key]
) -> Decided:
    """Decides every command; what another transaction holds is not waited for.

    Args:
        loader: brings in what decisions turn out to miss.
        state: what was loaded beforehand.
        commands: of one transaction.
        context: of all of them.
        held: keys that could not be loaded, since another transaction holds what they are about.
    """
    held = set(held)
    held_for: dict[int, str] = {}
    results: list[Result] = [HELD] * len(commands)
    pending = list(range(len(commands)))
    for _ in range(ROUNDS_MAX):
        missing: list[Key] = []
        later = []
        for index in pending:
            decided = _decided(state, commands[index], context)
            if not isinstance(decided, Missing):
                results[index] = decided
            elif held.isdisjoint(decided.keys):
                missing.extend(decided.keys)
                later.append(index)
            else:
                held_for[index] = lot_of(held.intersection(decided.keys))
        if not later:
            return Decided(results, state.changes(), held_for)
        held |= loader.load(state, missing)
        pending = later
    for index in pending:  # they left nothing behind; the others are decided and go on
        results[index] = Refused(logged_fault("rounds_exceeded", rounds=ROUNDS_MAX))
    return Decided(results, state.changes(), held_for)


def ask(loader: Loader, question: Callable[[WorkingSet], Answer]) -> Answer:
    """Asks what decisions would ask: loads what the question finds missing and asks it again.

    Raises:
        Refused: what the question raised.
    """
    state = WorkingSet(DefinitionCache())
    for _ in range(ROUNDS_MAX):
        try:
            return question(state)
        except Missing as missing:
            loader.load(state, missing.keys)
    raise RuntimeError(f"the question still misses something after {ROUNDS_MAX} rounds")


def _decided(state: WorkingSet, command: Command | Batch, context: Context) -> Answered | Refused | Missing:
    """A fault in one command hurts no other."""
    savepoint = state.savepoint()
    try:
        if isinstance(command, Batch):
            return Answered(decide_batch(state, command, context))
        outcome = decide(state, command, context)
    except Missing as missing:
        return missing
    except Refused as refused:
        return refused.with_traceback(None)
    except Exception:  # one command's fault must not take the transaction of the others with it
        state.roll_back(savepoint)
        return Refused(logged_fault())
    return Refused(outcome) if isinstance(outcome, Refusal) else Answered(outcome)


def _commands_of(command: Command | Batch) -> Sequence[Command]:
    return [item for item in command.items if isinstance(item, Execute)] if isinstance(command, Batch) else [command]
