"""A quantity in another unit, as decisions convert it."""

from lotkeeper_server.domain.model.conversion import converted
from lotkeeper_server.domain.model.identifiers import MaterialId, UnitId
from lotkeeper_server.domain.model.quantity import QUANTITY_LIMIT_MILLIONTHS
from lotkeeper_server.domain.refusals import QuantityOverflow, Refused, UnitNotConvertible
from lotkeeper_server.domain.working_set import WorkingSet


def convert(
    state: WorkingSet, millionths: int, from_unit: UnitId, to_unit: UnitId, material_id: MaterialId | None
) -> int:
    """Millionths of the other unit, rounded once.

    Args:
        state: what is known.
        millionths: of the first unit.
        from_unit: known to be there.
        to_unit: known to be there.
        material_id: its own factors are preferred; None for the global ones only.

    Raises:
        Missing: what is not loaded.
        Refused: UNIT_NOT_CONVERTIBLE, QUANTITY_OVERFLOW.
    """
    factor = state.factor(material_id, from_unit, to_unit)
    if factor is None:
        one, other = state.unit(from_unit), state.unit(to_unit)
        material = None if material_id is None else state.material(material_id)
        refusal = UnitNotConvertible(
            from_unit=one.symbol if one else None,
            to_unit=other.symbol if other else None,
            material=material.path if material else None,
        )
        raise Refused(refusal)
    result = converted(millionths, factor)
    if result >= QUANTITY_LIMIT_MILLIONTHS:
        raise Refused(QuantityOverflow())
    return result
