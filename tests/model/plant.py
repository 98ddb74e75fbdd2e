"""What a plant is made of, and what is in it."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar


@dataclass(frozen=True)
class ById:
    """A reference by id; the key of something in the plant, or of nothing ("unknown 1")."""

    key: str


Reference = ById | str
"""An id, or a name or a path."""


@dataclass(frozen=True)
class Unit:
    """A unit of measure; keys are given in the order of creation, and so are ids."""

    key: str
    symbol: str
    enabled: bool = True
    whole: bool = False


@dataclass(frozen=True)
class Conversion:
    """One `source` is `factor` of `target`, for one material or for all."""

    source: str
    target: str
    factor: Fraction
    material: str | None = None
    enabled: bool = True


@dataclass(frozen=True)
class Material:
    """A material."""

    key: str
    path: str
    unit: str | None
    shelf_life_days: int | None = None
    enabled: bool = True


@dataclass(frozen=True)
class ReasonCode:
    """A reason code; without a record type it serves everything."""

    key: str
    code: str
    record_type: str | None = None
    require_comments: bool = False
    enabled: bool = True


@dataclass(frozen=True)
class Order:
    """A production order."""

    key: str
    name: str
    product: str
    unit: str


@dataclass(frozen=True)
class ProcessOperation:
    """A process operation and what it works on now."""

    key: str
    operation_record: str
    order: str | None


@dataclass(frozen=True)
class Location:
    """A location; `parent` is the key of the one above it."""

    key: str
    path: str
    parent: str | None = None
    allow_negative: bool = False
    capacity: Fraction | None = None
    capacity_unit: str | None = None
    storage: str = "ALLOW_MULTIPLE"
    use: str = "FIFO"
    enabled: bool = True

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Operation:
    """The definition that Execute runs."""

    key: str
    name: str
    type: str
    source: str | None = None
    destination: str | None = None
    process_operation: str | None = None
    material_source: str = "STATIC"
    material: str | None = None
    secondary_material: str | None = None
    primary_strategy: str = "AUTO_GENERATE"
    secondary_strategy: str = "AUTO_GENERATE"
    create_lot: bool = False
    name_strategy: str = "STATIC"
    inventory_name: str = ""
    unit_strategy: str = "STATIC"
    unit: str | None = None
    reason_code: str | None = None
    increment: bool = False
    notes: str = ""
    enabled: bool = True


@dataclass
class Lot:
    """A lot as it is now."""

    key: str
    name: str
    material: str
    unit: str
    status: str = "OPEN"
    expiration: int | None = None
    enabled: bool = True
    total: Fraction = Fraction(0)
    closed: int | None = None
    version: int = 1
    supplier: str = ""


@dataclass
class Row:
    """What is at a location of a lot.

    `arrival` counts completions in the order in which they took effect; `latest` is the latest end of those that
    changed or counted it.
    """

    quantity: Fraction = Fraction(0)
    name: str = ""
    order: str | None = None
    arrival: int = 0
    arrived_record: str | None = None
    latest: int | None = None


@dataclass
class Record:
    """A lot record.

    Attributes:
        moved: what was meant of the primary lot, in its unit, also where nothing is kept.
        raised: by how much it raised which lot's total.
        counted: by how much it raised its order's count, in the order's unit.
        dated: of a MERGE that changed its lot's date: what it was and what it became.
        closed_from: of a MERGE that closed the other lot: what status that had.
    """

    key: str
    type: str
    lot: str
    secondary: str | None
    operation: str | None
    operation_record: str
    order: str | None
    reason_code: str | None
    source: str | None
    destination: str | None
    quantity: Fraction
    unit: str
    inventory_name: str
    start: int
    end: int | None
    status: str
    request_id: str
    notes: str
    created: int
    lot_status: str = "OPEN"
    source_change: Fraction = Fraction(0)
    destination_change: Fraction = Fraction(0)
    modified: int | None = None
    version: int = 1
    lot_was_given: bool = True
    spares: tuple[str, str, str] = ("", "", "")
    reverses: str | None = None
    reversed_by: str | None = None
    moved: Fraction = Fraction(0)
    raised: dict[str, Fraction] = field(default_factory=dict)
    counted: Fraction = Fraction(0)
    dated: tuple[int | None, int] | None = None
    closed_from: str = ""

    @property
    def moment(self) -> int:
        """By what it is filtered and ordered."""
        return self.start if self.status == "RUNNING" or self.end is None else self.end


@dataclass
class Run:
    """What an operation does now."""

    status: str = "IDLE"
    record: str | None = None


@dataclass
class Answer:
    """The keys of the records of an answer, in order, and of the main one.

    Attributes:
        indexes: of actions, whose record each is.
    """

    main: str | None
    records: list[str]
    stopped: bool = False
    indexes: list[int] = field(default_factory=list)


@dataclass
class Plant:
    """Everything; definitions are values, state is changed in place."""

    units: dict[str, Unit] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    materials: dict[str, Material] = field(default_factory=dict)
    reason_codes: dict[str, ReasonCode] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    process_operations: dict[str, ProcessOperation] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    counts: dict[str, Fraction] = field(default_factory=dict)
    requests: dict[str, tuple[object, Answer]] = field(default_factory=dict)
    arrivals: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def copied(self) -> Plant:
        """A plant of one's own: state copied, definitions shared, numbers never given twice."""
        return replace(
            self,
            locations=dict(self.locations),
            materials=dict(self.materials),
            operations=dict(self.operations),
            requests=dict(self.requests),
            lots=_each_copied(self.lots),
            rows=_each_copied(self.rows),
            records=_each_copied(self.records),
            runs=_each_copied(self.runs),
            counts=dict(self.counts),
        )

    def row(self, location: str, lot: str) -> Row:
        """The row, made when it is not there."""
        return self.rows.setdefault((location, lot), Row())

    def stock(self, location: str, lot: str) -> Fraction:
        """Stock; a row that is not there counts as zero."""
        row = self.rows.get((location, lot))
        return row.quantity if row else Fraction(0)

    def lots_in_stock(self, location: str) -> list[str]:
        """The lots with stock above zero, in the order in which they came."""
        here = [(row.arrival, lot) for (at, lot), row in self.rows.items() if at == location and row.quantity > 0]
        return [lot for _, lot in sorted(here)]

    def below(self, location: str, *, include_children: bool) -> set[str]:
        """The location, and all below it where they are wanted."""
        found = {location}
        while include_children:
            more = {one.key for one in self.locations.values() if one.parent in found} - found
            if not more:
                break
            found |= more
        return found

    def new_key(self, kind: str) -> str:
        """A key that nothing has."""
        return f"{kind} {next(self.numbers)}"


K = TypeVar("K")
V = TypeVar("V")


def _each_copied(things: dict[K, V]) -> dict[K, V]:
    return {key: copy.copy(thing) for key, thing in things.items()}
