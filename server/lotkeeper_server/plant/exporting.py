"""Writes a store's plant as one document: things by name, path and code, without defaults."""

import threading
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Enumerated, Factor, Field, Flag, Moment, Quantity, Whole
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Cancelled, Fault, InvalidArgument, Refused
from lotkeeper_server.plant.sections import INVENTORY, NAMED_BY, SECTIONS, field_readers, references, short_names
from lotkeeper_server.plant.tree import Plain
from lotkeeper_server.plant.writing import Value, document_pieces
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import all_rows, column_by_id
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.stock import stock_above_zero
from lotkeeper_server.store.entities.within import limited_by, within

PIECE_BYTES: Final = 256 * 1024
_TRUE: Final = Plain("true")
_FALSE: Final = Plain("false")

Entry = list[Value]


def export_plant(
    snapshot: Snapshot,
    document_format: ExportFormat,
    stopped: threading.Event,
    *,
    include_lots: bool,
    stock_scope: Scope | None = None,
) -> list[bytes]:
    """The document, in pieces of some hundred kilobytes, without what lies where the snapshot's caller may not look.

    Args:
        snapshot: what is written is of one moment.
        document_format: YAML or JSON.
        stopped: set once nobody waits any more.
        include_lots: whether to include lots, and their stock above zero.
        stock_scope: where the caller may also read stock; None for everywhere.

    Raises:
        Refused: CANCELLED once nobody waits any more; INVALID_ARGUMENT on `include_lots` where the document would be
            longer than an import accepts.
    """
    names = {target: column_by_id(snapshot, target, columns[0]) for target, columns in NAMED_BY.items()}
    sections = [
        (section, _entries(snapshot, description, names))
        for section, description in SECTIONS.items()
        if include_lots or description is not d.LOT
    ]
    if include_lots:
        sections.append((INVENTORY, _stock(snapshot, stock_scope)))
    pieces: list[bytes] = []
    gathered: list[str] = []
    length = total = 0
    for text in document_pieces(sections, document_format):
        gathered.append(text)
        length += len(text)
        if length >= PIECE_BYTES:
            if stopped.is_set():
                raise Refused(Cancelled())
            pieces.append("".join(gathered).encode())
            total += len(pieces[-1])
            gathered, length = [], 0
            if total > limits.PLANT_BYTES_MAX:
                fault = f"the document would be longer than {limits.PLANT_BYTES_MAX} bytes, too long for an import"
                raise Refused(InvalidArgument.on("include_lots", Fault.too_long(fault)))
    pieces.append("".join(gathered).encode())
    return pieces


def _entries(snapshot: Snapshot, description: Description, names: Mapping[str, Mapping[Id, str]]) -> Iterator[Entry]:
    """The entries of one section, in the same order from every store."""
    rows = all_rows(snapshot, description.table)
    if (seen := within(snapshot)) is not None:
        rows = seen.rows(snapshot, description.table.name, rows)
    if description is d.LOT:
        _leave_out_units_of_materials(snapshot, rows)
    writers = _writers(description, names)
    key = partial(_sort_key, description, names)
    for row in sorted(rows, key=key):
        yield [(name, text) for name, write in writers if (text := write(row)) is not None]


def _sort_key(description: Description, names: Mapping[str, Mapping[Id, str]], row: EntityRow) -> tuple[str | int, ...]:
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


def _leave_out_units_of_materials(snapshot: Snapshot, rows: list[EntityRow]) -> None:
    """A lot's unit is its material's unless it is given."""
    units = column_by_id(snapshot, "material", "unit_of_measure_id")
    for row in rows:
        if row["unit_of_measure_id"] == units[row["material_id"]]:
            row["unit_of_measure_id"] = None


Write = Callable[[EntityRow], str | None]


def _writers(description: Description, names: Mapping[str, Mapping[Id, str]]) -> list[tuple[str, Write]]:
    """The value of each field of an entry, in the contract's order; None for an empty one."""
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


def _named(names: Mapping[Id, str], column: str, row: EntityRow) -> str | None:
    return names.get(row[column])


def _disabled(row: EntityRow) -> str | None:
    return None if row["enabled"] else _FALSE


def _text(description: Description, field: Field, row: EntityRow) -> str | None:
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


def _stock(snapshot: Snapshot, scope: Scope | None) -> Iterator[Entry]:
    limits = [one for one in (within(snapshot), None if scope is None else limited_by(snapshot, scope)) if one]
    for one in stock_above_zero(snapshot):
        if not all(limit.has_path(one.location_path) for limit in limits):
            continue
        entry: Entry = [
            ("location", one.location_path),
            ("material", one.material_path),
            ("lot", one.lot_name),
            ("quantity", Plain(decimal_text(one.millionths))),
        ]
        yield [*entry, ("name", one.name)] if one.name else entry
