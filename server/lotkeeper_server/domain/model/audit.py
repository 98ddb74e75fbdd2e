"""What is kept of who did or tried what: events, which never change."""

from collections.abc import Callable
from typing import Final, NamedTuple

from lotkeeper_server.domain.model.enumerations import AuditResult
from lotkeeper_server.domain.model.identifiers import Id

LOCAL: Final = "local"
"""Where a command of `lotkeeper-server` comes from: no address, a user of the machine."""


class Origin(NamedTuple):
    """How something was asked for.

    Attributes:
        method: of the contract, or a command of `lotkeeper-server`.
        address: from where: the caller's address as gRPC writes it, without its port; or `local`.
        trace_id: of the caller's W3C trace context, 16 bytes; None where there is none.
    """

    method: str
    address: str = LOCAL
    trace_id: bytes | None = None


class Effect(NamedTuple):
    """One write of a transaction, as an event tells of it.

    Attributes:
        entity: what kind of thing was written, in snake_case.
        entity_id: which; None where that is not one thing, or it has no id.
        entity_name: its name, for what has no id; empty otherwise.
        request_id: of the call; empty where it had none.
        item_count: how many things were written at once.
        record_id: the record of the call, or the first of several; None for none.
        detail: what else is worth knowing; never a secret.
    """

    entity: str = ""
    entity_id: Id | None = None
    entity_name: str = ""
    request_id: str = ""
    item_count: int = 1
    record_id: Id | None = None
    detail: str = ""


CommandEvent = tuple[int, Id, str, str, str, bytes | None, str, Id | None, str, int, Id | None]
"""A command that wrote something: the first fields of an `AuditEvent`, bare, since there are so many of them."""
COMMAND_FIELDS: Final = 11


class AuditEvent(NamedTuple):
    """Who did or tried what, from where, when, with what result. Its fields are the table's columns, in order.

    Attributes:
        occurred_millis: when, milliseconds since the epoch, UTC; of several denials the first.
        id: of the event.
        principal: who; empty where nobody knows.
        address: from where; as `Origin.address`; empty for several.
        method: as `Origin.method`; empty for several.
        trace_id: as `Origin.trace_id`.
        entity: as in `Effect`, as are the next ones.
        entity_id: which.
        request_id: of the call.
        item_count: how many things were written at once; of a denial 0.
        record_id: the first record that was written.
        entity_name: its name, where it has no id.
        result: of `AuditResult`.
        reason: of a denial; empty otherwise.
        attempt_count: of a denial, how many were alike and are told of together; otherwise 1.
        latest_millis: of several denials, when the last of them was; None otherwise.
        detail: what else is worth knowing.
    """

    occurred_millis: int
    id: Id
    principal: str
    address: str
    method: str
    trace_id: bytes | None = None
    entity: str = ""
    entity_id: Id | None = None
    request_id: str = ""
    item_count: int = 1
    record_id: Id | None = None
    entity_name: str = ""
    result: int = AuditResult.DONE
    reason: str = ""
    attempt_count: int = 1
    latest_millis: int | None = None
    detail: str = ""


DETAIL_CODE_POINTS_MAX: Final = 1_000
"""Of an event's detail; more is cut."""


def event_of(event_id: Id, now_millis: int, principal: str, origin: Origin, effect: Effect) -> AuditEvent:
    """What is kept of a write."""
    return AuditEvent(
        now_millis,
        event_id,
        principal,
        origin.address,
        origin.method,
        origin.trace_id,
        effect.entity,
        effect.entity_id,
        effect.request_id,
        effect.item_count,
        effect.record_id,
        effect.entity_name,
        detail=effect.detail[:DETAIL_CODE_POINTS_MAX],
    )


Told = Callable[[Effect], AuditEvent]
"""Makes an event of what a command of `lotkeeper-server` has done."""
