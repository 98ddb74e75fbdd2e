"""Things that come whole, on the pure domain: one test a rule."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper_server.domain.model.definitions import Conversions, Material, Unit
from lotkeeper_server.domain.model.enumerations import (
    InventoryOperationType,
    LotResolutionStrategy,
    LotStatus,
    LotStorageStrategy,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.quantity import is_whole
from lotkeeper_server.domain.model.stock import Answer
from lotkeeper_server.domain.refusals import (
    InsufficientInventory,
    InvalidArgument,
    LocationHoldsAnotherLot,
    LotStatusForbids,
    UnitNotConvertible,
)

from tests.plant import NOW_TEXT, Plant, millionths, told

T = InventoryOperationType


class Eggs(Plant):
    """Eggs, kept by the dozen or one by one; they come in pieces, which are whole, and weigh 60 g each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pcs, self.dozen = self.unit("pcs", whole_only=True), self.unit("dz")
        self.egg = self.material("Egg", self.pcs)
        self.cache.conversions[self.egg.id] = Conversions(
            {(self.dozen.id, self.pcs.id): Decimal(12), (self.pcs.id, self.g.id): Decimal(60)}
        )

    def eggs(self, name: str, stock: str | None, unit: Unit, **more: Any) -> Any:
        """A lot of eggs."""
        return self.lot(name, stock=stock, material_id=self.egg.id, unit_id=unit.id, **more)

    def do(self, kind: str, lot: Any = None, quantity: str | None = None, **more: Any) -> Any:
        """An action on eggs, by the piece unless it says otherwise."""
        return self.act(kind, lot, quantity, **({"material": self.egg, "unit_symbol": "pcs"} | more))


@pytest.fixture
def plant() -> Eggs:
    return Eggs()


def refused_on_quantity(outcome: Any) -> bool:
    """INVALID_ARGUMENT on the quantity."""
    return isinstance(outcome, InvalidArgument) and [one.field for one in outcome.violations] == ["quantity"]


def of(plant: Eggs, kind: T, **changes: Any) -> Any:
    """An operation for eggs in pieces."""
    unit = {"unit_of_measure_resolution_strategy": UnitOfMeasureResolutionStrategy.STATIC, "unit_id": plant.pcs.id}
    return plant.operation(kind, material_id=plant.egg.id, **(unit | changes))


# What is asked for in such a unit.


@pytest.mark.parametrize(
    "kind",
    [
        "CONSUME",
        "SHIP",
        "RETURN",
        "SCRAP",
        "PRODUCE",
        "UNCONSUME",
        "RECEIVE",
        "RECEIVE_AND_CONSUME",
        "MOVE",
        "SPLIT",
        "EDIT",
    ],
)
@pytest.mark.parametrize("kept_in", ["pcs", "dz"])
def test_what_comes_whole_is_asked_for_in_whole_numbers(plant: Eggs, kind: str, kept_in: str) -> None:
    """2.5 eggs are refused, whatever the lot is kept in; 2 are not."""
    unit = plant.pcs if kept_in == "pcs" else plant.dozen
    plant.eggs("L", "12" if kept_in == "pcs" else "1", unit)
    more: dict[str, Any] = {"destination": plant.location("Box")} if kind == "MOVE" else {}
    more |= {"new_lot_name": "S"} if kind == "SPLIT" else {}
    refused = plant.do(kind, "L", "2.5", **more)
    assert refused_on_quantity(refused)
    assert refused.violations[0].description == "2.5 is not a whole number of pcs"
    assert isinstance(plant.do(kind, "L", "2", **more), Answer)


def test_execute_and_stop_ask_for_whole_numbers_too(plant: Eggs) -> None:
    """What was started goes on running."""
    plant.eggs("L", "12", plant.pcs)
    consume = of(plant, T.CONSUME)
    assert refused_on_quantity(plant.execute(consume, "L", "2.5"))
    plant.start(consume, "L")
    assert refused_on_quantity(plant.stop(consume, "2.5"))
    assert told(plant.stop(consume, "2")) == [("CONSUME", "L", "2", "-2")]


def test_a_whole_number_is_asked_for_after_the_lots_state_and_before_the_conversion(plant: Eggs) -> None:
    """Step 12 in its order."""
    plant.eggs("held", "12", plant.pcs, status=LotStatus.QA_HOLD)
    assert isinstance(plant.do("CONSUME", "held", "2.5"), LotStatusForbids)
    litre = plant.unit("L")
    plant.eggs("wet", "12", litre)
    assert refused_on_quantity(plant.do("CONSUME", "wet", "2.5"))
    assert isinstance(plant.do("CONSUME", "wet", "2"), UnitNotConvertible)


def test_of_a_pick_a_whole_number_is_asked_for_before_any_lot(plant: Eggs) -> None:
    """Also where there is none, and where a Start has fixed one that is held by now."""
    assert refused_on_quantity(plant.do("CONSUME", None, "2.5"))
    assert isinstance(plant.do("CONSUME", None, "2"), InsufficientInventory)
    lot = plant.eggs("L", "12", plant.pcs)
    consume = of(plant, T.CONSUME, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)
    plant.start(consume)
    plant.act("STATUS_CHANGE", lot, material=plant.egg, lot_status=LotStatus.QA_HOLD)
    assert refused_on_quantity(plant.stop(consume, "2.5"))
    assert isinstance(plant.stop(consume, "2"), LotStatusForbids)


def test_scrap_all_has_no_quantity_to_look_at(plant: Eggs) -> None:
    """What is given counts for nothing."""
    plant.eggs("L", "12", plant.pcs)
    scrap = of(plant, T.SCRAP_ALL)
    assert told(plant.execute(scrap, None, "2.5")) == [("SCRAP", "L", "12", "-12")]


# A lot that is kept in such a unit.


@pytest.mark.parametrize("kind", ["CONSUME", "RECEIVE", "RECEIVE_AND_CONSUME", "MOVE", "SPLIT", "EDIT"])
def test_a_lot_kept_in_whole_numbers_moves_in_whole_numbers(plant: Eggs, kind: str) -> None:
    """Whatever it is asked in: a quarter of a dozen is three, an eighth is none; 60 g are one, 70 are none."""
    plant.eggs("L", "12", plant.pcs)
    more: dict[str, Any] = {"destination": plant.location("Box")} if kind == "MOVE" else {}
    more |= {"new_lot_name": "S"} if kind == "SPLIT" else {}
    refused = plant.do(kind, "L", "0.125", unit_symbol="dz", **more)
    assert refused_on_quantity(refused)
    text = "0.125 dz, 1.5 pcs, is not a whole number in the unit of lot L"
    assert refused.violations[0].description == text
    assert refused_on_quantity(plant.do(kind, "L", "70", unit_symbol="g", **more))
    assert isinstance(plant.do(kind, "L", "60", unit_symbol="g", **more), Answer)
    if kind != "SPLIT":
        assert isinstance(plant.do(kind, "L", "0.25", unit_symbol="dz", **more), Answer)
    assert all(is_whole(row.millionths) for row in plant.rows.values())


def test_what_counts_is_the_converted_quantity_as_it_is_stored(plant: Eggs) -> None:
    """Rounded to six decimals: a factor that is a little off makes no broken egg."""
    box = plant.unit("box")
    plant.cache.conversions[plant.egg.id].factors[box.id, plant.pcs.id] = Decimal("5.9999999")
    plant.eggs("L", "12", plant.pcs)
    assert told(plant.do("CONSUME", "L", "1", unit_symbol="box")) == [("CONSUME", "L", "1", "-6")]


def test_a_pick_of_a_part_of_such_a_lot_takes_a_whole_number_or_nothing_at_all(plant: Eggs) -> None:
    """A lot that gives all gives what it has; the one that gives a part must give it whole."""
    plant.eggs("A", "2", plant.pcs)
    plant.eggs("B", "5", plant.pcs)
    assert refused_on_quantity(plant.do("CONSUME", None, "150", unit_symbol="g"))
    assert (plant.stock("A"), plant.stock("B")) == ("2", "5")
    outcome = plant.do("CONSUME", None, "180", unit_symbol="g")
    assert told(outcome) == [("CONSUME", "A", "120", "-2"), ("CONSUME", "B", "60", "-1")]


def test_a_pick_below_zero_leaves_such_a_lot_whole(plant: Eggs) -> None:
    """Where the location allows it."""
    cellar = plant.location("Cellar", allow_negative_inventory=True)
    plant.eggs("A", "2", plant.pcs, at=cellar)
    assert refused_on_quantity(plant.do("CONSUME", None, "150", unit_symbol="g", source=cellar))
    assert told(plant.do("CONSUME", None, "180", unit_symbol="g", source=cellar)) == [("CONSUME", "A", "180", "-3")]


# Less than half of one is none.


@pytest.mark.parametrize(("times", "pieces"), [(6, "2"), (12, "1"), (4, "3"), (1, "12")])
@pytest.mark.parametrize("kind", ["CONSUME", "SHIP", "SCRAP", "RETURN"])
def test_a_dozen_by_the_piece_leaves_nothing(plant: Eggs, kind: str, times: int, pieces: str) -> None:
    """And never too little for the last one; what is recorded is what was asked for."""
    plant.eggs("L", "1", plant.dozen)
    for _ in range(times):
        (record,) = plant.do(kind, "L", pieces).records
        assert (record.quantity_millionths, record.unit) == (millionths(pieces), plant.pcs)
    assert plant.stock("L") == "0"
    short = plant.do(kind, "L", "1")
    assert short == InsufficientInventory(
        lot="L", location="Silo", available="0", requested="0.083333", unit="dz", at_moment=NOW_TEXT
    )


def test_a_location_of_one_lot_is_empty_then(plant: Eggs) -> None:
    """The next lot is taken."""
    tray = plant.location("Tray", lot_storage_strategy=LotStorageStrategy.ALLOW_SINGLE_OR_THROW)
    plant.eggs("L", "1", plant.dozen, at=tray)
    plant.eggs("next", None, plant.dozen)
    for _ in range(12):
        assert isinstance(plant.do("RECEIVE", "next", "1", destination=tray), LocationHoldsAnotherLot)
        assert isinstance(plant.do("CONSUME", "L", "1", source=tray), Answer)
    assert isinstance(plant.do("RECEIVE", "next", "1", destination=tray), Answer)


@pytest.mark.parametrize(
    ("stock", "asked", "change"),
    [
        ("1.249999", "2", "-1.249999"),  # 0.25 kg is half a piece of 0.5 kg
        ("1.25", "2", "-1"),
        ("0.750001", "2", "-0.750001"),
        ("0.75", "2", None),
        ("1", "2", "-1"),
        ("0.250001", "1", "-0.250001"),
        ("0.25", "1", None),
        ("-1", "1", None),
    ],
)
def test_all_goes_where_less_than_half_is_left_or_missing(
    plant: Eggs, stock: str, asked: str, change: str | None
) -> None:
    """Exactly half of one counts as one."""
    loaf = plant.material("Loaf", plant.pcs)
    plant.cache.conversions[loaf.id] = Conversions({(plant.pcs.id, plant.kg.id): Decimal("0.5")})
    plant.lot("L", stock=stock, material_id=loaf.id, unit_id=plant.kg.id)
    outcome = plant.act("CONSUME", "L", asked, material=loaf, unit_symbol="pcs")
    if change is None:
        assert isinstance(outcome, InsufficientInventory)
    else:
        assert told(outcome) == [("CONSUME", "L", asked, change)]


def test_all_goes_also_where_stock_may_fall_below_zero(plant: Eggs) -> None:
    """A rounding is no debt; a whole one is."""
    cellar = plant.location("Cellar", allow_negative_inventory=True)
    plant.eggs("L", "0.083332", plant.dozen, at=cellar)
    assert told(plant.do("CONSUME", "L", "1", source=cellar)) == [("CONSUME", "L", "1", "-0.083332")]
    assert told(plant.do("CONSUME", "L", "1", source=cellar)) == [("CONSUME", "L", "1", "-0.083333")]


def test_what_is_asked_in_another_unit_is_taken_as_it_is(plant: Eggs) -> None:
    """Grams do not come whole: what is left is left."""
    plant.eggs("L", "1", plant.dozen)
    assert told(plant.do("CONSUME", "L", "719", unit_symbol="g")) == [("CONSUME", "L", "719", "-0.998611")]


def test_a_move_and_a_split_take_all_likewise_and_the_same_arrives(plant: Eggs) -> None:
    """What falls here rises there; a total rises by what came."""
    box = plant.location("Box")
    plant.eggs("L", "0.083337", plant.dozen)
    assert told(plant.do("MOVE", "L", "1", destination=box)) == [("MOVE", "L", "1", "-0.083337")]
    assert (plant.stock("L"), plant.stock("L", box)) == ("0", "0.083337")
    assert told(plant.do("SPLIT", "L", "1", source=box, new_lot_name="S")) == [("SPLIT", "L", "1", "-0.083337")]
    assert (plant.stock("L", box), plant.stock("S", box), plant.total("S")) == ("0", "0.083337", "0.083337")


def test_genealogy_has_what_really_went(plant: Eggs) -> None:
    """All of it, in the lot's unit."""
    plant.eggs("L", "0.083337", plant.dozen)
    into = plant.eggs("cake", None, plant.pcs)
    plant.do("CONSUME", "L", "1", secondary_lot=into, secondary_material=plant.egg)
    assert [edge.millionths for edge in plant.edges.values()] == [millionths("0.083337")]


def test_where_nothing_is_kept_the_quantity_is_what_was_asked_for(plant: Eggs) -> None:
    """There is nothing that could be left."""
    pipe = plant.location("Pipe", lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    plant.eggs("L", "1", plant.dozen)
    (record,) = plant.do("CONSUME", "L", "12", source=pipe).records
    assert (record.source_change_millionths, record.lot_quantity_millionths) == (0, millionths("1"))


def test_a_reversal_brings_back_what_really_went(plant: Eggs) -> None:
    """Not what was asked for."""
    plant.eggs("L", "0.083337", plant.dozen)
    (record,) = plant.do("CONSUME", "L", "1").records
    plant.reverse(record)
    assert plant.stock("L") == "0.083337"


# Picks.


def test_in_a_pick_each_lot_is_looked_at_by_itself(plant: Eggs) -> None:
    """Nearest to none: passed over. Smaller: all, as the nearest whole number. Within half of the rest: all as that."""
    for name, stock in (("crumb", "0.04"), ("few", "0.291667"), ("rest", "0.12"), ("later", "1")):
        plant.eggs(name, stock, plant.dozen)
    outcome = plant.do("CONSUME", None, "5")
    assert told(outcome) == [("CONSUME", "few", "4", "-0.291667"), ("CONSUME", "rest", "1", "-0.12")]
    assert (plant.stock("crumb"), plant.stock("later")) == ("0.04", "1")


def test_a_pick_covers_the_rest_with_a_lot_that_has_a_little_less(plant: Eggs) -> None:
    """And leaves what is more than half behind."""
    plant.eggs("L", "0.166665", plant.dozen)
    assert told(plant.do("CONSUME", None, "2")) == [("CONSUME", "L", "2", "-0.166665")]
    plant.eggs("M", "0.25", plant.dozen)
    assert told(plant.do("CONSUME", None, "2")) == [("CONSUME", "M", "2", "-0.166667")]
    assert plant.stock("M") == "0.083333"
    assert told(plant.do("CONSUME", None, "1")) == [("CONSUME", "M", "1", "-0.083333")]


def test_a_start_fixes_no_lot_that_a_pick_would_pass_over(plant: Eggs) -> None:
    """The first that has one."""
    plant.eggs("crumb", "0.04", plant.dozen)
    plant.eggs("L", "1", plant.dozen)
    consume = of(plant, T.CONSUME, primary_lot_resolution_strategy=LotResolutionStrategy.FROM_LOCATION)
    plant.start(consume)
    assert told(plant.stop(consume, "12")) == [("CONSUME", "L", "12", "-1")]


def test_lots_that_have_too_little_together_give_nothing(plant: Eggs) -> None:
    """What they have is told in whole numbers."""
    plant.eggs("A", "0.3", plant.dozen)
    plant.eggs("B", "0.04", plant.dozen)
    assert plant.do("CONSUME", None, "6") == InsufficientInventory(
        location="Silo", available="4", requested="6", unit="pcs"
    )
    assert plant.stock("A") == "0.3"


# Whatever is done.

Step = tuple[str, int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["CONSUME", "SCRAP", "MOVE", "RECEIVE", "EDIT", "PICK", "SPLIT", "MERGE", "SCRAP_ALL", "UNDO"]),
        st.integers(0, 3),  # which lot
        st.integers(1, 30),  # how many
        st.integers(0, 2),  # asked in which unit
    ),
    max_size=25,
)


def _play(plant: Eggs, steps: list[Step], check: Callable[[Any, Step], None]) -> None:
    box, written = plant.location("Box"), []
    for step in steps:
        kind, which, count, unit = step
        lot = f"L{which % 2}" if which < 2 else f"D{which % 2}"
        asked = ("pcs", "dz", "g")[unit]
        quantity = str(Decimal(count) * (1, Decimal("0.125"), 20)[unit])
        if kind == "UNDO":
            outcome: Any = plant.reverse(written[-count % len(written)]) if written else None
        elif kind == "MERGE":
            outcome = plant.act("MERGE", lot, material=plant.egg, secondary_lot=f"{lot[0]}{1 - which % 2}")
        elif kind == "SCRAP_ALL":
            outcome = plant.act("SCRAP_ALL", material=plant.egg)
        else:
            more: dict[str, Any] = {"destination": box} if kind == "MOVE" else {}
            more |= {"new_lot_name": f"S{len(plant.lots)}"} if kind == "SPLIT" else {}
            named = None if kind == "PICK" else lot
            outcome = plant.do("CONSUME" if kind == "PICK" else kind, named, quantity, unit_symbol=asked, **more)
        if isinstance(outcome, Answer):
            written += [] if kind == "UNDO" else outcome.records
        check(outcome, step)


def _filled() -> Eggs:
    plant = Eggs()
    for name, unit in (("L0", plant.pcs), ("L1", plant.pcs), ("D0", plant.dozen), ("D1", plant.dozen)):
        plant.eggs(name, "12" if unit is plant.pcs else "1", unit)
    return plant


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_breaks_a_lot_that_is_kept_in_whole_numbers(steps: list[Step]) -> None:
    """Whatever is asked, in whatever unit, refused or not."""
    plant = _filled()

    def check(_outcome: Any, step: Step) -> None:
        for (_, lot_id), row in plant.rows.items():
            if plant.lots[lot_id].unit_id == plant.pcs.id:
                assert is_whole(row.millionths), step

    _play(plant, steps, check)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 40), st.decimals("0.01", "50", places=4), st.lists(st.integers(1, 9), min_size=60, max_size=60))
def test_pieces_of_any_size_leave_exactly_nothing(pieces: int, weight: Decimal, takes: list[int]) -> None:
    """A lot of so many, kept by weight and emptied by the piece: the last one is there, and takes all."""
    plant = Eggs()
    thing: Material = plant.material("Thing", plant.kg)
    plant.cache.conversions[thing.id] = Conversions({(plant.pcs.id, plant.kg.id): weight})
    plant.lot("L", material_id=thing.id)
    plant.act("RECEIVE", "L", str(pieces), material=thing, unit_symbol="pcs")
    rest = pieces
    for take in takes:
        some = min(take, rest)
        if some == 0:
            break
        assert isinstance(plant.act("CONSUME", "L", str(some), material=thing, unit_symbol="pcs"), Answer)
        rest -= some
    assert rest == 0
    assert plant.stock("L") == "0"
