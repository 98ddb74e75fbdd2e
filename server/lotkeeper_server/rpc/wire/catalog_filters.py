"""What Get, List and Delete of the catalog's entities are asked by."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Table, select

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.hierarchy import below
from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import LotMaterialMismatch, MaterialRequired, NotFound, Refused
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.lists.conditions import (
    Condition,
    PartialIndex,
    Places,
    Walk,
    among,
    at_place,
    at_places,
    begins_with,
    below_value,
    equal,
)
from lotkeeper_server.store.schema import tables

Conditions = Callable[[Connection], list[Condition]]


def key_of(description: Description, request: Any, shape: Shape) -> Callable[[Connection], Id]:
    """How the entity that a Get or Delete names is found.

    Raises:
        Refused: for all faults of shape, those noted before included; when called, its NOT_FOUND.
    """
    if description is d.LOT:
        lot = shape.id_or_name("lot_id_or_name", request.lot_id_or_name)
        material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
        if lot is None:
            shape.fault("lot_id_or_name", "must be given")
        shape.check()
        return lambda connection: find_lot(connection, lot or "", material)
    field = f"{description.entity}_id"
    if description.key is not None:
        by = {"reason_code": "code"}.get(description.key, description.key)
        field += f"_or_{by}"
    text = getattr(request, field)
    given: Id | str | None
    if description.key is None:
        given = shape.required_id(field, text)
    elif description.key == "path":
        given = shape.id_or_path(field, text)
    else:
        given = shape.id_or_name(field, text)
    if given is None:
        shape.fault(field, "must be given")
    shape.check()
    assert given is not None
    key: Id | str = given
    if description.key is None:
        return lambda connection: _found_by_id(connection, description, key, field)
    return lambda connection: look_up(connection, description.table.name, key, field)


def _found_by_id(connection: Connection, description: Description, identifier: Id | str, field: str) -> Id:
    table = description.table
    found: Id | None = connection.execute(select(table.c.id).where(table.c.id == identifier)).scalar()
    if found is None:
        assert isinstance(identifier, bytes)
        refusal = NotFound(entity=description.refusal_entity, id=format_id(identifier))
        raise Refused(refusal.at(field))
    return found


def find_lot(connection: Connection, lot: Id | str, material: Id | str | None) -> Id:
    """A lot by id, or by name within its material; a material given with an id must be the lot's.

    Raises:
        Refused: LOT_NOT_FOUND, MATERIAL_NOT_FOUND, MATERIAL_REQUIRED or LOT_MATERIAL_MISMATCH.
    """
    table = tables.inventory_lot
    material_id = None if material is None else look_up(connection, "material", material, "material_id_or_path")
    if isinstance(lot, bytes):
        row = connection.execute(select(table.c.id, table.c.name, table.c.material_id).where(table.c.id == lot)).first()
        if row is None:
            raise Refused(NotFound(entity="inventory_lot", id=format_id(lot)).at("lot_id_or_name"))
        if material_id is not None and row.material_id != material_id:
            path = connection.execute(
                select(tables.material.c.path).where(tables.material.c.id == material_id)
            ).scalar_one()
            raise Refused(LotMaterialMismatch(lot=row.name, material=path).at("lot_id_or_name"))
        return lot
    if material_id is None:
        text = f"A lot named {lot} cannot be looked up without its material; give that, or the lot's id."
        raise Refused(MaterialRequired(text=text).at("material_id_or_path"))
    found: Id | None = connection.execute(
        select(table.c.id).where(table.c.material_id == material_id, table.c.name == lot)
    ).scalar()
    if found is None:
        raise Refused(NotFound(entity="inventory_lot", name=lot).at("lot_id_or_name"))
    return found


def conditions_of(description: Description, request: Any, shape: Shape) -> Conditions:
    """What a list's filters mean; what they name is looked up when the conditions are made."""
    if description is d.INVENTORY_OPERATION:
        return _of_inventory_operations(request, shape)
    if description is d.LOT:
        return _of_lots(request, shape)
    return _of_master_data(description, request, shape)


_PARENT_FILTERS = {
    "parent_id_or_path": "parent_id",
    "material_class_id_or_path": "material_class_id",
    "material_id_or_path": "material_id",
}


def _of_master_data(description: Description, request: Any, shape: Shape) -> Conditions:
    fixed: list[Condition] = []
    parents: list[tuple[str, str, str, Id | str]] = []
    names = {one.name for one in request.DESCRIPTOR.fields}
    for field, column in _PARENT_FILTERS.items():
        if field in names and (given := shape.id_or_path(field, getattr(request, field))) is not None:
            target = next(one.target for one in description.references if one.column == column)
            parents.append((field, column, target, given))
    if request.HasField("enabled"):
        fixed.append(Condition("t.enabled") if request.enabled else _disabled(description.table))
    if "status" in names and (status := enumerated(shape, "status", request.status, Status)):
        fixed.append(equal("status", status))
    for field, column in (("name_prefix", "name"), ("reason_code_prefix", "reason_code")):
        if field in names and (prefix := getattr(request, field)):
            fixed.append(begins_with(column, prefix))

    def conditions(connection: Connection) -> list[Condition]:
        return fixed + [
            equal(column, look_up(connection, target, given, field)) for field, column, target, given in parents
        ]

    return conditions


def _disabled(table: Table) -> Condition:
    """What is disabled; a table that never grows large has no index of it."""
    index = f"ix_{table.name}_disabled"
    indexed = any(one.name == index for one in table.indexes)
    return Condition("NOT t.enabled", walks=(Walk("NOT enabled", index=index),) if indexed else ())


_ROUTE = ("source_location_id", "destination_location_id")


def _of_inventory_operations(request: Any, shape: Shape) -> Conditions:
    location = shape.id_or_path("location_id_or_path", request.location_id_or_path)
    if request.include_children and location is None:
        shape.fault("include_children", "needs a location")
    operation_id = shape.id("operation_id", request.operation_id)
    operation_type = enumerated(shape, "operation_type", request.operation_type, InventoryOperationType)
    status = enumerated(shape, "status", request.status, Status)

    def conditions(connection: Connection) -> list[Condition]:
        made: list[Condition] = []
        if location is not None:
            made.append(at_location(connection, _ROUTE, location, request.include_children))
        if operation_id is not None:
            made.append(equal("operation_id", look_up(connection, "operation", operation_id, "operation_id")))
        if operation_type:
            made.append(equal("operation_type", operation_type))
        if status:
            made.append(_runs_in(status))
        if request.name_prefix:
            made.append(begins_with("name", request.name_prefix))
        return made

    return conditions


def _runs_in(status: int) -> Condition:
    """Inventory operations by where their run stands, which is in a table of its own."""
    run = tables.inventory_operation_run.name
    holds = f"EXISTS (SELECT 1 FROM {run} AS r WHERE r.operation_id = t.id AND r.status = ?)"  # noqa: S608
    walk = Walk("status = ?", (status,), table=run, columns=("operation_id",))
    return Condition(holds, (status,), (walk,))


def at_location(
    connection: Connection,
    columns: Sequence[str],
    given: Id | str,
    include_children: bool,
    *,
    leads: bool = False,
    within: PartialIndex | None = None,
) -> Condition:
    """Rows at a location and, if asked for, at all below it.

    Args:
        connection: a snapshot.
        columns: that refer to locations; any of them.
        given: the location.
        include_children: whether what lies below it counts.
        leads: whether the list's order begins with the location.
        within: the partial index that has the rows.

    Raises:
        Refused: LOCATION_NOT_FOUND on `location_id_or_path`.
    """
    table = tables.location
    location_id = look_up(connection, table.name, given, "location_id_or_path")
    if not include_children:
        return at_place(columns, location_id, leads=leads, within=within)
    path = connection.execute(select(table.c.path).where(table.c.id == location_id)).scalar_one()
    return at_places(connection, Places(tuple(columns), location_id, path, leads, within))


def location_ids(connection: Connection, given: Id | str, include_children: bool) -> frozenset[Id]:
    """A location's id and, if asked for, those of all below it.

    Raises:
        Refused: LOCATION_NOT_FOUND on `location_id_or_path`.
    """
    table = tables.location
    location_id = look_up(connection, table.name, given, "location_id_or_path")
    if not include_children:
        return frozenset({location_id})
    path = connection.execute(select(table.c.path).where(table.c.id == location_id)).scalar_one()
    inside = connection.execute(select(table.c.id).where(below(table.c.path, path))).scalars()
    return frozenset({location_id, *inside})


def _of_lots(request: Any, shape: Shape) -> Conditions:
    material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
    status = enumerated(shape, "status", request.status, LotStatus)
    before = request.expiring_before_millis if request.HasField("expiring_before_millis") else None
    before = shape.millis("expiring_before_millis", before)

    def conditions(connection: Connection) -> list[Condition]:
        made: list[Condition] = []
        if material is not None:
            made.append(equal("material_id", look_up(connection, "material", material, "material_id_or_path")))
        if status:
            made.append(_shows(LotStatus(status), now_millis()))
        if request.name_prefix:
            made.append(begins_with("name", request.name_prefix))
        if before is not None:
            made.append(below_value("expiration_millis", before))
        return made

    return conditions


def _shows(status: LotStatus, now: int) -> Condition:
    """Lots that show a status: an OPEN or AVAILABLE one past its date shows EXPIRED."""
    stored = sorted({status, *USABLE}) if status is LotStatus.EXPIRED else [status]
    holds = among("status", [int(one) for one in stored])
    past = "t.expiration_millis IS NOT NULL AND t.expiration_millis < ?"
    if status is LotStatus.EXPIRED:
        return replace(
            holds,
            holds=f"{holds.holds} AND (t.status = {status:d} OR {past})",
            parameters=(*holds.parameters, now),
            exact=False,
        )
    if status in USABLE:
        return replace(holds, holds=f"{holds.holds} AND NOT ({past})", parameters=(*holds.parameters, now), exact=False)
    return holds


def enumerated(shape: Shape, field: str, number: int, vocabulary: Any) -> int:
    """The number of an enum's value; zero stands for none."""
    if number and number not in {int(member) for member in vocabulary}:
        shape.fault(field, f"{number} is no {vocabulary.__name__}")
    return number
