"""Reads a document into entries to apply; finds every fault of shape, with its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.identifiers import Id, parse_id
from lotkeeper_server.domain.model.quantity import QuantityOutOfRange, millionths_of_text
from lotkeeper_server.domain.model.text import name_fault, name_form, path_fault, path_form
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refused
from lotkeeper_server.plant.document import read_tree
from lotkeeper_server.plant.sections import (
    NAMED_BY,
    SECTIONS,
    STOCK_SECTIONS,
    Put,
    Unfit,
    cut,
    field_readers,
    moment_millis,
    number,
    references,
    text,
)
from lotkeeper_server.plant.tree import Tree, Unreadable, let_go

DATA_FIELD = "data"
_STOCK_REFERENCES = {"location": "location", "material": "material"}
STOCK_FIELDS = frozenset({*_STOCK_REFERENCES, "lot", "quantity", "name", "expiration_date", "supplier_lot_name"})
_REQUIRED = {
    d.UNIT_OF_MEASURE_CONVERSION.entity: ("from_unit", "to_unit"),
    d.LOT.entity: ("name", "material"),
    d.MATERIAL_REASON_CODE.entity: ("reason_code",),
}


@dataclass(slots=True)
class Entry:
    """One thing in the document.

    Attributes:
        place: `locations[3]`.
        position: where it stands in the document.
        message: the message of a Save, without references.
        values: the columns that are given.
        given: the names of the fields that are given, as the document has them.
        references: the given text for each reference, by its name; empty for none.
        id: the id for a new thing, if it is given.
    """

    place: str
    position: int
    message: Any
    values: dict[str, Any]
    given: list[str]
    references: dict[str, str]
    id: Id | None = None


@dataclass(slots=True)
class StockEntry:
    """Opening stock of one lot at one location.

    Attributes:
        place: `opening_stock[3]`.
        position: where it stands in the document.
        location: its path.
        material: its path.
        lot: its name; it is made where it is not there.
        millionths: the quantity, in the lot's unit.
        name: of the row of inventory; empty for none.
        expiration_millis: of the lot, where it is given.
        supplier_lot_name: of the lot; empty where it is not given.
    """

    place: str
    position: int
    location: str
    material: str
    lot: str
    millionths: int
    name: str
    expiration_millis: int | None = None
    supplier_lot_name: str = ""


@dataclass(slots=True)
class Plant:
    """A document: its entries by entity."""

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    stock: list[StockEntry] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.stock) + sum(map(len, self.entries.values()))

    def location_paths(self) -> set[str]:
        """The paths of its locations."""
        return self._paths(d.LOCATION)

    def material_paths(self) -> set[str]:
        """The paths of its materials."""
        return self._paths(d.MATERIAL)

    def _paths(self, description: Description) -> set[str]:
        paths = set()
        for entry in self.entries.get(description.entity, []):
            parent = entry.references.get(description.parent or "")
            paths.add(f"{parent}/{entry.message.name}" if parent else str(entry.message.name))
        return paths

    def names_of_whole_units(self) -> set[str]:
        """The names of its units of whole numbers."""
        units = self.entries.get(d.UNIT_OF_MEASURE.entity, [])
        return {str(entry.message.name) for entry in units if entry.values.get("whole_only")}

    def let_go(self) -> None:
        """Gives it up piece by piece: a hundred thousand entries that go at once hold everybody up."""
        breath = Breath()
        lists: list[list[Any]] = [*self.entries.values(), self.stock]
        for entries in lists:
            while entries:
                entries.pop()
                breath()


def read_plant(
    data: bytes | bytearray,
    document_format: ExportFormat,
    breath: Breath | None = None,
    bytes_max: int = limits.PLANT_UNFOLDED_BYTES_MAX,
    zone: tzinfo = UTC,
) -> Plant:
    """Reads a document, without a look at the store.

    Args:
        data: the document.
        document_format: YAML or JSON.
        breath: called often.
        bytes_max: what it may take in memory.
        zone: the plant's, in which a day is meant.

    Raises:
        Refused: INVALID_ARGUMENT with the first faults of shape, each at its place.
        Stopped: once nobody waits any more.
    """
    breath = breath or Breath()
    try:
        tree = read_tree(data, document_format, breath, bytes_max)
    except Unreadable as unreadable:
        raise Refused(InvalidArgument.on(DATA_FIELD, Fault.malformed(str(unreadable)))) from None
    try:
        return _Reading(breath, zone).read(tree)
    finally:
        let_go([tree])


class _TooManyFaults(Exception):
    """What follows in the document is not looked at."""


class _Reading:
    """A document that is being read, and its faults so far."""

    def __init__(self, breath: Breath, zone: tzinfo) -> None:
        self._breath = breath
        self._zone = zone
        self._plant = Plant()
        self._violations: list[FieldViolation] = []
        self._position = 0

    def read(self, tree: Tree) -> Plant:
        if tree is None:
            tree = {}
        if not isinstance(tree, dict):
            self._fault(DATA_FIELD, Fault.malformed("is not a mapping of sections"))
            tree = {}
        try:
            for section, entries in tree.items():
                self._section(section, entries)
        except (_TooManyFaults, Stopped) as ended:
            self._plant.let_go()
            if isinstance(ended, Stopped):
                raise
        if self._violations:
            self._plant.let_go()
            raise Refused(InvalidArgument.of(tuple(self._violations)))
        return self._plant

    def _fault(self, place: str, fault: Fault) -> None:
        """Notes a fault.

        Raises:
            _TooManyFaults: after so many, also within an entry.
        """
        self._violations.append(FieldViolation.of(place, fault))
        if len(self._violations) >= limits.PLANT_FAULTS_MAX:
            raise _TooManyFaults

    def _section(self, section: str, entries: Tree) -> None:
        description = SECTIONS.get(section)
        if description is None and section not in STOCK_SECTIONS:
            known = ", ".join((*SECTIONS, *STOCK_SECTIONS))
            self._fault(cut(section), Fault.unknown(f"is not a section; the sections are {known}"))
            return
        if not isinstance(entries, list):
            if entries is not None:
                self._fault(section, Fault.malformed("is not a list"))
            return
        made = [] if description is None else self._plant.entries.setdefault(description.entity, [])
        entries.reverse()
        for index in range(len(entries)):
            self._breath()
            tree = entries.pop()  # what is read is given up, little by little
            place = f"{section}[{index}]"
            self._position += 1
            if not isinstance(tree, dict):
                self._fault(place, Fault.malformed("is not a mapping of fields"))
            elif description is None:
                self._stock(place, tree)
            else:
                made.append(self._entry(place, description, tree))

    def _entry(self, place: str, description: Description, tree: Mapping[str, Tree]) -> Entry:
        readers, targets = field_readers(description), references(description)
        entry = Entry(place, self._position, description.message(), {}, [], {})
        for name, value in tree.items():
            if (reader := readers.get(name)) is not None:
                is_fit = self._field(entry, name, value, reader.put)
                if reader.field is not None and is_fit:
                    field = reader.field
                    entry.values[field.column] = field.read_from(entry.message, field.names, self._at(place))
            elif (reference := targets.get(name)) is not None:
                entry.references[name] = self._reference(f"{place}.{name}", reference.target, value)
            elif name == "id":
                entry.id = self._id(f"{place}.id", value)
                continue
            else:
                self._fault(f"{place}.{cut(name)}", Fault.unknown(f"is not a field of {description.entity}"))
                continue
            entry.given.append(name)
        for name in _REQUIRED.get(description.entity, ("name",)):
            if tree.get(name) is None:
                self._fault(f"{place}.{name}", Fault.required())
        return entry

    def _at(self, place: str) -> Any:
        return lambda name, fault: self._fault(f"{place}.{name}", fault)

    def _field(self, entry: Entry, name: str, value: Tree, put: Put) -> bool:
        try:
            put(entry.message, value, self._zone)
        except Unfit as unfit:
            self._fault(f"{entry.place}.{name}", unfit.fault)
            return False
        return True

    def _reference(self, place: str, target: str, value: Tree) -> str:
        try:
            named = text(value)
        except Unfit as unfit:
            self._fault(place, unfit.fault)
            return ""
        by_path = "path" in NAMED_BY[target]
        named = path_form(named) if by_path else name_form(named)
        if named and (fault := path_fault(named) if by_path else name_fault(named)):
            self._fault(place, fault)
        return named

    def _id(self, place: str, value: Tree) -> Id | None:
        try:
            identifier = parse_id(text(value))
        except Unfit:
            identifier = None
        if identifier is None:
            self._fault(place, Fault.malformed("is not a ULID"))
        return identifier

    def _stock(self, place: str, tree: Mapping[str, Tree]) -> None:
        for name in tree:
            if name not in STOCK_FIELDS:
                self._fault(f"{place}.{cut(name)}", Fault.unknown("is not a field of opening stock"))
        named = {name: self._reference(f"{place}.{name}", name, tree.get(name)) for name in _STOCK_REFERENCES}
        lot = self._name(f"{place}.lot", tree.get("lot"))
        for name, given in (*named.items(), ("lot", lot)):
            if not given:
                self._fault(f"{place}.{name}", Fault.required())
        entry = StockEntry(
            place,
            self._position,
            named["location"],
            named["material"],
            lot,
            self._quantity(f"{place}.quantity", tree.get("quantity")),
            self._name(f"{place}.name", tree.get("name")),
            self._moment(f"{place}.expiration_date", tree.get("expiration_date")),
            self._name(f"{place}.supplier_lot_name", tree.get("supplier_lot_name")),
        )
        self._plant.stock.append(entry)

    def _moment(self, place: str, value: Tree) -> int | None:
        if value is None:
            return None
        try:
            return moment_millis(value, self._zone)
        except Unfit as unfit:
            self._fault(place, unfit.fault)
            return None

    def _name(self, place: str, value: Tree) -> str:
        try:
            given = text(value)
        except Unfit as unfit:
            self._fault(place, unfit.fault)
            return ""
        given = name_form(given)
        if given and (fault := name_fault(given)):
            self._fault(place, fault)
        return given

    def _quantity(self, place: str, value: Tree) -> int:
        """A quantity; zero is one, but a number that rounds to zero is not."""
        if value is None:
            self._fault(place, Fault.required())
            return 0
        try:
            exact = number(value)
            millionths = millionths_of_text(str(value))
        except Unfit as unfit:
            self._fault(place, unfit.fault)
            return 0
        except QuantityOutOfRange:
            self._fault(
                place, Fault.out_of_range(f"{cut(text(value))} is not a quantity: a number from 0 to below 9.2e12")
            )
            return 0
        if exact and not millionths:
            self._fault(place, Fault.out_of_range(f"{cut(text(value))} rounds to zero"))
        return millionths
