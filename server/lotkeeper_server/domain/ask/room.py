"""Whether a location has room: the answer of step 14, without a rise."""

from dataclasses import dataclass

from lotkeeper_server.domain.apply.records import check_quantity
from lotkeeper_server.domain.apply.storing import exceeds_capacity, into_capacity_unit, stored_in_capacity_unit
from lotkeeper_server.domain.model.conversion import converted, exactly
from lotkeeper_server.domain.model.definitions import Location, Unit
from lotkeeper_server.domain.model.identifiers import LocationId, MaterialId, UnitId
from lotkeeper_server.domain.model.quantity import round_half_even
from lotkeeper_server.domain.refusals import Refused, UnitNotConvertible
from lotkeeper_server.domain.working_set import WorkingSet


@dataclass(frozen=True, slots=True)
class Rise:
    """A quantity to store: zero or above, in a unit, of a material or of none in particular."""

    location_id: LocationId
    millionths: int
    unit_id: UnitId
    material_id: MaterialId | None


@dataclass(frozen=True, slots=True)
class Room:
    """What a location has room for. Millionths of the capacity's unit; None where the location has no limit.

    Attributes:
        suffices: whether the location would take the rise.
        capacity_millionths: of the location.
        stored_millionths: what counts towards it.
        unit: of the capacity.
    """

    suffices: bool
    capacity_millionths: int | None = None
    stored_millionths: int | None = None
    unit: Unit | None = None


def find_room(state: WorkingSet, rise: Rise) -> Room:
    """Takes step 14 for a new lot of that material, in the unit that a new lot would have.

    Raises:
        Refused: UNIT_NOT_CONVERTIBLE and QUANTITY_OVERFLOW, like Execute.
        Missing: for what is not loaded yet.
    """
    location = state.location(rise.location_id)
    assert location is not None
    unit = location.storage_capacity_unit
    if location.storage_capacity_millionths is None or unit is None:
        return Room(suffices=True)
    if not location.keeps_stock:
        return _always(state, location, unit)
    lot_unit_id, millionths = _in_lot_unit(state, rise)
    before = stored_in_capacity_unit(state, location)
    after = before + exactly(millionths, into_capacity_unit(state, rise.material_id, lot_unit_id, unit))
    suffices = not exceeds_capacity(location, before, after)
    return Room(suffices, location.storage_capacity_millionths, round_half_even(before), unit)


def _always(state: WorkingSet, location: Location, unit: Unit) -> Room:
    """A location that keeps no stock takes everything, even if older stock lies there."""
    try:
        stored = stored_in_capacity_unit(state, location)
    except Refused:
        return Room(suffices=True)
    return Room(True, location.storage_capacity_millionths, round_half_even(stored), unit)


def _in_lot_unit(state: WorkingSet, rise: Rise) -> tuple[UnitId, int]:
    """Step 12: the unit of a lot of the material, and the quantity in it; if there is none, the given unit."""
    if rise.material_id is None:
        return rise.unit_id, rise.millionths
    material = state.material(rise.material_id)
    assert material is not None
    if material.unit is None:
        return rise.unit_id, rise.millionths
    factor = state.factor(material.id, rise.unit_id, material.unit.id)
    if factor is None:
        given = state.unit(rise.unit_id)
        assert given is not None
        raise Refused(UnitNotConvertible(from_unit=given.symbol, to_unit=material.unit.symbol, material=material.path))
    return material.unit.id, check_quantity(converted(rise.millionths, factor))
