"""What callers ask for, read from the wire: ids as bytes, names as text, quantities in millionths, times in ms."""

from dataclasses import dataclass

from lotkeeper_server.domain.identifiers import Id
from lotkeeper_server.domain.refusals import Refusal


@dataclass(slots=True)
class Asked:
    """What every command has: who asks, and under which request id.

    `fingerprint` is SHA-256 over the method and its fields by meaning; empty where there is no request id.
    """

    principal: str
    operation_id: Id
    request_id: str | None = None
    fingerprint: bytes = b""
    validate_only: bool = False


@dataclass(slots=True)
class Execute(Asked):
    """Runs an operation to completion, or stops it where it is running. An id comes as bytes, a name as text."""

    primary_lot: Id | str | None = None
    quantity_millionths: int | None = None
    secondary_lot: Id | str | None = None
    material: Id | str | None = None
    inventory_name: str | None = None
    start_millis: int | None = None
    end_millis: int | None = None


@dataclass(slots=True)
class Start(Asked):
    """Sets an operation running."""

    primary_lot: Id | str | None = None
    secondary_lot: Id | str | None = None
    material: Id | str | None = None
    inventory_name: str | None = None
    start_millis: int | None = None


@dataclass(slots=True)
class Stop(Asked):
    """Completes what Start began."""

    quantity_millionths: int | None = None
    inventory_name: str | None = None
    end_millis: int | None = None


@dataclass(slots=True)
class Cancel(Asked):
    """Ends what Start began without moving stock."""


@dataclass(slots=True)
class Batch:
    """Many Execute commands in order, in one transaction; an item that was malformed comes as its refusal."""

    items: list[Execute | Refusal]
    all_or_nothing: bool
    validate_only: bool


Command = Execute | Start | Stop | Cancel
