"""How a message becomes an object of `lotkeeper.exact`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

_PACKAGE: Final = "lotkeeper.inventory.v1."
_QUANTITIES_WITHOUT_TWIN: Final = {_PACKAGE + "Location.storage_capacity"}
_SPANS: Final = {_PACKAGE + "InventoryLotRecord.duration"}
_ALWAYS_SET: Final = {_PACKAGE + "InventoryLotRecord.quantity"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIONTH: Final = Decimal("0.000001")
Filled = Callable[[Any], Any]


def exact_class_of(message: Any) -> type[Any]:
    """The class that a message has in `lotkeeper.exact`.

    Raises:
        TypeError: where it has none.
    """
    descriptor = getattr(message, "DESCRIPTOR", None)
    found = _class_of(descriptor) if descriptor is not None else None
    if found is None:
        raise TypeError(f"{type(message).__name__} has no class in lotkeeper.exact")
    return found


def made_exact(message: Any, made: type[Any]) -> Any:
    """An object of a class, of a message of its name."""
    return made(**{name: fill(message) for name, fill in _filling(message.DESCRIPTOR)})


def _class_of(descriptor: Any) -> type[Any] | None:
    from lotkeeper import exact  # noqa: PLC0415 - takes 70 ms, and most programs never ask for one

    own = descriptor.full_name == _PACKAGE + descriptor.name
    found: type[Any] | None = getattr(exact, descriptor.name, None) if own else None
    return found


@cache
def _filling(descriptor: Any) -> tuple[tuple[str, Filled], ...]:
    """How each field of a class is filled."""
    by_name = descriptor.fields_by_name
    return tuple(
        (field.name, _filled(field, by_name.get(f"exact_{field.name}")))
        for field in descriptor.fields
        if not field.name.startswith("exact_") or field.name.removeprefix("exact_") not in by_name
    )


def _filled(field: FieldDescriptor, twin: FieldDescriptor | None) -> Filled:
    get, value_of = attrgetter(field.name), _value_of(field)
    if twin is not None:
        return _exact(field, twin)
    if field.is_repeated:
        return lambda message: tuple(map(value_of, get(message)))
    if field.has_presence:
        return lambda message: value_of(get(message)) if message.HasField(field.name) else None
    return lambda message: value_of(get(message))


def _exact(field: FieldDescriptor, twin: FieldDescriptor) -> Filled:
    """The exact text; of servers that are too old to send one, the double."""
    get, get_exact = attrgetter(field.name), attrgetter(twin.name)
    may_be_absent = field.has_presence and field.full_name not in _ALWAYS_SET

    def exactly(message: Any) -> Decimal | None:
        if message.HasField(twin.name):
            return Decimal(get_exact(message).value)
        if may_be_absent and not message.HasField(field.name):
            return None
        return _rounded(get(message))

    return exactly


def _value_of(field: FieldDescriptor) -> Filled:
    if field.full_name in _QUANTITIES_WITHOUT_TWIN:
        return _rounded
    if field.full_name in _SPANS:
        return lambda seconds: timedelta(seconds=seconds)
    if field.message_type is None:
        return lambda value: value
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return _moment
    made = _class_of(field.message_type)
    return (lambda value: value) if made is None else lambda message: made_exact(message, made)


def _moment(stamp: Any) -> datetime:
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1_000)


def _rounded(double: float) -> Decimal:
    """The decimal that a double is the nearest one to: that of its shortest text."""
    return Decimal(repr(double)).quantize(_MILLIONTH)
