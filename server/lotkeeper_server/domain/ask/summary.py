"""Summaries of stock: sums in the units of lots become sums in the units of materials, exact and rounded once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from lotkeeper_server.domain.keys import ConversionsKey, DefinitionKey, Key, Missing
from lotkeeper_server.domain.model.conversion import exactly
from lotkeeper_server.domain.model.identifiers import Id, MaterialId, UnitId
from lotkeeper_server.domain.model.quantity import Exact, round_half_even
from lotkeeper_server.domain.working_set import WorkingSet

Group = tuple[tuple[Id, ...], int]


class StockSum(NamedTuple):
    """Stock of a group, of one material, in lots of one unit.

    Attributes:
        key: the ids that the group is of.
        status: that its lots show; 0 where it is not grouped by it.
        material_id: of the lots; None for several materials, each of which has the lots' unit as its own.
        unit_id: theirs.
        millionths: the sum.
        rows: of the inventory.
        lots: in these.
    """

    key: tuple[Id, ...]
    status: int
    material_id: MaterialId | None
    unit_id: UnitId | None
    millionths: int
    rows: int
    lots: int

    @property
    def group(self) -> Group:
        """What tells its group from others."""
        return self.key, self.status


class Unconverted(NamedTuple):
    """Stock in a unit that does not convert to that of its summary, in millionths."""

    unit_id: UnitId | None
    millionths: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The stock of a group.

    Attributes:
        group: which one.
        material_id: of all of it; None where it may be of several.
        unit_id: of the sum.
        millionths: the sum, rounded once; it may pass the largest quantity.
        rows: of the inventory.
        lots: in these.
        not_converted: what is not in the sum.
    """

    group: Group
    material_id: MaterialId | None
    unit_id: UnitId | None
    millionths: int
    rows: int
    lots: int
    not_converted: tuple[Unconverted, ...] = ()

    @property
    def place(self) -> tuple[Group, bytes]:
        """Its place in the order of summaries: by group, then by unit."""
        return self.group, self.unit_id or bytes(16)


@dataclass(slots=True)
class _Total:
    exact: Exact = 0
    rows: int = 0
    lots: int = 0

    def add(self, exact: Exact, rows: int, lots: int) -> None:
        self.exact += exact
        self.rows += rows
        self.lots += lots


def summarize(state: WorkingSet, sums: Sequence[StockSum], *, of_one_material: bool) -> list[Summary]:
    """The summaries of groups.

    A material's stock is summed in its unit; without one in the unit of its lots, of those that convert the one with
    the smallest id. What does not convert stands beside the sum where groups have one material, else it has a summary
    of its unit. Sums of several materials are added up where their units are the same.

    Args:
        state: what is known.
        sums: in the order of groups, each group's together.
        of_one_material: whether groups have one material each.

    Raises:
        Missing: what is not loaded.
    """
    _expect(state, sums)
    summaries: list[Summary] = []
    for group, of_group in groupby(sums, attrgetter("group")):
        totals: dict[UnitId | None, _Total] = {}
        beside: dict[UnitId | None, int] = {}
        material_id: MaterialId | None = None
        for material_id, of_material in groupby(of_group, attrgetter("material_id")):
            for target, one, exact in _in_few_units(state, material_id, list(of_material)):
                if exact is not None:
                    totals.setdefault(target, _Total()).add(exact, one.rows, one.lots)
                elif of_one_material:
                    totals.setdefault(target, _Total()).add(0, one.rows, one.lots)
                    beside[one.unit_id] = beside.get(one.unit_id, 0) + one.millionths
                else:
                    totals.setdefault(one.unit_id, _Total()).add(one.millionths, one.rows, one.lots)
        left = tuple(
            Unconverted(unit, millionths) for unit, millionths in sorted(beside.items(), key=_by_unit) if millionths
        )
        summaries += [
            Summary(
                group,
                material_id if of_one_material else None,
                unit_id,
                round_half_even(total.exact),
                total.rows,
                total.lots,
                left,
            )
            for unit_id, total in sorted(totals.items(), key=_by_unit)
        ]
    return summaries


def _in_few_units(
    state: WorkingSet, material_id: MaterialId | None, sums: Sequence[StockSum]
) -> Iterator[tuple[UnitId | None, StockSum, Exact | None]]:
    """Each sum of a material with the unit that it goes into, and how much it is there; None if it does not convert."""
    if material_id is None:
        yield from ((one.unit_id, one, one.millionths) for one in sums)
        return
    material = state.material(material_id)
    assert material is not None
    if material.unit is not None:
        for one in sums:
            yield material.unit.id, one, _converted(state, material_id, one, material.unit.id)
        return
    targets: list[UnitId] = []
    for one in sorted(sums, key=lambda each: each.unit_id or bytes(16)):
        for target in targets:
            if (exact := _converted(state, material_id, one, target)) is not None:
                yield target, one, exact
                break
        else:
            if one.unit_id is not None:
                targets.append(one.unit_id)
            yield one.unit_id, one, one.millionths


def _converted(state: WorkingSet, material_id: MaterialId, one: StockSum, target: UnitId) -> Exact | None:
    factor = None if one.unit_id is None else state.factor(material_id, one.unit_id, target)
    return None if factor is None else exactly(one.millionths, factor)


def _by_unit(item: tuple[UnitId | None, object]) -> bytes:
    return item[0] or bytes(16)


def _expect(state: WorkingSet, sums: Iterable[StockSum]) -> None:
    """Asks for everything at once."""
    definitions = state.definitions
    units: dict[MaterialId, set[UnitId | None]] = {}
    for one in sums:
        if one.material_id is not None:
            units.setdefault(one.material_id, set()).add(one.unit_id)
    missing: list[Key] = [DefinitionKey("material", one) for one in units if definitions.materials.get(one) is None]
    if missing:
        raise Missing(*missing)
    for material_id, theirs in units.items():
        material = state.material(material_id)
        assert material is not None
        converts = len(theirs | {material.unit.id if material.unit else next(iter(theirs))}) > 1
        if converts and definitions.conversions.get(material_id) is None:
            missing += [ConversionsKey(material_id), ConversionsKey(None)]
    if missing:
        raise Missing(*missing)
