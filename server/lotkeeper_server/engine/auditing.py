"""Which calls become events, and what an event tells of each: every one that wrote something, once.

A dry run wrote nothing, nor did a call that was answered by its request id, or one that found all as it was to be.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lotkeeper_server.domain.commands import Annotate, Batch, Command, Execute, ExecuteActions, OfOperation, Reverse
from lotkeeper_server.domain.model.audit import AuditEvent, Effect, event_of
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.engine.calls import Answered, Caller, PendingCommand, Result


def events_of_commands(
    decided: Iterable[tuple[PendingCommand, Result]], now_millis: int, new_id: Callable[[], Id]
) -> list[AuditEvent]:
    """One event for each command that wrote something; of a batch, one for each of its requests that did.

    Args:
        decided: the calls of one transaction, each with what comes of it once that is durable.
        now_millis: the moment of the transaction.
        new_id: gives new ids, in order.
    """
    events = []
    for call, result in decided:
        if type(result) is not Answered:
            continue
        command, caller = call.command, call.caller
        if isinstance(command, Batch):
            if not command.validate_only:
                events += [
                    event_of(new_id(), now_millis, caller.principal, caller.origin, _effect_of(item, answer))
                    for item, answer in _written(command, result.value)
                ]
        elif result.value.wrote:
            effect = _effect_of(command, result.value)
            events.append(event_of(new_id(), now_millis, caller.principal, caller.origin, effect))
    return events


def events_of_work(
    caller: Caller, effects: Sequence[Effect], now_millis: int, new_id: Callable[[], Id]
) -> list[AuditEvent]:
    """One event for each effect that a piece of work has noted."""
    return [event_of(new_id(), now_millis, caller.principal, caller.origin, effect) for effect in effects]


def _written(batch: Batch, outcomes: Sequence[object]) -> Iterator[tuple[Execute, Answer]]:
    for item, outcome in zip(batch.items, outcomes, strict=True):
        if isinstance(outcome, Answer) and outcome.wrote:
            assert isinstance(item, Execute)
            yield item, outcome


def _effect_of(command: Command, answer: Answer) -> Effect:
    records, request_id = answer.records, command.request_id or ""
    record_id = records[answer.main_index or 0].id if records else None
    if isinstance(command, OfOperation):
        return Effect("inventory_operation", command.operation_id, "", request_id, 1, record_id)
    if isinstance(command, ExecuteActions):
        return Effect("", None, "", request_id, len(command.actions), record_id)
    assert isinstance(command, Reverse | Annotate)
    return Effect("inventory_lot_record", command.record_id, "", request_id, 1, record_id)
