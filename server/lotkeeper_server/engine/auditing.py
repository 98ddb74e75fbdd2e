"""Which calls become events, and what an event tells of each: every one that wrote something, once.

A dry run wrote nothing, nor did a call that was answered by its request id, or one that found all as it was to be.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lotkeeper_server.domain.commands import Batch, Command, Execute, ExecuteActions, OfOperation
from lotkeeper_server.domain.model.audit import AuditEvent, CommandEvent, Effect, event_of
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.engine.calls import Answered, Caller, PendingCommand, Result
from lotkeeper_server.engine.clock import some_ids


def events_of_commands(
    decided: Iterable[tuple[PendingCommand, Result]], now_millis: int, new_id: Callable[[], Id]
) -> list[CommandEvent]:
    """One event for each command that wrote something; of a batch, one for each of its requests that did.

    Args:
        decided: the calls of one transaction, each with what comes of it once that is durable.
        now_millis: the moment of the transaction.
        new_id: gives new ids, in order.
    """
    written: list[tuple[Command, Answer, Caller]] = []
    for call, result in decided:
        if type(result) is Answered:
            command = call.command
            if isinstance(command, Batch):
                written += [(item, answer, call.caller) for item, answer in _written(command, result)]
            elif result.value.wrote:
                written.append((command, result.value, call.caller))
    if not written:
        return []
    event_ids = some_ids(new_id, len(written))
    return [_event(*one, now_millis, event_id) for one, event_id in zip(written, event_ids, strict=True)]


def events_of_work(
    caller: Caller, effects: Sequence[Effect], now_millis: int, new_id: Callable[[], Id]
) -> list[AuditEvent]:
    """One event for each effect that a piece of work has noted."""
    return [event_of(new_id(), now_millis, caller.principal, caller.origin, effect) for effect in effects]


def _written(batch: Batch, result: Answered) -> Iterator[tuple[Execute, Answer]]:
    if batch.validate_only:
        return
    for item, outcome in zip(batch.items, result.value, strict=True):
        if isinstance(outcome, Answer) and outcome.wrote:
            assert isinstance(item, Execute)
            yield item, outcome


def _event(command: Command, answer: Answer, caller: Caller, now_millis: int, event_id: Id) -> CommandEvent:
    item_count, entity_id = 1, None
    if isinstance(command, OfOperation):
        entity, entity_id = "inventory_operation", command.operation_id
    elif isinstance(command, ExecuteActions):
        entity, item_count = "", len(command.actions)
    else:
        entity, entity_id = "inventory_lot_record", command.record_id
    records, (method, address, trace_id) = answer.records, caller.origin
    return (
        now_millis,
        event_id,
        caller.principal,
        address,
        method,
        trace_id,
        entity,
        entity_id,
        command.request_id or "",
        item_count,
        records[answer.main_index or 0].id if records else None,
    )
