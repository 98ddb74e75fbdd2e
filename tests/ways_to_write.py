"""Every way to have something written: the permissions that it needs, and a call that does it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lotkeeper import Client, actions
from lotkeeper.inventory.v1 import (
    access_service_pb2,
    enums_pb2,
    inventory_lot_pb2,
    inventory_operation_pb2,
    master_data_pb2,
)
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import ServedPlant

JSON: Final = enums_pb2.EXPORT_FORMAT_JSON
EXECUTE: Final = "INVENTORY_OPERATION.EXECUTE"
MANAGE: Final = "ACCESS.MANAGE"
STATUS_CHANGE: Final = "INVENTORY.WRITE.STATUS_CHANGE"
Write = Callable[[Client, dict[str, Any]], object]
"""The call, by the client of whoever makes it; the second is `validate_only=…` where the way has a dry run."""


@dataclass(frozen=True)
class Way:
    """One way to write.

    Attributes:
        method: of the contract.
        part: what of it: a section of a document, a type of action; empty where all of it needs the same.
        needs: the permissions, all of them.
        prepared: makes what the call needs, as somebody who may everything; gives the call.
        dry: whether it has a dry run.
        writes: whether it writes anything at all.
    """

    method: str
    part: str
    needs: frozenset[str]
    prepared: Callable[[ServedPlant], Write]
    dry: bool = False
    writes: bool = True

    def __str__(self) -> str:
        return f"{self.method}-{self.part}" if self.part else self.method


def every_way() -> list[Way]:
    """All of them."""
    return [
        *_entities(),
        *_operations(),
        *_actions(),
        *_later_changes(),
        *_definition_files(),
        *_documents(),
        *_access(),
    ]


def _entities() -> Iterator[Way]:
    """Save and Delete of each entity; a save first creates, and the one of a lot has a part that changes its status."""
    made: dict[str, tuple[str, Callable[[ServedPlant], Any]]] = {
        "UnitOfMeasure": ("UNIT", lambda p: master_data_pb2.UnitOfMeasure(name=f"{p.prefix} g", symbol=f"{p.prefix}g")),
        "UnitOfMeasureConversion": ("UNIT", _conversion),
        "MaterialClass": ("MATERIAL", lambda p: master_data_pb2.MaterialClass(name=f"{p.prefix} Class")),
        "Material": ("MATERIAL", lambda p: master_data_pb2.Material(name=f"{p.prefix} Cream")),
        "MaterialReasonCode": ("MATERIAL", lambda p: master_data_pb2.MaterialReasonCode(reason_code=f"{p.prefix} R")),
        "Location": ("LOCATION", lambda p: master_data_pb2.Location(name=f"{p.prefix} Dock")),
        "Operation": ("OPERATION", lambda p: master_data_pb2.Operation(name=f"{p.prefix} Churn")),
        "ProductionOrder": ("ORDER", lambda p: master_data_pb2.ProductionOrder(name=f"{p.prefix} PO", quantity=5)),
        "InventoryOperation": ("INVENTORY_OPERATION", _definition),
        "Lot": ("LOT", lambda p: inventory_lot_pb2.InventoryLot(name="L", material_id=p.milk.id)),
    }
    for name, (subject, message_of) in made.items():
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

        def saves(plant: ServedPlant, snake: str = snake, message_of: Any = message_of) -> Write:
            message = message_of(plant)
            return lambda client, _dry: getattr(client, f"save{snake}")(message)

        def deletes(plant: ServedPlant, snake: str = snake, message_of: Any = message_of) -> Write:
            saved = getattr(plant.client, f"save{snake}")(message_of(plant))
            return lambda client, _dry: getattr(client, f"delete{snake}")(saved.id)

        yield Way(f"Save{name}", "", frozenset({f"{subject}.WRITE"}), saves)
        yield Way(f"Delete{name}", "", frozenset({f"{subject}.DELETE"}), deletes)
    yield Way("SaveLot", "status", frozenset({"LOT.WRITE", STATUS_CHANGE}), _releases_by_save)
    yield Way("ValidateInventoryOperation", "", frozenset({"INVENTORY_OPERATION.READ"}), _validates, writes=False)


def _conversion(plant: ServedPlant) -> Any:
    gram = plant.client.save_unit_of_measure(
        master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} gram", symbol=f"{plant.prefix}gr")
    )
    return master_data_pb2.UnitOfMeasureConversion(from_unit_id=plant.kg.id, to_unit_id=gram.id, factor=1000)


def _definition(plant: ServedPlant) -> Any:
    return inventory_operation_pb2.InventoryOperation(
        name=f"{plant.prefix} Ship",
        operation_type=enums_pb2.INVENTORY_OPERATION_TYPE_SHIP,
        source_location_id=plant.silo.id,
        material_id=plant.milk.id,
    )


def _held(plant: ServedPlant) -> inventory_lot_pb2.InventoryLot:
    return plant.lot("L", status=enums_pb2.LOT_STATUS_QA_HOLD)


def _releases_by_save(plant: ServedPlant) -> Write:
    lot = _held(plant)
    lot.status = enums_pb2.LOT_STATUS_AVAILABLE
    return lambda client, _dry: client.save_lot(lot)


def _validates(plant: ServedPlant) -> Write:
    message = _definition(plant)
    return lambda client, _dry: client.validate_inventory_operation(message)


def _operations() -> Iterator[Way]:
    """What runs a configured operation. A lot that it makes needs nothing more: the operation says that it may."""
    needs = frozenset({EXECUTE})

    def executes(plant: ServedPlant) -> Write:
        operation = plant.operation("RECEIVE")
        return lambda client, dry: client.execute_inventory_operation(operation.id, "a new lot", 5.0, **dry)

    def in_a_batch(plant: ServedPlant) -> Write:
        operation = plant.operation("RECEIVE")
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operation.id, primary_lot_id_or_name="a new lot", quantity=5
        )
        return lambda client, dry: client.batch_execute_inventory_operations([request], all_or_nothing=True, **dry)

    def starts(plant: ServedPlant) -> Write:
        operation = plant.operation("PRODUCE")
        return lambda client, dry: client.start_inventory_operation(operation.id, primary_lot_id_or_name="L", **dry)

    def stops(plant: ServedPlant) -> Write:
        operation = plant.operation("PRODUCE")
        plant.client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
        return lambda client, dry: client.stop_inventory_operation(operation.id, 5.0, **dry)

    def cancels(plant: ServedPlant) -> Write:
        operation = plant.operation("PRODUCE")
        plant.client.start_inventory_operation(operation.id, primary_lot_id_or_name="L")
        return lambda client, _dry: client.cancel_inventory_operation(operation.id)

    yield Way("ExecuteInventoryOperation", "", needs, executes, dry=True)
    yield Way("BatchExecuteInventoryOperations", "", needs, in_a_batch, dry=True)
    yield Way("StartInventoryOperation", "", needs, starts, dry=True)
    yield Way("StopInventoryOperation", "", needs, stops, dry=True)
    yield Way("CancelInventoryOperation", "", needs, cancels)


def _actions() -> Iterator[Way]:
    """Each type of action, behind one that the caller may do, too: the first must not be done without the second."""
    made: dict[str, Callable[[ServedPlant], Any]] = {
        "CONSUME": lambda p: actions.consume("L", 1.0, source=p.silo.id, material=p.milk.id),
        "UNCONSUME": lambda p: actions.unconsume("L", 1.0, destination=p.silo.id, material=p.milk.id),
        "PRODUCE": lambda p: actions.produce("L", 1.0, destination=p.silo.id, material=p.milk.id),
        "SCRAP": lambda p: actions.scrap("L", 1.0, source=p.silo.id, material=p.milk.id),
        "SCRAP_ALL": lambda p: actions.scrap_all("L", source=p.silo.id, material=p.milk.id),
        "RETURN": lambda p: actions.return_lot("L", 1.0, source=p.silo.id, material=p.milk.id),
        "RECEIVE": lambda p: actions.receive("L", 1.0, destination=p.silo.id, material=p.milk.id),
        "RECEIVE_AND_CONSUME": lambda p: actions.receive_and_consume("L", 1.0, source=p.silo.id, material=p.milk.id),
        "SHIP": lambda p: actions.ship("L", 1.0, source=p.silo.id, material=p.milk.id),
        "MOVE": _move,
        "SPLIT": lambda p: actions.split("L", 1.0, new_lot_name="L-2", source=p.silo.id, material=p.milk.id),
        "MERGE": lambda p: actions.merge("L", "M", source=p.silo.id, material=p.milk.id),
        "EDIT": lambda p: actions.edit_quantity("L", 7.0, source=p.silo.id, material=p.milk.id),
        "STATUS_CHANGE": lambda p: actions.change_status("L", enums_pb2.LOT_STATUS_AVAILABLE, material=p.milk.id),
    }
    for name, action_of in made.items():

        def acts(plant: ServedPlant, action_of: Any = action_of) -> Write:
            _stocked(plant)
            action = action_of(plant)
            return lambda client, dry: client.execute_inventory_actions([action], **dry)

        yield Way("ExecuteInventoryActions", name, frozenset({f"INVENTORY.WRITE.{name}"}), acts, dry=True)

    def after_another(plant: ServedPlant) -> Write:
        _stocked(plant)
        two = [made["CONSUME"](plant), made["STATUS_CHANGE"](plant)]
        return lambda client, dry: client.execute_inventory_actions(two, **dry)

    both = frozenset({"INVENTORY.WRITE.CONSUME", STATUS_CHANGE})
    yield Way("ExecuteInventoryActions", "CONSUME, then STATUS_CHANGE", both, after_another, dry=True)


def _move(plant: ServedPlant) -> Any:
    tank = plant.location("Tank")
    return actions.move("L", 1.0, source=plant.silo.id, destination=tank.id, material=plant.milk.id)


def _stocked(plant: ServedPlant) -> Any:
    """Two lots with stock in the silo; returns the record of L."""
    there: Any = {"destination": plant.silo.id, "material": plant.milk.id, "create_lot_if_not_found": True}
    plant.client.receive("M", 10.0, **there)
    (record,) = plant.client.receive("L", 10.0, **there)
    return record


def _later_changes() -> Iterator[Way]:
    """What changes records and rows that are there."""

    def reverses(plant: ServedPlant) -> Write:
        record = _stocked(plant)
        return lambda client, dry: client.reverse_inventory_lot_record(record.id, **dry)

    def annotates(plant: ServedPlant) -> Write:
        record = _stocked(plant)
        return lambda client, _dry: client.annotate_inventory_lot_record(record.id, notes="seen")

    def names(plant: ServedPlant) -> Write:
        record = _stocked(plant)
        return lambda client, _dry: client.set_inventory_metadata(record.inventory_lot_id, plant.silo.id, name="LPN")

    def holds(plant: ServedPlant) -> Write:
        record = _stocked(plant)
        return lambda client, dry: client.hold_traced_lots(record.inventory_lot_id, **dry)

    yield Way("HoldTracedLots", "", frozenset({"INVENTORY.READ", STATUS_CHANGE}), holds, dry=True)
    yield Way("ReverseInventoryLotRecord", "", frozenset({"INVENTORY.WRITE.REVERSE"}), reverses, dry=True)
    yield Way("AnnotateInventoryLotRecord", "", frozenset({"INVENTORY.WRITE.ANNOTATE"}), annotates)
    yield Way("SetInventoryMetadata", "", frozenset({"INVENTORY.WRITE.METADATA"}), names)


def _definition_files() -> Iterator[Way]:
    def imports(plant: ServedPlant) -> Write:
        operation = plant.operation("SHIP")
        file = b"".join(
            plant.client.export_inventory_operations(export_format=JSON, location_ids_or_paths=[plant.silo.id])
        )
        data = file.replace(operation.name.encode(), operation.name.encode() + b" again")
        return lambda client, dry: client.import_inventory_operations(data, export_format=JSON, **dry)

    yield Way("ImportInventoryOperations", "", frozenset({"INVENTORY_OPERATION.IMPORT"}), imports, dry=True)


def _documents() -> Iterator[Way]:
    """Each section of a plant's document, and a lot's status."""
    master_data = frozenset({"MASTER_DATA.IMPORT"})
    sections: dict[str, tuple[frozenset[str], Callable[[ServedPlant], dict[str, Any]]]] = {
        "units_of_measure": (master_data, lambda p: {"name": f"{p.prefix} g", "symbol": f"{p.prefix}g"}),
        "material_classes": (master_data, lambda p: {"name": f"{p.prefix} Class"}),
        "materials": (master_data, lambda p: {"name": f"{p.prefix} Cream"}),
        "unit_of_measure_conversions": (master_data, _conversion_entry),
        "material_reason_codes": (master_data, lambda p: {"reason_code": f"{p.prefix} R"}),
        "locations": (master_data, lambda p: {"name": f"{p.prefix} Dock"}),
        "production_orders": (master_data, lambda p: {"name": f"{p.prefix} PO", "quantity": 5}),
        "operations": (master_data, lambda p: {"name": f"{p.prefix} Churn"}),
        "inventory_operations": (
            master_data,
            lambda p: {"name": f"{p.prefix} Ship", "operation_type": "SHIP", "source_location": p.silo.path},
        ),
        "lots": (master_data | {"LOT.WRITE"}, lambda p: {"name": "L", "material": p.milk.path}),
        "inventory": (master_data | {"INVENTORY.WRITE.EDIT"}, _opening_stock),
    }
    for section, (needs, entry_of) in sections.items():

        def imports(plant: ServedPlant, section: str = section, entry_of: Any = entry_of) -> Write:
            return _applies({section: [entry_of(plant)]})

        yield Way("ImportMasterData", section, needs, imports, dry=True)

    def releases(plant: ServedPlant) -> Write:
        _held(plant)
        unit = {"name": f"{plant.prefix} g", "symbol": f"{plant.prefix}g"}
        lot = {"name": "L", "material": plant.milk.path, "status": "AVAILABLE"}
        return _applies({"units_of_measure": [unit], "lots": [lot]})

    yield Way("ImportMasterData", "status", master_data | {"LOT.WRITE", STATUS_CHANGE}, releases, dry=True)


def _conversion_entry(plant: ServedPlant) -> dict[str, Any]:
    _conversion(plant)
    return {"from_unit": plant.kg.symbol, "to_unit": f"{plant.prefix}gr", "factor": 1000}


def _opening_stock(plant: ServedPlant) -> dict[str, Any]:
    plant.lot("L")
    return {"location": plant.silo.path, "material": plant.milk.path, "lot": "L", "quantity": 5}


def _applies(document: dict[str, Any]) -> Write:
    data = json.dumps(document).encode()
    return lambda client, dry: client.import_master_data(data, export_format=JSON, **dry)


def _access() -> Iterator[Way]:
    """Changes of who may what, of roles that hold at the silo and grant no more than that permission itself."""
    needs = frozenset({MANAGE})

    def creates(plant: ServedPlant) -> Write:
        return lambda client, _dry: _role(client, plant)

    def updates(plant: ServedPlant) -> Write:
        role = _role(plant.client, plant)
        limits = access_service_pb2.RoleLimits(streams_max=5)
        return lambda client, _dry: client.update_role(role, limits=limits)

    def deletes(plant: ServedPlant) -> Write:
        role = _role(plant.client, plant)
        return lambda client, _dry: client.delete_role(role)

    def makes_token(plant: ServedPlant) -> Write:
        role = _role(plant.client, plant)
        return lambda client, _dry: client.create_token(f"{plant.prefix} line", [role])

    def rotates(plant: ServedPlant) -> Write:
        token = _token(plant)
        return lambda client, _dry: client.rotate_token(token)

    def revokes(plant: ServedPlant) -> Write:
        token = _token(plant)
        return lambda client, _dry: client.revoke_token(token)

    def gives(plant: ServedPlant) -> Write:
        role = _role(plant.client, plant)
        return lambda client, _dry: client.grant_role(f"{plant.prefix} line", role)

    def takes(plant: ServedPlant) -> Write:
        role = _role(plant.client, plant)
        plant.client.grant_role(f"{plant.prefix} line", role)
        return lambda client, _dry: client.revoke_grant(f"{plant.prefix} line", role)

    yield Way("CreateRole", "", needs, creates)
    yield Way("UpdateRole", "", needs, updates)
    yield Way("DeleteRole", "", needs, deletes)
    yield Way("CreateToken", "", needs, makes_token)
    yield Way("RotateToken", "", needs, rotates)
    yield Way("RevokeToken", "", needs, revokes)
    yield Way("GrantRole", "", needs, gives)
    yield Way("RevokeGrant", "", needs, takes)


def _role(client: Client, plant: ServedPlant) -> str:
    return client.create_role(f"{plant.prefix} keeper", [MANAGE], location_ids_or_paths=[plant.silo.id]).name


def _token(plant: ServedPlant) -> str:
    return plant.client.create_token(f"{plant.prefix} line", [_role(plant.client, plant)]).token.id
