"""CheckLocationHasCapacity agrees with step 14 of what Execute would do."""

import random
from decimal import Decimal
from typing import Any

import pytest
from lotkeeper_server.domain.ask.room import Rise, Room, find_room
from lotkeeper_server.domain.model.definitions import Conversions, Location, Material, Unit
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotResolutionStrategy, LotStorageStrategy
from lotkeeper_server.domain.refusals import Refusal, Refused, UnitNotConvertible

from tests.plant import Plant, millionths


@pytest.fixture
def plant() -> Plant:
    return Plant()


def tank_of(plant: Plant, capacity: str, unit: Unit, **changes: Any) -> Location:
    """A location with a limit."""
    return plant.location(
        "Tank", storage_capacity_millionths=millionths(capacity), storage_capacity_unit=unit, **changes
    )


def room(plant: Plant, location: Location, quantity: str, unit: Unit, material: Material | None = None) -> Room:
    """What is asked."""
    rise = Rise(location.id, millionths(quantity), unit.id, material.id if material else None)
    return plant.ask(lambda state: find_room(state, rise))


def test_without_a_limit_there_is_always_room(plant: Plant) -> None:
    """And no figure to give."""
    assert room(plant, plant.silo, "9e11", plant.t) == Room(suffices=True)


def test_up_to_the_capacity_exactly_there_is_room(plant: Plant) -> None:
    """Rows at or below zero are not looked at; the figures are in the capacity's unit."""
    tank = tank_of(plant, "1", plant.t, allow_negative_inventory=True)
    plant.lot("A", stock="600", at=tank)
    plant.lot("B", stock="-500", at=tank)
    figures = (millionths("1"), millionths("0.6"), plant.t)
    assert room(plant, tank, "400", plant.kg, plant.milk) == Room(True, *figures)
    assert room(plant, tank, "400.000001", plant.kg, plant.milk) == Room(False, *figures)
    assert room(plant, tank, "0.4", plant.t) == Room(True, *figures)


def test_a_location_above_its_capacity_has_room_for_nothing_more(plant: Plant) -> None:
    """Nothing at all may still come: stock does not rise by it."""
    tank = tank_of(plant, "1", plant.kg)
    plant.lot("A", stock="3", at=tank)
    assert room(plant, tank, "0", plant.kg).suffices
    assert not room(plant, tank, "0.000001", plant.kg).suffices


def test_a_location_of_no_storage_always_has_room(plant: Plant) -> None:
    """Whatever its limit, whatever lies there from earlier, whether or not that converts."""
    tank = tank_of(plant, "1", plant.kg, lot_storage_strategy=LotStorageStrategy.NO_STORAGE)
    assert room(plant, tank, "5", plant.kg) == Room(True, millionths("1"), 0, plant.kg)
    plant.lot("A", stock="3", at=tank, unit_id=plant.unit("box").id)
    assert room(plant, tank, "5", plant.kg) == Room(suffices=True)


def test_a_quantity_is_rounded_once_in_the_unit_of_the_materials_lots(plant: Plant) -> None:
    """As step 12 rounds it before step 14 looks: half of a millionth of a kilogram is none."""
    tank = tank_of(plant, "0", plant.g)
    assert room(plant, tank, "0.0005", plant.g, plant.milk).suffices
    assert not room(plant, tank, "0.0005", plant.g).suffices


def test_the_materials_own_conversions_go_first_and_without_one_only_those_of_all_count(plant: Plant) -> None:
    """A box of cream is 2 kg, and of nothing else."""
    box = plant.unit("box")
    cream = plant.material("Cream", plant.kg)
    plant.cache.conversions[cream.id] = Conversions({(box.id, plant.kg.id): Decimal(2)})
    tank = tank_of(plant, "4", plant.kg)
    assert room(plant, tank, "2", box, cream).suffices
    assert not room(plant, tank, "2.1", box, cream).suffices
    for material, path in ((plant.milk, "Milk"), (None, None)):
        with pytest.raises(Refused) as refused:
            room(plant, tank, "2", box, material)
        assert refused.value.refusal == UnitNotConvertible(from_unit="box", to_unit="kg", material=path)


def test_it_agrees_with_execute_on_random_plants(plant: Plant) -> None:
    """Every strategy, units that convert and that do not, stock around the limit: a PRODUCE of a new lot."""
    seed = 20_251_125
    choose = random.Random(seed)
    box = plant.unit("box")
    told: set[str] = set()
    for number in range(400):
        own = Plant()
        own.cache.units.put(box.id, box)
        units = [own.kg, own.g, own.t, box]
        cream = own.material("Cream", choose.choice([None, own.kg, own.g, box]))
        if choose.random() < 0.5:
            own.cache.conversions[cream.id] = Conversions({(box.id, own.g.id): Decimal("333.333333")})
        tank = tank_of(
            own,
            choose.choice(["0", "1", "5", "1000"]),
            choose.choice(units[:3] if choose.random() < 0.8 else units),
            lot_storage_strategy=choose.choice(list(LotStorageStrategy)),
            allow_negative_inventory=True,
        )
        for lot in range(choose.randrange(3)):
            material = choose.choice([own.milk, cream])
            unit = material.unit or own.kg
            own.lot(
                f"L{lot}",
                stock=choose.choice(["-3", "0", "0.4", "5", "7000"]),
                at=tank,
                material_id=material.id,
                unit_id=unit.id,
            )
        material, unit = choose.choice([own.milk, cream]), choose.choice(units)
        quantity = choose.choice(["0.001", "0.6", "1", "4.999", "900"])
        produce = own.operation(
            InventoryOperationType.PRODUCE,
            destination_location_id=tank.id,
            material_id=material.id,
            unit_id=unit.id,
            create_lot_if_not_found=True,
            primary_lot_resolution_strategy=LotResolutionStrategy.AUTO_GENERATE,
        )
        try:
            said = "room" if room(own, tank, quantity, unit, material).suffices else "LOCATION_CAPACITY_EXCEEDED"
        except Refused as refused:
            said = refused.refusal.reason
        if not tank.keeps_stock:
            assert said == "room", (seed, number)
            continue
        done = own.execute(produce, None, quantity)
        reason = done.reason if isinstance(done, Refusal) else "room"
        if reason in {"MERGE_NOT_POSSIBLE", "LOCATION_HOLDS_ANOTHER_LOT"}:
            reason = "room"  # steps 14 and 15 are two things
        assert said == reason, (seed, number, done)
        told.add(said)
    assert told == {"room", "LOCATION_CAPACITY_EXCEEDED", "UNIT_NOT_CONVERTIBLE"}
