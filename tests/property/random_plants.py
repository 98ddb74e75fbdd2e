"""Plants of every kind, small enough that calls meet."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from tests.model.plant import (
    Conversion,
    Location,
    Lot,
    Material,
    Operation,
    Order,
    Plant,
    ProcessOperation,
    ReasonCode,
    Run,
    Unit,
)
from tests.model.resolving import DAY, HOUR, MAKES_LOTS, RISES, WRITES

T = TypeVar("T")
TYPES = ["PRODUCE", "RECEIVE", "UNCONSUME", "CONSUME", "SHIP", "RETURN", "SCRAP", "SCRAP_ALL", "RECEIVE_AND_CONSUME"]
LOT_NAMES = ["A", "B", "K\u00e4se 1", "01040123456789011012345678"]
"""Also one that can be spelled in several ways, and one of digits, as a scanner reads it."""
SUPPLIERS = ["", "", "S-1", "S\u00fc\u00df 2"]
"""What suppliers call lots."""
DATES = [None, None, None, None, None, 30 * DAY, 20 * DAY, HOUR // 2, -DAY]
"""Expiration dates, from now."""
STORAGES = ["ALLOW_MULTIPLE", "MERGE_INTO_PREVIOUS", "MERGE_INTO_NEW", "ALLOW_SINGLE_OR_THROW", "NO_STORAGE"]
STATUSES = ["OPEN", "AVAILABLE", "QA_HOLD", "EXPIRED", "SHIPPED", "CLOSED"]


@dataclass
class Dice:
    """Chance; the first value of a list is the plain one.

    Attributes:
        below: a number from 0 to below the given one.
    """

    below: Callable[[int], int]

    @classmethod
    def of_seed(cls, seed: int) -> Dice:
        """The same every time, for the same seed."""
        return cls(random.Random(seed).randrange)

    def one_of(self, values: list[T]) -> T:
        """One of the values."""
        return values[self.below(len(values))]

    def seldom(self, one_in: int = 8) -> bool:
        """True in one of so many."""
        return self.below(one_in) == one_in - 1


@dataclass
class Keys:
    """The keys of what a plant is made of, by kind."""

    units: list[str] = field(default_factory=lambda: [f"unit {number}" for number in range(1, 7)])
    materials: list[str] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)


def random_plant(dice: Dice, prefix: str, now: int) -> Plant:
    """A plant whose names begin with the prefix."""
    keys, plant = Keys(), Plant()
    for key, symbol in zip(keys.units, ["kg", "g", "t", "l", "box", "pcs"], strict=True):
        whole = symbol in {"box", "pcs"} and dice.one_of([True, False])
        plant.units[key] = Unit(key, f"{prefix}{symbol}", whole=whole)
    for number in range(dice.one_of([1, 1, 1, 2, 3])):
        _add_material(dice, plant, keys, prefix, number)
    _add_conversions(dice, plant, keys)
    for number in range(3):
        _add_location(dice, plant, keys, prefix, number)
    for number in range(2):
        order = Order(f"order {number}", f"{prefix} order {number}", dice.one_of(keys.materials), keys.units[number])
        plant.orders[order.key], plant.counts[order.key] = order, Fraction(0)
        key = f"process {number}"
        plant.process_operations[key] = ProcessOperation(
            key, dice.one_of(["", "01JPAND53P-BZ61RZHZ-V7C6EEHG"]), dice.one_of([order.key, None])
        )
    kinds = [(None, False), (None, True), ("SCRAP", False), ("PRODUCE", False), ("MERGE", False)]
    for number, (kind, comments) in enumerate(kinds):
        code = ReasonCode(f"code {number}", f"{prefix} code {number}", kind, comments, not dice.seldom(20))
        plant.reason_codes[code.key] = code
    for name in LOT_NAMES:
        _add_lot(dice, plant, keys, name, now)
    for number, kind in enumerate([*TYPES, *(dice.one_of(TYPES) for _ in range(4))]):
        _add_operation(dice, plant, keys, f"{prefix} {kind} {number}", kind)
    return plant


def _add_material(dice: Dice, plant: Plant, keys: Keys, prefix: str, number: int) -> None:
    material = Material(
        f"material {number}",
        f"{prefix} material {number}",
        dice.one_of(["unit 1", "unit 1", "unit 2", "unit 4"]),
        dice.one_of([None, 1, 10, 5_000_000]),
        number == 0 or not dice.seldom(20),
    )
    plant.materials[material.key] = material
    keys.materials.append(material.key)


def _add_conversions(dice: Dice, plant: Plant, keys: Keys) -> None:
    kg, g, t, litre, box, _pieces = keys.units
    material = keys.materials[0]
    for source, target, factor, owner in [
        (kg, g, "1000", None),
        (t, kg, "1000", None),
        (litre, kg, "1.03", None),
        (kg, box, "3", None),
        (box, litre, "7.300001", None),
        (litre, kg, "0.97", material),
        (g, kg, "0.0011", material),
    ]:
        if not dice.seldom():
            plant.conversions.append(Conversion(source, target, Fraction(factor), owner, not dice.seldom()))


def _add_location(dice: Dice, plant: Plant, keys: Keys, prefix: str, number: int) -> None:
    takes_all = number == 0 and not dice.seldom(4)
    capacity = None if takes_all else dice.one_of([None, None, None, Fraction(100), Fraction("10.5"), Fraction(0)])
    parent = dice.one_of([None, None, *keys.locations]) if keys.locations else None
    above = f"{plant.locations[parent].path}/" if parent else ""
    location = Location(
        key=f"location {number}",
        path=f"{above}{prefix} location {number}",
        parent=parent,
        allow_negative=dice.one_of([False, False, True]),
        capacity=capacity,
        capacity_unit=None if capacity is None else dice.one_of(keys.units[:4]),
        storage="ALLOW_MULTIPLE" if takes_all else dice.one_of(["ALLOW_MULTIPLE"] * 2 + STORAGES[:3] + STORAGES),
        use=dice.one_of(["FIFO", "LIFO", "FEFO"]),
        enabled=number == 0 or not dice.seldom(20),
    )
    plant.locations[location.key] = location
    keys.locations.append(location.key)


def _add_lot(dice: Dice, plant: Plant, keys: Keys, name: str, now: int) -> None:
    material = dice.one_of(keys.materials)
    unit = plant.materials[material].unit
    assert unit is not None
    offset = dice.one_of(DATES)
    lot = Lot(
        plant.new_key("lot"),
        name,
        material,
        dice.one_of([unit] * 6 + ["unit 1", "unit 2", "unit 5"]),
        status=dice.one_of(["OPEN"] * 14 + STATUSES),
        expiration=None if offset is None else now + offset,
        enabled=not dice.seldom(20),
        supplier=dice.one_of(SUPPLIERS),
    )
    plant.lots[lot.key] = lot


def _add_operation(dice: Dice, plant: Plant, keys: Keys, name: str, kind: str) -> None:
    rises = kind in RISES
    strategies = ["MANUAL", "AUTO_GENERATE", "EXPRESSION"]
    primary = strategies if kind in MAKES_LOTS else ["FROM_LOCATION", "FROM_LOCATION", *strategies]
    place = dice.one_of([keys.locations[0], *keys.locations])
    other = dice.one_of([None, *keys.locations])
    codes = [
        code.key
        for code in plant.reason_codes.values()
        if code.record_type in {None} | WRITES.get(kind, {kind}) and not code.require_comments
    ]
    operation = Operation(
        key=f"operation {len(plant.operations) + 1}",
        name=name,
        type=kind,
        source=other if rises else place,
        destination=place if rises else other,
        process_operation=dice.one_of([None, *plant.process_operations]),
        material_source=dice.one_of(["STATIC", "MANUAL", "PARENT"]),
        material=None if dice.seldom() else dice.one_of([keys.materials[0], *keys.materials]),
        secondary_material=dice.one_of([None, None, *keys.materials]),
        primary_strategy=dice.one_of(primary),
        secondary_strategy=dice.one_of(["MANUAL", "MANUAL", "AUTO_GENERATE", "EXPRESSION"]),
        create_lot=dice.one_of([True, True, False]),
        name_strategy=dice.one_of(["STATIC", "MANUAL", "AUTO_GENERATE"]),
        inventory_name=dice.one_of(["", "pallet"]),
        unit_strategy=dice.one_of(["STATIC", "STATIC", "FROM_CONTEXT"]),
        unit=dice.one_of([None, None, "unit 1", "unit 2", "unit 3", "unit 5", "unit 6"]),
        reason_code=dice.one_of([None, None, None, *codes, *codes, "code 1"]),
        increment=dice.one_of([False, True]),
        notes=dice.one_of(["", "why"]),
        enabled=not dice.seldom(20),
    )
    plant.operations[operation.key] = operation
    plant.runs[operation.key] = Run()
