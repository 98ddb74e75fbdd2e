"""Answers with decimals and datetimes."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NewType

import pytest
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2
from google.type import decimal_pb2
from lotkeeper import Client, exact, exactly
from lotkeeper.inventory.v1 import (
    access_service_pb2,
    audit_service_pb2,
    enums_pb2,
    inventory_action_pb2,
    inventory_lot_pb2,
    inventory_lot_record_pb2,
    inventory_operation_pb2,
    inventory_operation_service_pb2,
    inventory_pb2,
    inventory_service_pb2,
    master_data_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

MODULES = (
    access_service_pb2,
    audit_service_pb2,
    inventory_lot_pb2,
    inventory_lot_record_pb2,
    inventory_operation_pb2,
    inventory_operation_service_pb2,
    inventory_pb2,
    inventory_service_pb2,
    master_data_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)


def _message_class(name: str) -> type[Any]:
    [found] = [getattr(module, name) for module in MODULES if hasattr(module, name)]
    assert isinstance(found, type)
    return found


def _filled(message_class: type[Any]) -> Any:
    """A message with a value in every field."""
    message = message_class()
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            value: Any = {field.CPPTYPE_STRING: "1.5", field.CPPTYPE_BOOL: True}.get(field.cpp_type, 1)
        elif field.message_type.full_name == "google.type.Decimal":
            value = decimal_pb2.Decimal(value="90000000001.099997")
        elif field.message_type.full_name == "google.protobuf.Timestamp":
            value = Timestamp(seconds=1, nanos=5_000_000)
        elif field.message_type.full_name == "google.rpc.Status":
            value = status_pb2.Status(code=1)
        else:
            value = _filled(GetMessageClass(field.message_type))
        if field.message_type is None and not field.is_repeated:
            setattr(message, field.name, value)
        elif field.is_repeated:
            getattr(message, field.name).append(value)
        elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) is None:
            getattr(message, field.name).CopyFrom(value)
    return message


def _fits(value: Any, declared: Any) -> bool:
    if isinstance(declared, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(declared))
    if typing.get_origin(declared) is tuple:
        return isinstance(value, tuple) and all(_fits(one, typing.get_args(declared)[0]) for one in value)
    if isinstance(declared, NewType):
        return type(value) is int
    return type(value) is declared


class _Enums:
    """The enums of the contract, whose value types exist for type checkers only."""

    def __getattr__(self, name: str) -> Any:
        return types.SimpleNamespace(ValueType=NewType("ValueType", int))


@pytest.mark.parametrize("name", exact.__all__)
def test_every_field_has_the_type_that_its_class_declares(name: str) -> None:
    """Of a message that is full, and of one that is empty."""
    made, message_class = getattr(exact, name), _message_class(name)
    module: dict[str, Any] = vars(inspect.getmodule(made))
    hints = typing.get_type_hints(made, {**module, "enums_pb2": _Enums()})
    for message in (_filled(message_class), message_class()):
        answered = exactly(message)
        assert type(answered) is made
        for field, declared in hints.items():
            assert _fits(getattr(answered, field), declared), (field, getattr(answered, field), declared)


def test_a_record_says_exactly_what_it_says() -> None:
    """Quantities, moments and a duration; everything else is as it was."""
    record = inventory_lot_record_pb2.InventoryLotRecord(
        id="R",
        quantity=0.3,
        exact_quantity=decimal_pb2.Decimal(value="0.3"),
        source_quantity_change=-0.3,
        start_date=Timestamp(seconds=1_772_366_400, nanos=999_000_000),
        duration=90,
        status=enums_pb2.STATUS_COMPLETED,
    )
    answered = exactly(record)
    assert answered.id == "R"
    assert answered.quantity == Decimal("0.3")
    assert answered.source_quantity_change == Decimal("-0.3"), "an old server sends the double only"
    assert answered.start_date == datetime(2026, 3, 1, 12, 0, 0, 999_000, UTC)
    assert answered.end_date is None, "it is unset while RUNNING, and not 1970"
    assert answered.duration == timedelta(seconds=90)
    assert answered.status == enums_pb2.STATUS_COMPLETED
    assert not hasattr(answered, "exact_quantity")
    assert answered == exactly(record)


def test_messages_within_messages_are_exact_too() -> None:
    """Also in lists, and of a oneof the part that is set."""
    written = inventory_operation_service_pb2.ExecuteInventoryOperationResponse(
        inventory_lot_records=[inventory_lot_record_pb2.InventoryLotRecord(quantity=1.5)]
    )
    answered = exactly(inventory_operation_service_pb2.BatchExecuteResult(response=written))
    assert answered.status is None
    assert answered.response is not None
    assert answered.response.inventory_lot_records[0].quantity == Decimal("1.5")


@pytest.mark.parametrize("wrong", [inventory_action_pb2.InventoryAction(), 5, "a text", Timestamp(), None])
def test_what_has_no_exact_class_is_refused(wrong: Any) -> None:
    """By the error of a wrong type."""
    with pytest.raises(TypeError, match=r"has no class in lotkeeper\.exact"):
        exactly(wrong)


def _returned() -> Iterator[str]:
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if not name.startswith("_"):
            yield from re.findall(r"\w+", str(inspect.signature(method).return_annotation))


def test_everything_that_the_client_returns_and_has_quantities_or_moments_can_be_had_exactly() -> None:
    """No method's answer was forgotten."""

    def differs(descriptor: Any) -> bool:
        return any(
            field.message_type is not None
            and (
                field.message_type.full_name in ("google.type.Decimal", "google.protobuf.Timestamp")
                or (field.message_type.full_name.startswith("lotkeeper.") and differs(field.message_type))
            )
            for field in descriptor.fields
        )

    messages = {name for name in _returned() if any(hasattr(module, name) for module in MODULES)}
    differing = {name for name in messages if differs(_message_class(name).DESCRIPTOR)}
    assert differing
    assert differing <= set(exact.__all__)
