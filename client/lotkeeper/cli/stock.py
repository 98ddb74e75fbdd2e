"""The commands for stock: what is in stock, how much room is left, how much it is in another unit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import click

from lotkeeper.cli import named_types, naming
from lotkeeper.cli.columns import Column, amount, date, number, quantity, text, word
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.moments import Moment, Number
from lotkeeper.cli.options import CHILDREN, LIMIT, LOCATION, LOT, MATERIAL, OneOf, page_size_of
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import listed
from lotkeeper.cli.stock_then import COLUMNS_NOT_KEPT, of_then
from lotkeeper.command_groups import CommandGroup
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_service_pb2 import CheckLocationHasCapacityResponse
from lotkeeper.visible_text import visible

_COLUMNS: Final[Sequence[Column]] = (
    text("LOCATION", "locationPath", rank=0),
    text("LOT", "inventoryLotName", rank=0),
    quantity(),
    word("STATUS", "lotStatus"),
    text("MATERIAL", "materialPath", rank=3),
    text("NAME", "name", rank=2),
    date("ARRIVED", "arrivedDate", rank=4),
)


_GROUPS: Final[dict[int, Column]] = {
    enums_pb2.INVENTORY_GROUP_BY_MATERIAL: text("MATERIAL", "materialPath", rank=0),
    enums_pb2.INVENTORY_GROUP_BY_LOT: text("LOT", "inventoryLotName", rank=0),
    enums_pb2.INVENTORY_GROUP_BY_LOCATION: text("LOCATION", "locationPath", rank=0),
    enums_pb2.INVENTORY_GROUP_BY_LOT_STATUS: word("STATUS", "lotStatus", rank=0),
}
_SUMS: Final[Sequence[Column]] = (
    quantity(),
    number("ROWS", "rows"),
    number("LOTS", "lots"),
    Column(
        "NOT CONVERTED", "notConverted", lambda row: ", ".join(str(amount(one)) for one in row["notConverted"]), rank=2
    ),
)


@click.group(cls=CommandGroup, invoke_without_command=True)
@LOCATION
@CHILDREN
@LOT
@MATERIAL
@click.option("--name", "inventory_name", help="A pallet or LPN code.")
@click.option("--include-empty", is_flag=True, help="Also rows of zero.")
@click.option("--as-of", "as_of_millis", type=Moment(), help="The stock then, of a day at its end. Default: now.")
@LIMIT
@listed
@click.pass_context
def inventory(
    context: click.Context,
    /,
    location: str | None,
    include_children: bool,
    lot: str | None,
    material: str | None,
    inventory_name: str | None,
    include_empty: bool,
    as_of_millis: int | None,
    limit: int | None,
) -> None:
    """What is in stock, and where; a subcommand changes the name and order of a row."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    read = partial(
        session.client.list_inventory,
        location_id_or_path=location,
        include_children=include_children,
        lot_id_or_name=lot,
        material_id_or_path=material,
        inventory_name=inventory_name,
        include_empty=include_empty,
        as_of_millis=as_of_millis,
        page_size=page_size_of(limit),
    )
    if as_of_millis is None:
        show_list(session.output, read, _COLUMNS, limit)
    else:
        columns = [column for column in _COLUMNS if column.name not in COLUMNS_NOT_KEPT]
        show_list(session.output, read, columns, limit, of_then)


@inventory.command()
@click.option(
    "--by",
    "group_by",
    multiple=True,
    required=True,
    type=OneOf(enums_pb2.InventoryGroupBy.DESCRIPTOR),
    help="By what it is grouped; may repeat.",
)
@LOCATION
@CHILDREN
@LOT
@MATERIAL
@click.option("--name", "inventory_name", help="A pallet or LPN code.")
@click.option("--include-empty", is_flag=True, help="Also rows of zero.")
@click.option("--as-of", "as_of_millis", type=Moment(), help="The stock then, of a day at its end. Default: now.")
@LIMIT
@listed
@click.pass_obj
def summary(
    session: Session,
    /,
    group_by: Sequence[enums_pb2.InventoryGroupBy.ValueType],
    location: str | None,
    include_children: bool,
    lot: str | None,
    material: str | None,
    inventory_name: str | None,
    include_empty: bool,
    as_of_millis: int | None,
    limit: int | None,
) -> None:
    """How much is in stock in all: sums by material, lot, location or status."""
    if as_of_millis is not None and enums_pb2.INVENTORY_GROUP_BY_LOT_STATUS in group_by:
        raise click.UsageError(
            "the statuses that lots once had are not kept: --as-of goes with every --by but lot_status"
        )
    read = partial(
        session.client.summarize_inventory,
        group_by,
        location_id_or_path=location,
        include_children=include_children,
        lot_id_or_name=lot,
        material_id_or_path=material,
        inventory_name=inventory_name,
        include_empty=include_empty,
        as_of_millis=as_of_millis,
        page_size=page_size_of(limit),
    )
    groups = [_GROUPS[one] for one in dict.fromkeys(group_by)]
    if enums_pb2.INVENTORY_GROUP_BY_LOT in group_by and _GROUPS[enums_pb2.INVENTORY_GROUP_BY_MATERIAL] not in groups:
        groups.append(_GROUPS[enums_pb2.INVENTORY_GROUP_BY_MATERIAL])  # a lot's name is unique within its material
    show_list(session.output, read, [*groups, *_SUMS], limit)


@inventory.command("set-metadata")
@click.argument("lot", type=named_types.LOT_THERE)
@click.argument("location", type=named_types.LOCATION)
@MATERIAL
@click.option("--name", help="A pallet or LPN code; '' clears it.")
@click.option("--production-order", type=named_types.ORDER, help="By id or name; '' clears it.")
@click.pass_obj
def set_metadata(
    session: Session, /, lot: str, location: str, material: str | None, name: str | None, production_order: str | None
) -> None:
    """Change the name and the order of the row of LOT at LOCATION; what is left out stays as it is."""
    session.output.one(
        session.client.set_inventory_metadata(
            lot, location, material_id_or_path=material, name=name, production_order_id_or_name=production_order
        )
    )


@click.command("capacity")
@click.argument("location", type=named_types.LOCATION)
@click.argument("quantity", type=Number())
@click.argument("unit", type=named_types.UNIT)
@MATERIAL
@click.pass_obj
def capacity(session: Session, /, location: str, quantity: str, unit: str, material: str | None) -> None:
    """Say whether LOCATION has room for QUANTITY of UNIT, a symbol or name, and how much room there is."""

    def checked(symbol: str | None) -> CheckLocationHasCapacityResponse:
        return session.client.check_location_has_capacity(
            location, quantity, unit_of_measure_symbol=symbol, material_id_or_path=material
        )

    session.output.one(naming.with_unit(session.client, unit, checked))


@click.command()
@click.argument("quantity", type=Number())
@click.argument("from_unit", metavar="FROM", type=named_types.UNIT)
@click.argument("to_unit", metavar="TO", type=named_types.UNIT)
@MATERIAL
@click.pass_obj
def convert(session: Session, /, quantity: str, from_unit: str, to_unit: str, material: str | None) -> None:
    """Say how much QUANTITY of the unit FROM is in the unit TO, both by symbol or name."""

    def converted_from(start: str | None) -> Decimal:
        return naming.with_unit(session.client, to_unit, partial(converted_to, start))

    def converted_to(start: str | None, end: str | None) -> Decimal:
        return session.client.convert_quantity(
            quantity,
            from_unit_of_measure_symbol=start,
            to_unit_of_measure_symbol=end,
            material_id_or_path=material,
        )

    converted = naming.with_unit(session.client, from_unit, converted_from)
    if session.output.for_people:
        click.echo(f"{converted:f} {visible(to_unit)}")
    else:
        session.output.value({"quantity": float(converted), "exactQuantity": f"{converted:f}"})
