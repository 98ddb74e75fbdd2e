"""Decides the commands of one transaction, loading in rounds what they find missing."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection

from lotkeeper_server.domain.commands import Batch, Command, Execute, ExecuteActions
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.decide import command as deciding
from lotkeeper_server.domain.decide.command import Outcome
from lotkeeper_server.domain.keys import Key, Missing
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.prefetch import first_keys, likely_rows, likely_state
from lotkeeper_server.domain.refusals import Internal, Refused
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.state.loading import load

ROUNDS_MAX: Final = 256
"""Loads in one transaction; a pick among many lots takes a few. What needs more than this is a fault."""
_log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

__all__ = ["Decision", "Outcome", "answer", "decide_all"]


@dataclass(slots=True, eq=False)
class Decision:
    """A command or batch and, once decided, its outcome.

    Attributes:
        command: to decide.
        outcome: once decided; of a batch one for each item.
        refused: of a batch that was refused as a whole.
        held: not decided, since another transaction holds what it needs.
    """

    command: Command | Batch
    outcome: Outcome | list[Outcome] | None = None
    refused: Refused | None = None
    held: bool = False

    @property
    def size(self) -> int:
        """How many commands it holds."""
        if isinstance(self.command, Batch):
            return len(self.command.items)
        return len(self.command.actions) if isinstance(self.command, ExecuteActions) else 1


def decide_all(
    connection: Connection, definitions: DefinitionCache, decisions: Sequence[Decision], context: Context
) -> WorkingSet:
    """Takes every decision; those that miss something wait for the next round and are taken again then.

    What another transaction holds is not waited for: decisions that need it are left, `held`.

    Returns:
        The working set, which holds what is to be written.
    """
    state = WorkingSet(definitions)
    commands = [command for decision in decisions for command in _commands_of(decision.command)]
    held = set(load(connection, state, [key for command in commands for key in first_keys(command, definitions)]))
    held |= load(connection, state, [key for command in commands for key in likely_state(command, state)])
    if rows := [key for command in commands for key in likely_rows(command, state)]:
        held |= load(connection, state, rows)
    pending = list(decisions)
    for _ in range(ROUNDS_MAX):
        missing: list[Key] = []
        later = []
        for decision in pending:
            keys = _decide(state, decision, context)
            if not held.isdisjoint(keys):
                decision.held = True
            elif keys:
                missing.extend(keys)
                later.append(decision)
        if not later:
            return state
        held |= load(connection, state, missing)
        pending = later
    for decision in pending:  # they left nothing behind; the others are decided and go on
        error_id = uuid.uuid4().hex
        _log.error("rounds_exceeded", error_id=error_id, rounds=ROUNDS_MAX)
        decision.refused = Refused(Internal(error_id=error_id))
    return state


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


def _decide(state: WorkingSet, decision: Decision, context: Context) -> tuple[Key, ...]:
    """The keys that it misses; none where it is decided. A fault in one command hurts no other."""
    decision.outcome = decision.refused = None
    decision.held = False
    savepoint = state.savepoint()
    try:
        if isinstance(decision.command, Batch):
            decision.outcome = deciding.decide_batch(state, decision.command, context)
        else:
            decision.outcome = deciding.decide(state, decision.command, context)
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
