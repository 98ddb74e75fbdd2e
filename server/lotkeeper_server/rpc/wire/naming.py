"""How requests name things: by id, by name, by path; what is read here is looked up in the store later."""

from typing import Any, Final

from google.protobuf.message import Message

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import UNIQUE_NAME_TARGETS, Description
from lotkeeper_server.catalog.naming import (
    LOCATION_FIELD,
    LOT_FIELD,
    MATERIAL_FIELD,
    Named,
    NamedEntity,
    NamedLot,
    NamedUnit,
)
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.shape import Shape

_UNIT_PARTS: Final = ("id", "name", "symbol")


def read_named(shape: Shape, field: str, target: str, text: str) -> NamedEntity | None:
    """A thing of a table by id, or by its path, name or code; None where absent."""
    by_path = UNIQUE_NAME_TARGETS[target][:1] == ("path",)
    given = shape.id_or_path(field, text) if by_path else shape.id_or_name(field, text)
    return None if given is None else NamedEntity(target, given, field)


def read_by_id(shape: Shape, field: str, target: str, text: str) -> NamedEntity | None:
    """A thing of a table by id alone; None where absent."""
    given = shape.id(field, text)
    return None if given is None else NamedEntity(target, given, field)


def read_location(shape: Shape, text: str) -> NamedEntity | None:
    """The location of `location_id_or_path`; None where absent."""
    return read_named(shape, LOCATION_FIELD, "location", text)


def read_material(shape: Shape, text: str) -> NamedEntity | None:
    """The material of `material_id_or_path`; None where absent."""
    return read_named(shape, MATERIAL_FIELD, "material", text)


def read_lot(shape: Shape, lot: str, material: str) -> NamedLot:
    """The lot of `lot_id_or_name`, which must be given, within the material of `material_id_or_path`."""
    given = shape.id_or_name(LOT_FIELD, lot)
    if given is None:
        shape.fault(LOT_FIELD, Fault.required())
    return NamedLot(given or "", read_material(shape, material))


def read_unit(shape: Shape, request: Message, field: str) -> NamedUnit:
    """The unit that a request names by id, by name, by symbol, or by several of them; it must be given.

    Args:
        shape: where faults go.
        request: with the three fields.
        field: what their names begin with, `from_unit_of_measure`.
    """
    given: dict[str, Id | str] = {}
    for part in _UNIT_PARTS:
        name = f"{field}_{part}"
        text = getattr(request, name)
        value = shape.id(name, text) if part == "id" else shape.name(name, text)
        if value is not None:
            given[part] = value
    if not any(getattr(request, f"{field}_{part}") for part in _UNIT_PARTS):
        shape.fault(f"{field}_id", Fault.required("must be given, or its name or symbol"))
    return NamedUnit(field, given)


def read_key(description: Description, request: Any, shape: Shape) -> Named:
    """The entity that a Get or Delete names.

    Raises:
        Refused: for all faults of shape, also those noted before.
    """
    named: Named
    if description is d.LOT:
        lot = shape.id_or_name(LOT_FIELD, request.lot_id_or_name)
        material = read_material(shape, request.material_id_or_path)
        if lot is None:
            shape.fault(LOT_FIELD, Fault.required())
        named = NamedLot(lot or "", material)
    elif description.key is None:
        field = f"{description.entity}_id"
        named = NamedEntity(description.table.name, shape.required_id(field, getattr(request, field)), field)
    else:
        field = f"{description.entity}_id_or_{_KEYS.get(description.key, description.key)}"
        found = read_named(shape, field, description.table.name, getattr(request, field))
        if found is None:
            shape.fault(field, Fault.required())
        named = found or NamedEntity(description.table.name, "", field)
    shape.check()
    return named


_KEYS: Final = {"reason_code": "code"}
"""Columns that have another name in the contract."""
