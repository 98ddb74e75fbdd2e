"""One command, or one batch, decided on the working set: an answer and its changes, or a refusal without any."""

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.apply.movement import apply, main_index
from lotkeeper_server.domain.apply.records import check_count
from lotkeeper_server.domain.changes import KeptRequest
from lotkeeper_server.domain.commands import (
    Annotate,
    Batch,
    Cancel,
    Command,
    Execute,
    ExecuteActions,
    Reverse,
    Start,
    Stop,
)
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.decide import reversing, running
from lotkeeper_server.domain.decide.answer_weight import RECORDS_ALWAYS_LIGHT, weight_bytes
from lotkeeper_server.domain.keys import Key, Missing, RequestKey
from lotkeeper_server.domain.model.enumerations import Status
from lotkeeper_server.domain.model.identifiers import LotId
from lotkeeper_server.domain.model.stock import Answer, OperationRun, Record
from lotkeeper_server.domain.refusals import Refusal, Refused, RequestIdReused, TooManyRecords
from lotkeeper_server.domain.resolve import within
from lotkeeper_server.domain.resolve.operation import intent_of_operation
from lotkeeper_server.domain.resolve.requested_action import intent_of_action
from lotkeeper_server.domain.resolve.steps import resolve
from lotkeeper_server.domain.working_set import WorkingSet

Outcome = Answer | Refusal


def decide(state: WorkingSet, command: Command, context: Context, *, keeps_request: bool = True) -> Outcome:
    """Decides one command; a refusal and a dry run leave nothing behind.

    Args:
        state: the present state; it holds the changes afterwards.
        command: what is asked for.
        context: the time, and where new ids come from.
        keeps_request: whether the request id is looked up and kept; a dry run does neither.

    Raises:
        Refused: for one of many actions with its index.
        Missing: for what is not loaded yet; nothing is left behind either.
    """
    savepoint = state.savepoint()
    try:
        answer = _answered(state, command, context, keeps_request and not command.validate_only)
    except Refused as refused:
        state.roll_back(savepoint)
        if refused.index is not None:
            raise
        return refused.refusal
    except BaseException:
        state.roll_back(savepoint)
        raise
    if command.validate_only:
        answer.unborn = state.new_ids(savepoint)
        state.roll_back(savepoint)
    else:
        answer.wrote = state.savepoint() > savepoint
    return answer


def decide_batch(state: WorkingSet, batch: Batch, context: Context) -> list[Outcome]:
    """Decides the items in order, each seeing the effects of those before it.

    Raises:
        Refused: for an `all_or_nothing` batch the first refusal, with its index.
        Missing: for what any of its items needs that is not loaded yet.
    """
    savepoint = state.savepoint()
    try:
        outcomes = _decided_items(state, batch, context)
    except BaseException:
        state.roll_back(savepoint)
        raise
    if batch.validate_only:
        unborn = state.new_ids(savepoint)
        for outcome in outcomes:
            if isinstance(outcome, Answer):
                outcome.unborn = unborn
        state.roll_back(savepoint)
    return outcomes


def _decided_items(state: WorkingSet, batch: Batch, context: Context) -> list[Outcome]:
    outcomes: list[Outcome] = []
    missing: list[Key] = []
    records = weight = 0
    for index, item in enumerate(batch.items):
        savepoint = state.savepoint()
        try:
            outcome = (
                item
                if isinstance(item, Refusal)
                else decide(state, item, context, keeps_request=not batch.validate_only)
            )
        except Missing as more:
            missing.extend(more.keys)
            continue
        if isinstance(outcome, Answer):
            item_records, item_weight = state.new_record_count(savepoint), weight_bytes(outcome)
            limit = _limit_passed(records, item_records, weight + item_weight)
            if limit is None:
                records, weight = records + item_records, weight + item_weight
            else:
                state.roll_back(savepoint)
                outcome = TooManyRecords(count=records + item_records, limit=limit)
                if batch.all_or_nothing and not missing:
                    raise Refused(outcome)
        elif batch.all_or_nothing and not missing:
            raise Refused(outcome, index)
        else:
            weight += limits.REFUSAL_OF_ITEM_BYTES_MAX
        outcomes.append(outcome)
    if missing:
        raise Missing(*missing)
    return outcomes


def _limit_passed(records: int, more: int, weight: int) -> int | None:
    """The number of records that fit if `more` do not: by their count, or by the size of the answer."""
    if records + more > limits.RECORDS_PER_BATCH_MAX:
        return limits.RECORDS_PER_BATCH_MAX
    return records if weight > limits.ANSWER_BYTES_MAX else None


def _answered(state: WorkingSet, command: Command, context: Context, keeps_request: bool) -> Answer:
    """Takes step 3, then decides the command; a request id that takes effect is kept with its answer."""
    key = RequestKey(command.principal, command.request_id) if command.request_id and keeps_request else None
    if key is not None:
        kept = state.request(*key)
        if kept is not None and kept.created_millis > context.now_millis - context.request_id_kept_millis:
            return _repeated(state, command, kept)
    answer = _done(state, command, context)
    _check_weight(answer)
    if key is not None:
        record_ids = tuple(record.id for record in answer.records)
        kept = KeptRequest(
            command.fingerprint,
            context.now_millis,
            record_ids,
            answer.main_index,
            answer.stopped_running_operation,
            answer.action_indexes,
        )
        state.put_request(key, kept)
    return answer


def _repeated(state: WorkingSet, command: Command, kept: KeptRequest) -> Answer:
    """Step 3: gives the same request the same records again, as they are now."""
    if kept.fingerprint != command.fingerprint:
        assert command.request_id is not None
        raise Refused(RequestIdReused(request_id=command.request_id).at("request_id"))
    state.records_known(kept.record_ids)
    records = [state.record(record_id) for record_id in kept.record_ids]
    there = [record for record in records if record is not None]
    assert len(there) == len(records)
    _check_repeated(state, command, there, kept.action_indexes)
    answer = Answer(there, kept.main_index, kept.stopped_running_operation, kept.action_indexes, is_repeat=True)
    _check_weight(answer)  # notes may have grown since
    return answer


def _check_repeated(
    state: WorkingSet, command: Command, records: list[Record], action_indexes: tuple[int, ...]
) -> None:
    """What was answered to somebody who may there no more is not told again."""
    if isinstance(command, ExecuteActions):
        if all(action.scope is None for action in command.actions):
            return
        scopes = [command.actions[index].scope for index in action_indexes]
    else:
        scopes = [command.scope] * len(records)
    for record, scope in zip(records, scopes, strict=True):
        if scope is not None:
            within.check_record(state, scope, record)


def _done(state: WorkingSet, command: Command, context: Context) -> Answer:
    match command:
        case Execute():
            return execute(state, command, context)
        case Start():
            return running.start(state, command, context)
        case Stop():
            return running.stop(state, command, context)
        case Cancel():
            return running.cancel(state, command, context)
        case ExecuteActions():
            return execute_actions(state, command, context)
        case Reverse():
            return reversing.reverse(state, command, context)
        case Annotate():
            return reversing.annotate(state, command, context)


def execute(state: WorkingSet, command: Execute, context: Context) -> Answer:
    """Steps 4 to 16: resolves the operation into an action and applies it; stops the operation instead if it runs."""
    operation, run = running.found_operation(state, command.operation_id, command.scope)
    if run.status is Status.RUNNING:
        stopped = running.stop(
            state,
            Stop(
                principal=command.principal,
                operation_id=command.operation_id,
                request_id=command.request_id,
                quantity_millionths=command.quantity_millionths,
                inventory_name=command.inventory_name,
                end_millis=command.end_millis,
                scope=command.scope,
            ),
            context,
        )
        stopped.stopped_running_operation = True
        return stopped
    running.check_enabled(operation)
    action = resolve(state, intent_of_operation(operation, command), context)
    records = apply(state, action, context)
    state.put_run(operation.id, OperationRun(Status.COMPLETED))
    return Answer(records, main_index(action, records))


def execute_actions(state: WorkingSet, command: ExecuteActions, context: Context) -> Answer:
    """Resolves and applies each action in order; what several of them miss is requested together.

    Raises:
        Refused: the first refusal, with the action's index; TOO_MANY_RECORDS has none.
        Missing: for what any of them needs that is not loaded yet.
    """
    records: list[Record] = []
    indexes: list[int] = []
    missing: list[Key] = []
    versioned: set[LotId] = set()
    for index, requested in enumerate(command.actions):
        savepoint = state.savepoint()
        try:
            if requested.scope is not None:
                within.check_requested(state, requested.scope, requested)
            action = resolve(state, intent_of_action(requested, command, versioned), context)
            if requested.scope is not None:
                within.check_resolved(state, requested.scope, action)
            written = apply(state, action, context)
            check_count(len(records) + len(written))
        except Missing as more:
            missing.extend(more.keys)
        except Refused as refused:
            if not missing:  # else it may fail only because an earlier action has not been applied
                many = isinstance(refused.refusal, TooManyRecords)
                raise Refused(refused.refusal, None if many else index) from None
        else:
            records += written
            indexes += [index] * len(written)
            continue
        state.roll_back(savepoint)
    if missing:
        raise Missing(*missing)
    return Answer(records, None, action_indexes=tuple(indexes))


def _check_weight(answer: Answer) -> None:
    """Refuses an answer that gRPC could not carry, before anything is committed."""
    count = len(answer.records)
    if count <= RECORDS_ALWAYS_LIGHT:
        return
    weight = weight_bytes(answer)
    if weight > limits.ANSWER_BYTES_MAX:
        raise Refused(TooManyRecords(count=count, limit=count * limits.ANSWER_BYTES_MAX // weight))
