# Made from the contract by `python client/exact_classes.py`; change that file instead.
"""AuditEvent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lotkeeper.inventory.v1 import enums_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that was done, or that somebody was not let do. Each write is one event: an execution, also each of
    a batch; a call with several actions; a save, a delete; an import, as a whole; a command of lotkeeper-server
    that changes the store.
    """

    id: str
    """ULID of the event."""
    occurred_date: datetime | None
    """When; of several denials that are told of together, the first of them."""
    principal: str
    """Who. Of a command of lotkeeper-server the user of the operating system; empty where nobody knows, as of a
    token that does not exist.
    """
    address: str
    """From where: the caller's address as gRPC writes it, without its port, such as ipv4:10.0.0.1; 'local' for a
    command of lotkeeper-server. Empty where denials of several are told of together.
    """
    method: str
    """What was called, without its service's name; of lotkeeper-server its command, such as 'lotkeeper-server role
    create'. Empty where denials of several are told of together.
    """
    result: enums_pb2.AuditResult.ValueType
    """What came of it."""
    reason: str
    """Of a denial: the permission that was missing, or why the credential was refused: NO_TOKEN, UNKNOWN, REVOKED,
    EXPIRED.
    """
    entity: str
    """The kind of what was written; empty where that is not one thing."""
    entity_id: str
    """Its ULID; empty where it has none."""
    entity_name: str
    """Its name, where it has no id: a role's, or a token's principal."""
    request_id: str
    """The request id of the call; empty: it had none."""
    item_count: int
    """How many things were written at once: actions, lots held, entries of an import. 0 for a denial."""
    inventory_lot_record_id: str
    """ULID of the first record that was written; empty: none."""
    trace_id: str
    """The trace that the call belongs to, by its W3C traceparent: 32 hexadecimal digits; empty: none."""
    attempt_count: int
    """How many denials that are alike this one stands for. 1 otherwise."""
    latest_date: datetime | None
    """When the last of several denials was; unset where there is one."""
    detail: str
    """What else is worth knowing, for people: '12 created, 3 updated', 'grants INVENTORY.READ'."""
