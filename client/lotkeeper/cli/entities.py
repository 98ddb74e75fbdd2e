"""The commands for lots and for each kind of master data: list, get, save, delete."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TextIO

import click
from google.protobuf.message import Message

from lotkeeper._json import from_dict
from lotkeeper.cli import kinds, named_types
from lotkeeper.cli.columns import Column, date, number, quantity, text, word
from lotkeeper.cli.columns import key as key_column
from lotkeeper.cli.holding import hold_traced
from lotkeeper.cli.kinds import Named
from lotkeeper.cli.listed import show_list
from lotkeeper.cli.moments import Moment, OfDay
from lotkeeper.cli.named_types import LotName, Thing, UnitName
from lotkeeper.cli.options import LIMIT, MASK, PREFIX, VERSION, OneOf, fields_of, page_size_of
from lotkeeper.cli.parameter_type import ParamType
from lotkeeper.cli.session import Session
from lotkeeper.cli.showing import FORM, listed, single
from lotkeeper.cli.stock import capacity
from lotkeeper.command_groups import CommandGroup
from lotkeeper.days import day_of, last_milli, rfc3339_of
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot

Decorator = Callable[[Any], Any]
_ID: Final = key_column("ID", "id")
_NAME: Final = text("NAME", "name", rank=0)
_PATH: Final = text("PATH", "path", rank=0)
_BY_MATERIAL: Final = click.option(
    "--material",
    "material_id_or_path",
    type=named_types.MATERIAL,
    is_eager=True,
    help="Of this material, by id or path.",
)
_ENABLED: Final = click.option("--enabled/--disabled", default=None, help="Only those that are enabled, or are not.")


def _by_parent(kind: Named) -> Decorator:
    text = "Directly below this one, by id or path."
    return click.option("--parent", "parent_id_or_path", type=Thing(kind), help=text)


@dataclass(frozen=True)
class Kind:
    """A kind of entity.

    Attributes:
        command: its command.
        one: its singular name in the client's methods.
        many: its plural name there.
        entity: its message.
        key: the key that finds it, in words for people.
        key_type: reads that key, and completes it.
        columns: of its table.
        filters: of its list, with the names of the client's arguments.
        keyed: what else is needed to find it, with the names of the client's arguments.
    """

    command: str
    one: str
    many: str
    entity: type[Message]
    key: str
    key_type: ParamType[Any]
    columns: Sequence[Column]
    filters: Sequence[Decorator]
    keyed: Sequence[Decorator] = ()


_KINDS: Final = (
    Kind(
        "lots",
        "lot",
        "lots",
        InventoryLot,
        "id or name, with --material if several have it",
        LotName("material_id_or_path"),
        (
            key_column("ID", "id", rank=4),  # name and material say which it is
            _NAME,
            text("MATERIAL", "materialPath", rank=2),
            word("STATUS", "status"),
            quantity("ADDED", "totalQuantity"),
            date("EXPIRES", "expirationDate", rank=3),
            text("SUPPLIER'S", "supplierLotName", rank=5),
        ),
        (
            _BY_MATERIAL,
            click.option("--status", type=OneOf(enums_pb2.LotStatus.DESCRIPTOR), default=0, help="With this status."),
            PREFIX,
            click.option(
                "--expiring-before",
                "expiring_before_millis",
                type=Moment(OfDay.AFTER),
                help="Expiring before this time, or by the end of this day.",
            ),
            click.option("--supplier-lot", "supplier_lot_name", help="With this number at their supplier."),
        ),
        (
            click.option(
                "--material", "material_id_or_path", type=named_types.MATERIAL, is_eager=True, help="By id or path."
            ),
        ),
    ),
    Kind(
        "units",
        "unit_of_measure",
        "units_of_measure",
        master_data_pb2.UnitOfMeasure,
        "id, name or symbol",
        UnitName(),
        (_ID, _NAME, text("SYMBOL", "symbol"), word("WHOLE", "wholeOnly", rank=2)),
        (_ENABLED, PREFIX),
    ),
    Kind(
        "conversions",
        "unit_of_measure_conversion",
        "unit_of_measure_conversions",
        master_data_pb2.UnitOfMeasureConversion,
        "id",
        click.STRING,
        (
            _ID,
            text("FROM", "fromUnitSymbol", rank=0),
            text("TO", "toUnitSymbol", rank=0),
            number("FACTOR", "factor", rank=0),
            text("MATERIAL", "materialPath"),
        ),
        (_BY_MATERIAL, _ENABLED),
    ),
    Kind(
        "material-classes",
        "material_class",
        "material_classes",
        master_data_pb2.MaterialClass,
        "id or path",
        named_types.MATERIAL_CLASS,
        (_ID, _PATH),
        (_by_parent(kinds.MATERIAL_CLASS), _ENABLED, PREFIX),
    ),
    Kind(
        "materials",
        "material",
        "materials",
        master_data_pb2.Material,
        "id or path",
        named_types.MATERIAL,
        (_ID, _PATH, text("UNIT", "unitOfMeasureSymbol"), number("DAYS", "shelfLifeDays", rank=2)),
        (
            click.option(
                "--class",
                "material_class_id_or_path",
                type=named_types.MATERIAL_CLASS,
                help="Of this class, by id or path.",
            ),
            _ENABLED,
            PREFIX,
        ),
    ),
    Kind(
        "reason-codes",
        "material_reason_code",
        "material_reason_codes",
        master_data_pb2.MaterialReasonCode,
        "id or code",
        named_types.REASON_CODE,
        (
            _ID,
            text("CODE", "reasonCode", rank=0),
            word("FOR", "lotRecordType"),
            text("DESCRIPTION", "description", rank=2),
        ),
        (_ENABLED, click.option("--code-prefix", "reason_code_prefix", help="Whose code begins with this.")),
    ),
    Kind(
        "locations",
        "location",
        "locations",
        master_data_pb2.Location,
        "id or path",
        named_types.LOCATION,
        (
            _ID,
            _PATH,
            word("STORAGE", "lotStorageStrategy", rank=2),
            word("USE", "lotUseStrategy", rank=2),
            quantity("CAPACITY", "storageCapacity", "storageCapacityUnitSymbol", rank=1),
        ),
        (_by_parent(kinds.LOCATION), _ENABLED, PREFIX),
    ),
    Kind(
        "process-operations",
        "operation",
        "operations",
        master_data_pb2.Operation,
        "id or name",
        Thing(kinds.PROCESS_OPERATION),
        (_ID, _NAME, text("LOCATION", "locationPath"), text("ORDER", "currentProductionOrderName", rank=2)),
        (_ENABLED, PREFIX),
    ),
    Kind(
        "production-orders",
        "production_order",
        "production_orders",
        master_data_pb2.ProductionOrder,
        "id or name",
        named_types.ORDER,
        (
            _ID,
            _NAME,
            text("PRODUCT", "productMaterialPath", rank=2),
            quantity(),
            quantity("PRODUCED", "quantityProduced", rank=1),
            word("STATUS", "status"),
        ),
        (
            click.option("--status", type=OneOf(enums_pb2.Status.DESCRIPTOR), default=0, help="Of this status."),
            _ENABLED,
            PREFIX,
        ),
    ),
)


def _group(kind: Kind) -> click.Group:
    plural = kind.many.replace("_", " ")
    listing = _listing(kind, plural)

    def run(context: click.Context, /) -> None:
        if context.invoked_subcommand is None:
            context.invoke(listing)

    short = f"{plural.capitalize()}: list, get, save, delete."
    group: click.Group = click.group(
        kind.command,
        cls=CommandGroup,
        help=f"{short} Without a command they are listed.",
        short_help=short,
        invoke_without_command=True,
    )(listed(click.pass_context(run)))
    group.add_command(listing)
    group.add_command(_getting(kind))
    group.add_command(_saving(kind))
    group.add_command(_deleting(kind))
    return group


def _listing(kind: Kind, plural: str) -> click.Command:
    def run(session: Session, /, limit: int | None, **filters: Any) -> None:
        read = partial(getattr(session.client, f"list_{kind.many}"), page_size=page_size_of(limit), **filters)
        show_list(session.output, read, kind.columns, limit)

    return _command("list", f"List the {plural} that pass every filter.", run, *kind.filters, LIMIT, listed)


def _getting(kind: Kind) -> click.Command:
    def run(session: Session, /, key: str, **keyed: Any) -> None:
        session.output.one(getattr(session.client, f"get_{kind.one}")(key, **keyed))

    argument = click.argument("key", type=kind.key_type)
    return _command("get", f"Show one, by {kind.key}.", run, argument, *kind.keyed, single)


def _saving(kind: Kind) -> click.Command:
    def run(session: Session, /, file: TextIO, mask: str | None) -> None:
        for values in objects_in(file.read()):
            try:
                entity = from_dict(_with_moments(session, kind.entity, values), kind.entity)
            except ValueError as error:
                raise click.UsageError(f"the file does not fit: {error}") from error
            session.output.one(getattr(session.client, f"save_{kind.one}")(entity, update_mask=fields_of(mask)))

    text = (
        "Create or update the things in FILE ('-' for standard input): JSON objects as `--json` writes them, one after "
        "another. One without an id is created."
    )
    return _command("save", text, run, click.argument("file", type=click.File()), MASK, FORM)


def _with_moments(session: Session, entity: type[Message], values: dict[str, Any]) -> dict[str, Any]:
    """The values with the last millisecond of a day where a day stands in the place of a time."""
    times = {
        name
        for one in entity.DESCRIPTOR.fields
        if one.message_type is not None and one.message_type.full_name == "google.protobuf.Timestamp"
        for name in (one.name, one.json_name)
    }
    days = {name: day for name in times & values.keys() if (day := day_of(str(values[name]))) is not None}
    ends = {name: rfc3339_of(last_milli(day, session.time_zone())) for name, day in days.items()}
    return values | ends


def _deleting(kind: Kind) -> click.Command:
    def run(session: Session, /, key: str, version: int | None, **keyed: Any) -> None:
        getattr(session.client, f"delete_{kind.one}")(key, version=version, **keyed)

    text = f"Delete one that nothing refers to, by {kind.key}."
    return _command("delete", text, run, click.argument("key", type=kind.key_type), *kind.keyed, VERSION)


def _command(name: str, text: str, run: Any, *parameters: Decorator) -> click.Command:
    decorated: Any = click.pass_obj(run)
    for parameter in reversed(parameters):
        decorated = parameter(decorated)
    return click.command(name, help=text)(decorated)


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, one after another."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            values, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise click.UsageError(f"the file is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise click.UsageError("the file holds something other than JSON objects")
        yield values


GROUPS: Final = {kind.command: _group(kind) for kind in _KINDS}
"""The command of each kind, by name."""
GROUPS["locations"].add_command(capacity)
GROUPS["lots"].add_command(hold_traced)
