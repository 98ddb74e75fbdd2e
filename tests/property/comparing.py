"""What the server said beside what the model says, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from google.rpc import error_details_pb2
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from tests.model.lots import status_at
from tests.model.plant import Plant
from tests.model.quantities import text
from tests.model.refusal import ANYTHING, Refusal
from tests.property.served import UUID, ServedSide

CODES = {"INVALID_ARGUMENT": 3, "NOT_FOUND": 5, "ALREADY_EXISTS": 6, "FAILED_PRECONDITION": 9, "OUT_OF_RANGE": 11}
DECIMALS = {"available", "requested", "capacity", "stored"}
DATES = {"start_date", "end_date", "created_date", "modified_date"}
ENUM_PREFIXES = {"LotRecordType": "LOT_RECORD_TYPE_", "LotStatus": "LOT_STATUS_", "Status": "STATUS_"}
CALLER = "tester"


class Comparing:
    """Compares, and learns ids and generated names where it meets them first."""

    def __init__(self, side: ServedSide) -> None:
        self._side = side

    # Records.

    def records(self, plant: Plant, before: Plant, keys: Iterable[str], messages: Iterable[InventoryLotRecord]) -> None:
        """Every field of every record; what a dry run would make has no id."""
        told = [_read(message) for message in messages]
        expected = [self._record(plant, before, key) for key in keys]
        assert len(told) == len(expected), (told, expected)
        for one, other in zip(told, expected, strict=True):
            try:
                self._equal(one, other)
            except AssertionError as error:
                error.add_note(f"of the {one['lot_record_type']} {one['id']}")
                raise

    def _equal(self, told: dict[str, Any], expected: dict[str, Any]) -> None:
        assert set(told) == set(expected)
        for name, value in expected.items():
            self._learn(name, told[name], value)
        known = {name: self._known(name, value) for name, value in expected.items()}
        same(told, known)

    def _learn(self, name: str, told: Any, expected: Any) -> None:
        if not isinstance(expected, str) or not told:
            return
        side = self._side
        if name == "id" or name.endswith("_id"):
            if expected and expected not in side.ids and " " in expected and name != "request_id":
                assert told not in side.ids.values(), (name, told, expected)
                side.ids[expected] = told
        elif expected.startswith("uuid ") and expected not in side.names:
            assert UUID.fullmatch(told), (name, told)
            assert told not in side.names.values()
            side.names[expected] = told

    def _known(self, name: str, value: Any) -> Any:
        if name.endswith("id") and isinstance(value, str):
            return self._side.ids.get(value, value)
        return self._side.names.get(value, value) if isinstance(value, str) else value

    def _record(self, plant: Plant, before: Plant, key: str) -> dict[str, Any]:
        record = plant.records[key]
        lot = plant.lots[record.lot]
        secondary = plant.lots.get(record.secondary or "")
        operation = plant.operations.get(record.operation or "")
        order = plant.orders.get(record.order or "")
        code = plant.reason_codes.get(record.reason_code or "")
        unit = plant.units[record.unit]
        material = plant.materials[lot.material]

        def there(kind: dict[str, Any], wanted: str | None) -> str:
            return wanted if wanted and wanted in kind else ""

        duration = None if record.end is None else (record.end - record.start) // 1000
        return {
            "id": there(before.records, key),
            "lot_record_type": record.type,
            "inventory_lot_id": there(before.lots, lot.key),
            "inventory_lot_name": lot.name,
            "secondary_inventory_lot_id": there(before.lots, record.secondary),
            "secondary_inventory_lot_name": secondary.name if secondary else "",
            "material_id": material.key,
            "material_path": material.path,
            "inventory_operation_id": record.operation or "",
            "inventory_operation_name": operation.name if operation else "",
            "operation_record_id": record.operation_record,
            "production_order_id": record.order or "",
            "production_order_name": order.name if order else "",
            "material_reason_code_id": record.reason_code or "",
            "material_reason_code": code.code if code else "",
            **_place("source", plant, record.source),
            **_place("destination", plant, record.destination),
            "lot_status": record.lot_status,
            "quantity": float(record.quantity),
            "exact_quantity": text(record.quantity),
            "exact_source_quantity_change": text(record.source_change),
            "exact_destination_quantity_change": text(record.destination_change),
            "unit_of_measure_id": unit.key,
            "unit_of_measure_name": unit.symbol,
            "unit_of_measure_symbol": unit.symbol,
            "source_quantity_change": float(record.source_change),
            "destination_quantity_change": float(record.destination_change),
            "inventory_name": record.inventory_name,
            "start_date": record.start,
            "end_date": record.end,
            "duration": duration,
            "status": record.status,
            "reverses_record_id": there(before.records, record.reverses),
            "reversed_by_record_id": there(before.records, record.reversed_by),
            "request_id": record.request_id,
            "enabled": True,
            "notes": record.notes,
            **{f"spare{number}": spare for number, spare in enumerate(record.spares, 1)},
            "created_date": record.created,
            "created_by": CALLER,
            "modified_date": record.modified,
            "modified_by": "" if record.modified is None else CALLER,
            "version": record.version,
        }

    # Refusals.

    def refusal(self, status: Any, expected: Refusal) -> None:
        """Code, reason, metadata and the fields at fault."""
        told = _read_status(status)
        about = f"told {told}, expected {expected}"
        assert (status.code, told.reason, told.domain) == (CODES[expected.code], expected.reason, "lotkeeper"), about
        assert status.message, about
        if expected.fields is not None:
            assert told.fields == expected.fields, about
        if expected.reason == "INSUFFICIENT_INVENTORY" and not expected.metadata:
            return
        fixed = {name: value for name, value in expected.metadata.items() if value != ANYTHING}
        assert set(told.metadata) - (expected.metadata.keys() - fixed.keys()) == set(fixed), about
        for name, value in fixed.items():
            is_same = self._is_same_value if expected.reason == "LOT_DIFFERS" else self._is_same
            assert any(is_same(name, told.metadata[name], one) for one in _any_of(value)), about

    def _is_same_value(self, name: str, told: str, expected: str) -> bool:
        """A lot's date or its supplier's number; empty: none."""
        if name in {"stored", "given"} and "T" in told:
            return round(datetime.fromisoformat(told).timestamp() * 1000) == int(expected)
        return told == self._side.names.get(expected, expected)

    def _is_same(self, name: str, told: str, expected: str) -> bool:
        if name in DECIMALS:
            return Decimal(told) == Decimal(expected)
        if name in {"expiration_date", "at"}:
            return round(datetime.fromisoformat(told).timestamp() * 1000) == int(expected)
        expected = self._side.ids.get(expected, expected)
        if expected.startswith("uuid ") and expected not in self._side.names:  # of a lot that the refusal unmakes
            return UUID.fullmatch(told) is not None
        return told == self._side.names.get(expected, expected)

    # Stock and totals.

    def rows(self, plant: Plant, keys: Iterable[tuple[str, str]], messages: Sequence[Any]) -> None:
        """Rows of inventory, by location and lot."""
        told = {}
        for one in messages:
            arrived = one.arrived_record_id if one.quantity > 0 else ""
            told[one.location_id, one.inventory_lot_id] = (
                one.quantity,
                one.exact_quantity.value,
                one.name,
                one.production_order_id,
                arrived,
                one.unit_of_measure_id,
                one.material_id,
            )
        assert len(told) == len(messages)
        ids = self._side.ids
        expected = {}
        for location, key in keys:
            row, lot = plant.rows[location, key], plant.lots[key]
            arrived = ids[row.arrived_record] if row.quantity > 0 and row.arrived_record else ""
            expected[ids[location], ids[key]] = (
                float(row.quantity),
                text(row.quantity),
                self._side.names.get(row.name, row.name),
                ids[row.order] if row.order else "",
                arrived,
                ids[lot.unit],
                ids[lot.material],
            )
        same(told, expected)

    def lots(self, plant: Plant, messages: Iterable[Any], now: int) -> None:
        """All lots; one whose date has passed shows so."""
        told = {one.id: _lot(one) for one in messages}
        expected = {}
        for lot in plant.lots.values():
            expected[self._side.ids[lot.key]] = (
                self._side.names.get(lot.name, lot.name),
                self._side.ids[lot.material],
                self._side.ids[lot.unit],
                status_at(plant, lot.key, now),
                float(lot.total),
                lot.expiration,
                lot.enabled,
                lot.version,
                lot.supplier,
            )
        same(told, expected)


def same(told: dict[Any, Any], expected: dict[Any, Any]) -> None:
    """Fails with what is apart."""
    nothing = object()
    apart = {
        name: (told.get(name, nothing), expected.get(name, nothing))
        for name in told.keys() | expected.keys()
        if told.get(name, nothing) != expected.get(name, nothing)
    }
    assert not apart, f"told and expected: {apart}"


class ToldRefusal:
    """The details of a google.rpc.Status."""

    def __init__(self, reason: str, domain: str, metadata: dict[str, str], fields: set[str]) -> None:
        self.reason, self.domain, self.metadata, self.fields = reason, domain, metadata, fields

    def __repr__(self) -> str:
        return f"{self.reason} {self.metadata} {sorted(self.fields)}"


def _read_status(status: Any) -> ToldRefusal:
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    fields = {one.field for one in bad_request.field_violations}
    return ToldRefusal(info.reason, info.domain, dict(info.metadata), fields)


def _any_of(value: str | frozenset[str]) -> Iterable[str]:
    return value if isinstance(value, frozenset) else [value]


def _read(message: InventoryLotRecord) -> dict[str, Any]:
    told: dict[str, Any] = {}
    present = {field.name for field, _ in message.ListFields()}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.name in DATES:
            value = value.ToMilliseconds() if field.name in present else None
        elif field.has_presence and field.name not in present:
            value = None
        elif field.name.startswith("exact_"):
            value = value.value
        elif field.enum_type is not None:
            value = field.enum_type.values_by_number[value].name.removeprefix(ENUM_PREFIXES[field.enum_type.name])
        told[field.name] = value
    return told


def _lot(message: Any) -> tuple[Any, ...]:
    return (
        message.name,
        message.material_id,
        message.unit_of_measure_id,
        enums_pb2.LotStatus.Name(message.status).removeprefix("LOT_STATUS_"),
        message.total_quantity,
        message.expiration_date.ToMilliseconds() if message.HasField("expiration_date") else None,
        message.enabled,
        message.version,
        message.supplier_lot_name,
    )


def _place(role: str, plant: Plant, key: str | None) -> dict[str, str]:
    name, path = (plant.locations[key].name, plant.locations[key].path) if key else ("", "")
    return {f"{role}_location_id": key or "", f"{role}_location_name": name, f"{role}_location_path": path}


def quantity_of(told: float) -> Fraction:
    """A double of the server, exact."""
    return Fraction(Decimal(repr(told)))
