"""The commands that read: operations, lots, inventory, records, permissions, and the plant's master data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import click

from lotkeeper.cli.output import Column, field
from lotkeeper.cli.session import Session
from lotkeeper.inventory.v1 import enums_pb2

LIMIT = click.option("--limit", type=click.IntRange(1), help="At most so many. Default: all.")
LOCATION = click.option("--location", help="By id or path.")
CHILDREN = click.option("--include-children", is_flag=True, help="Also below the location.")
LOT = click.option("--lot", help="By id, or by name with --material.")
MATERIAL = click.option("--material", help="By id or path.")
PREFIX = click.option("--name-prefix", help="Whose name begins so.")
TYPES = click.option(
    "--type", "types", multiple=True, type=click.Choice(enums_pb2.LotRecordType.keys()[1:]), help="May be repeated."
)
_ID: Column = ("ID", field("id"))
_NAME: Column = ("NAME", field("name"))


def _quantity(row: dict[str, Any]) -> str:
    return f"{row['quantity']:.6f}".rstrip("0").rstrip(".") + f" {row['unitOfMeasureSymbol'] or ''}"


@click.group()
def operations() -> None:
    """Inventory operations: the definitions that `execute` runs."""


@operations.command("list")
@LOCATION
@CHILDREN
@click.option("--type", "operation_type", type=click.Choice(enums_pb2.InventoryOperationType.keys()[1:]))
@PREFIX
@LIMIT
@click.pass_obj
def list_operations(
    session: Session,
    /,
    location: str | None,
    include_children: bool,
    operation_type: str | None,
    name_prefix: str | None,
    limit: int | None,
) -> None:
    """List them."""
    number = enums_pb2.InventoryOperationType.Value(operation_type or "INVENTORY_OPERATION_TYPE_UNSPECIFIED")
    found = session.client.list_inventory_operations(
        location_id_or_path=location,
        include_children=include_children,
        operation_type=number,
        name_prefix=name_prefix,
    )
    columns = [
        _ID,
        _NAME,
        ("TYPE", field("operationType")),
        ("STATUS", field("status")),
        ("SOURCE", field("sourceLocationPath")),
        ("DESTINATION", field("destinationLocationPath")),
        ("MATERIAL", field("materialPath")),
    ]
    session.output.many(islice(found, limit), columns)


@operations.command("get")
@click.argument("operation_id")
@click.pass_obj
def get_operation(session: Session, /, operation_id: str) -> None:
    """Show a definition."""
    session.output.one(session.client.get_inventory_operation(operation_id))


@operations.command("status")
@click.argument("operation_id")
@click.pass_obj
def get_status(session: Session, /, operation_id: str) -> None:
    """Show where its run stands."""
    session.output.one(session.client.get_inventory_operation_status(operation_id))


@click.group()
def lots() -> None:
    """Material lots."""


@lots.command("list")
@MATERIAL
@click.option("--status", type=click.Choice(enums_pb2.LotStatus.keys()[1:]))
@PREFIX
@LIMIT
@click.pass_obj
def list_lots(
    session: Session, /, material: str | None, status: str | None, name_prefix: str | None, limit: int | None
) -> None:
    """List them."""
    number = enums_pb2.LotStatus.Value(status or "LOT_STATUS_UNSPECIFIED")
    found = session.client.list_lots(material_id_or_path=material, status=number, name_prefix=name_prefix)
    columns = [
        _ID,
        _NAME,
        ("MATERIAL", field("materialPath")),
        ("STATUS", field("status")),
        ("TOTAL", field("totalQuantity")),
        ("UNIT", field("unitOfMeasureSymbol")),
        ("EXPIRES", field("expirationDate")),
    ]
    session.output.many(islice(found, limit), columns)


@lots.command("get")
@click.argument("lot")
@MATERIAL
@click.pass_obj
def get_lot(session: Session, /, lot: str, material: str | None) -> None:
    """Show a lot, by id, or by name with --material."""
    session.output.one(session.client.get_lot(lot, material_id_or_path=material))


@click.command()
@LOCATION
@CHILDREN
@LOT
@MATERIAL
@click.option("--name", "inventory_name", help="A pallet or LPN code.")
@click.option("--include-empty", is_flag=True, help="Also rows of zero.")
@LIMIT
@click.pass_obj
def inventory(
    session: Session,
    /,
    location: str | None,
    include_children: bool,
    lot: str | None,
    material: str | None,
    inventory_name: str | None,
    include_empty: bool,
    limit: int | None,
) -> None:
    """What is in stock, and where."""
    found = session.client.list_inventory(
        location_id_or_path=location,
        include_children=include_children,
        lot_id_or_name=lot,
        material_id_or_path=material,
        inventory_name=inventory_name,
        include_empty=include_empty,
    )
    columns: Sequence[Column] = [
        ("LOCATION", field("locationPath")),
        ("LOT", field("inventoryLotName")),
        ("QUANTITY", _quantity),
        ("STATUS", field("lotStatus")),
        ("MATERIAL", field("materialPath")),
        ("NAME", field("name")),
        ("ARRIVED", field("arrivedDate")),
    ]
    session.output.many(islice(found, limit), columns)


@click.group()
def records() -> None:
    """Inventory lot records: what was done."""


@records.command("list")
@LOT
@MATERIAL
@LOCATION
@CHILDREN
@click.option("--operation", "inventory_operation_id", help="Of this inventory operation.")
@TYPES
@click.option("--oldest-first", is_flag=True)
@LIMIT
@click.pass_obj
def list_records(
    session: Session,
    /,
    lot: str | None,
    material: str | None,
    location: str | None,
    include_children: bool,
    inventory_operation_id: str | None,
    types: tuple[str, ...],
    oldest_first: bool,
    limit: int | None,
) -> None:
    """List them, newest first."""
    found = session.client.list_inventory_lot_records(
        lot_id_or_name=lot,
        material_id_or_path=material,
        location_id_or_path=location,
        include_children=include_children,
        inventory_operation_id=inventory_operation_id,
        lot_record_types=[enums_pb2.LotRecordType.Value(name) for name in types],
        oldest_first=oldest_first,
    )
    columns: Sequence[Column] = [
        _ID,
        ("TYPE", field("lotRecordType")),
        ("LOT", field("inventoryLotName")),
        ("QUANTITY", _quantity),
        ("SOURCE", field("sourceLocationPath")),
        ("DESTINATION", field("destinationLocationPath")),
        ("INTO/FROM", field("secondaryInventoryLotName")),
        ("STATUS", field("status")),
        ("END", field("endDate")),
    ]
    session.output.many(islice(found, limit), columns)


@records.command("get")
@click.argument("record_id")
@click.pass_obj
def get_record(session: Session, /, record_id: str) -> None:
    """Show a record."""
    session.output.one(session.client.get_inventory_lot_record(record_id))


@click.command()
@click.pass_obj
def permissions(session: Session, /) -> None:
    """Every permission there is, and what the token's roles grant."""
    session.output.one(session.client.list_permissions())


_MASTER_DATA: Sequence[tuple[str, str, Sequence[Column]]] = (
    ("units", "units_of_measure", [_ID, _NAME, ("SYMBOL", field("symbol"))]),
    (
        "conversions",
        "unit_of_measure_conversions",
        [
            _ID,
            ("FROM", field("fromUnitSymbol")),
            ("TO", field("toUnitSymbol")),
            ("FACTOR", field("factor")),
            ("MATERIAL", field("materialPath")),
        ],
    ),
    ("material-classes", "material_classes", [_ID, ("PATH", field("path"))]),
    (
        "materials",
        "materials",
        [_ID, ("PATH", field("path")), ("UNIT", field("unitOfMeasureSymbol")), ("DAYS", field("shelfLifeDays"))],
    ),
    (
        "reason-codes",
        "material_reason_codes",
        [_ID, ("CODE", field("reasonCode")), ("FOR", field("lotRecordType")), ("DESCRIPTION", field("description"))],
    ),
    (
        "locations",
        "locations",
        [
            _ID,
            ("PATH", field("path")),
            ("STORAGE", field("lotStorageStrategy")),
            ("USE", field("lotUseStrategy")),
            ("CAPACITY", field("storageCapacity")),
            ("UNIT", field("storageCapacityUnitSymbol")),
        ],
    ),
    (
        "process-operations",
        "operations",
        [_ID, _NAME, ("LOCATION", field("locationPath")), ("ORDER", field("currentProductionOrderName"))],
    ),
    (
        "production-orders",
        "production_orders",
        [
            _ID,
            _NAME,
            ("PRODUCT", field("productMaterialPath")),
            ("QUANTITY", field("quantity")),
            ("PRODUCED", field("quantityProduced")),
            ("UNIT", field("unitOfMeasureSymbol")),
            ("STATUS", field("status")),
        ],
    ),
)


def master_data_commands() -> list[click.Command]:
    """One command for each kind of master data."""
    return [_master_data_command(name, plural, columns) for name, plural, columns in _MASTER_DATA]


def _master_data_command(name: str, plural: str, columns: Sequence[Column]) -> click.Command:
    @click.command(name, help=f"List the {plural.replace('_', ' ')}.")
    @LIMIT
    @click.pass_obj
    def command(session: Session, /, limit: int | None) -> None:
        found = getattr(session.client, f"list_{plural}")()
        session.output.many(islice(found, limit), columns)

    return command
