"""Loads the demo plant: one YAML document, in one transaction, into an empty store."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

import yaml
from google.protobuf.message import Message
from sqlalchemy import Connection, insert, select, update

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Reference
from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.catalog.saving import Saver, save
from lotkeeper_server.domain.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.identifiers import Id, parse_id
from lotkeeper_server.domain.quantity import millionths_of
from lotkeeper_server.engine.moment import EffectOrder, IdSource, now_millis
from lotkeeper_server.store.connection import Store
from lotkeeper_server.store.tables import inventory, inventory_lot, inventory_lot_record
from lotkeeper_server.store.transaction import Transaction

PRINCIPAL: Final = "demo"
EXAMPLE_COMMAND: Final = "execute 01JPAND53P-BZ61RZHZ-V7C6EEHG 01JPBC4H3V-J4X3FYKS-NRNVEKMM 100"
_SAVER: Final = Saver(PRINCIPAL, lambda _permission: True)
_SECTIONS: Final[Mapping[str, Description]] = {
    "units_of_measure": d.UNIT_OF_MEASURE,
    "material_classes": d.MATERIAL_CLASS,
    "materials": d.MATERIAL,
    "unit_of_measure_conversions": d.UNIT_OF_MEASURE_CONVERSION,
    "material_reason_codes": d.MATERIAL_REASON_CODE,
    "locations": d.LOCATION,
    "production_orders": d.PRODUCTION_ORDER,
    "operations": d.OPERATION,
    "inventory_operations": d.INVENTORY_OPERATION,
    "lots": d.LOT,
}
"""Sections by what each needs to be there before it."""


def load_demo_plant(store: Store) -> bool:
    """Loads it; False where the store is not empty, and then nothing is done."""
    document = yaml.safe_load((files(__package__) / "dairy.yaml").read_text(encoding="utf-8"))
    with store.write() as connection:
        if not _is_empty(connection):
            return False
        tx = Transaction(connection, now_millis(), IdSource(), EffectOrder())
        for section, description in _SECTIONS.items():
            for entry in document.get(section, []):
                new_id = parse_id(entry.pop("id", ""))
                save(tx, description, _message(description, entry), _SAVER, new_id=new_id)
        for entry in document["inventory"]:
            _open_stock(tx, entry)
    return True


def _is_empty(connection: Connection) -> bool:
    tables = [description.table for description in _SECTIONS.values()]
    return all(connection.execute(select(table.c.id).limit(1)).first() is None for table in tables)


def _message(description: Description, entry: dict[str, Any]) -> Message:
    """An entry of the document as the message that a Save would bring."""
    references = {one.name: one for one in description.references}
    fields = {_field_of(references.get(name), name): value for name, value in entry.items()}
    enums = {one.name: one.enum_type for one in description.message.DESCRIPTOR.fields if one.enum_type is not None}
    for name, enum in enums.items():
        if name in fields:
            prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
            fields[name] = enum.values_by_name[prefix + fields[name]].number
    return description.message(**fields)


def _field_of(reference: Reference | None, name: str) -> str:
    """A reference is given by its path, symbol, name or code."""
    if reference is None:
        return name
    by = {"location": "path", "material": "path", "material_class": "path", "unit_of_measure": "symbol"}
    wanted = by.get(reference.target)
    return next(field for field, column in reference.beside.items() if wanted in {None, column})


def _open_stock(tx: Transaction, entry: dict[str, Any]) -> None:
    """Opening stock is a completed EDIT, so that stock is the sum of its records from the first moment on."""
    connection = tx.connection
    location_id = look_up(connection, "location", entry["location"], "location")
    material_id = look_up(connection, "material", entry["material"], "material")
    lot = connection.execute(
        select(inventory_lot).where(inventory_lot.c.material_id == material_id, inventory_lot.c.name == entry["lot"])
    ).one()
    millionths = millionths_of(float(entry["quantity"]))
    order, record_id, now = tx.next_effect_order(0), tx.new_id(), tx.now_millis
    connection.execute(
        insert(inventory_lot_record).values(
            id=record_id,
            lot_record_type=int(LotRecordType.EDIT),
            status=int(Status.COMPLETED),
            lot_id=lot.id,
            material_id=material_id,
            source_location_id=location_id,
            lot_status=int(LotStatus(lot.status)),
            quantity=millionths,
            unit_of_measure_id=lot.unit_of_measure_id,
            source_quantity_change=millionths,
            lot_total_change=millionths,
            inventory_name=entry.get("name", ""),
            start_millis=now,
            end_millis=now,
            moment_millis=now,
            effect_order=order,
            created_millis=now,
            created_by=PRINCIPAL,
            version=1,
        )
    )
    connection.execute(
        insert(inventory).values(
            location_id=location_id,
            lot_id=lot.id,
            material_id=material_id,
            quantity=millionths,
            in_stock=True,
            name=entry.get("name", ""),
            arrived_order=order,
            arrived_millis=now,
            arrived_record_id=record_id,
            changed_order=order,
        )
    )
    _raise_total(connection, lot.id, lot.total_quantity + millionths, order)


def _raise_total(connection: Connection, lot_id: Id, total: int, order: int) -> None:
    values = {"total_quantity": total, "changed_order": order}
    connection.execute(update(inventory_lot).where(inventory_lot.c.id == lot_id).values(values))
