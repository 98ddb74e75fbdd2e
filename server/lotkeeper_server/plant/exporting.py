"""A store's plant as one document: things by name, path and code, defaults left out."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Factor, Field, Flag, Moment, Quantity, Whole
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.refusals import InvalidArgument, Refused
from lotkeeper_server.plant.document import Plain
from lotkeeper_server.plant.sections import INVENTORY, NAMED_BY, SECTIONS, field_readers, references, short_names
from lotkeeper_server.plant.writing import Value, document_pieces
from lotkeeper_server.store.db.statements import columns_of, fetch

PIECE_BYTES: Final = 256 * 1024
_TRUE: Final = Plain("true")
_FALSE: Final = Plain("false")
_STOCK: Final = (
    "SELECT location.path, material.path, inventory_lot.name, inventory.quantity, inventory.name FROM inventory "
    "JOIN location ON location.id = inventory.location_id JOIN inventory_lot ON inventory_lot.id = inventory.lot_id "
    "JOIN material ON material.id = inventory_lot.material_id WHERE inventory.quantity > 0"
)

Entry = list[Value]


def export_plant(connection: Connection, document_format: ExportFormat, *, include_lots: bool) -> list[bytes]:
    """The document, in pieces of some hundred kilobytes.

    Args:
        connection: one snapshot.
        document_format: YAML or JSON.
        include_lots: whether lots come with it, and what stock above zero they have.

    Raises:
        Refused: INVALID_ARGUMENT on `include_lots` where the document would be longer than an import takes.
    """
    names = {target: _names(connection, target, columns[0]) for target, columns in NAMED_BY.items()}
    sections = [
        (section, _entries(connection, description, names))
        for section, description in SECTIONS.items()
        if include_lots or description is not d.LOT
    ]
    if include_lots:
        sections.append((INVENTORY, _stock(connection)))
    pieces: list[bytes] = []
    gathered: list[str] = []
    length = total = 0
    for text in document_pieces(sections, document_format):
        gathered.append(text)
        length += len(text)
        if length >= PIECE_BYTES:
            pieces.append("".join(gathered).encode())
            total += len(pieces[-1])
            gathered, length = [], 0
            if total > limits.PLANT_BYTES_MAX:
                fault = f"the document would be longer than {limits.PLANT_BYTES_MAX} bytes, which no import takes"
                raise Refused(InvalidArgument.on("include_lots", fault))
    pieces.append("".join(gathered).encode())
    return pieces


def _names(connection: Connection, target: str, column: str) -> Mapping[Id, str]:
    return {row[0]: row[1] for row in fetch(connection, f"SELECT id, {column} FROM {target}")}  # noqa: S608


def _entries(
    connection: Connection, description: Description, names: Mapping[str, Mapping[Id, str]]
) -> Iterator[Entry]:
    """The entries of one section, in an order that every store gives."""
    columns = columns_of(description.table)
    select = f"SELECT {', '.join(columns)} FROM {description.table.name}"  # noqa: S608 - the schema's own names
    rows = [dict(zip(columns, row, strict=True)) for row in fetch(connection, select)]
    if description is d.LOT:
        _leave_out_units_of_materials(connection, rows)
    writers = _writers(description, names)
    key = partial(_sort_key, description, names)
    for row in sorted(rows, key=key):
        yield [(name, text) for name, write in writers if (text := write(row)) is not None]


def _sort_key(
    description: Description, names: Mapping[str, Mapping[Id, str]], row: Mapping[str, Any]
) -> tuple[str | int, ...]:
    def name(reference: str) -> str:
        one = references(description)[reference]
        return names[one.target].get(row[one.column], "")

    if description is d.UNIT_OF_MEASURE_CONVERSION:
        return name("from_unit"), name("to_unit"), name("material")
    if description is d.INVENTORY_OPERATION:
        return row["name"], row["operation_type"], name("source_location"), name("destination_location")
    if description is d.LOT:
        return name("material"), row["name"]
    assert description.key is not None
    return (row[description.key],)


def _leave_out_units_of_materials(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """A lot's unit is its material's unless something else is said."""
    units = {row[0]: row[1] for row in fetch(connection, "SELECT id, unit_of_measure_id FROM material")}
    for row in rows:
        if row["unit_of_measure_id"] == units[row["material_id"]]:
            row["unit_of_measure_id"] = None


Write = Callable[[Mapping[str, Any]], str | None]


def _writers(description: Description, names: Mapping[str, Mapping[Id, str]]) -> list[tuple[str, Write]]:
    """What each field of an entry says, in the contract's order; None where it says nothing."""
    by_id_field = {one.id_field: one for one in description.references}
    readers = field_readers(description)
    writers: list[tuple[str, Write]] = []
    for proto in description.message.DESCRIPTOR.fields:
        if (reference := by_id_field.get(proto.name)) is not None:
            writers.append((reference.name, partial(_named, names[reference.target], reference.column)))
        elif proto.name == "enabled":
            writers.append((proto.name, _disabled))
        elif (reader := readers.get(proto.name)) is not None and reader.field is not None:
            writers.append((proto.name, partial(_text, description, reader.field)))
    return writers


def _named(names: Mapping[Id, str], column: str, row: Mapping[str, Any]) -> str | None:
    return names.get(row[column])


def _disabled(row: Mapping[str, Any]) -> str | None:
    return None if row["enabled"] else _FALSE


def _text(description: Description, field: Field, row: Mapping[str, Any]) -> str | None:
    value = row[field.column]
    if value is None or (not value and not getattr(field, "optional", False)):
        return None
    match field:
        case Enumerated():
            names = short_names(description, field.name)
            return None if value == field.default else next(name for name, one in names.items() if one == value)
        case Flag():
            return _TRUE
        case Whole():
            return Plain(value)
        case Quantity():
            return Plain(decimal_text(value))
        case Factor():
            return Plain(f"{Decimal(value).normalize():f}")
        case Moment():
            stamp = Timestamp()
            stamp.FromMilliseconds(value)
            return stamp.ToJsonString()
        case _:
            return str(value)


def _stock(connection: Connection) -> Iterator[Entry]:
    for location, material, lot, millionths, name in sorted(fetch(connection, _STOCK), key=lambda row: tuple(row[:3])):
        entry: Entry = [
            ("location", location),
            ("material", material),
            ("lot", lot),
            ("quantity", Plain(decimal_text(millionths))),
        ]
        yield [*entry, ("name", name)] if name else entry
