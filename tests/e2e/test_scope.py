"""Roles that are limited to locations: every method of the contract refuses, leaves out, or knows of no places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from lotkeeper import Client, LotkeeperError, PermissionDenied, actions
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper_server.rpc.server import SERVICES

from tests.e2e.test_ways_to_write import content
from tests.methods_that_write import methods_that_write
from tests.plants import ServedPlant
from tests.scoped import limited_client, make_caller, move_role
from tests.server_process import ServerProcess
from tests.ways_to_write import EXECUTE, JSON, STATUS_CHANGE, Way, Write, every_way

METHODS: Final = {method.name for service in SERVICES for method in service.methods}
NO_PLACE: Final = {
    "UnitOfMeasure": "a unit is the same everywhere",
    "UnitOfMeasureConversion": "a conversion is the same everywhere",
    "MaterialClass": "materials are the same everywhere",
    "Material": "materials are the same everywhere",
    "MaterialReasonCode": "reasons are the same everywhere",
    "ProductionOrder": "an order names no location",
    "Lot": "a lot names no location; its stock and its total do, and are looked at by themselves",
}
"""Things whose Save and Delete a limited role allows everywhere, and why."""
NO_PLACE_AT_ALL: Final = {
    "ConvertQuantity": "it speaks of units and materials only",
    "ListPermissions": "it speaks of the caller",
    "GetPlantSettings": "it speaks of the server",
}
"""Other methods that know nothing of places."""
OF_THE_WHOLE_PLANT: Final = {"HoldTracedLots", "ImportMasterData"}
"""They need their permissions without a limit."""
READS_OF_THE_WHOLE_PLANT: Final = {"ListAuditEvents", "WatchAuditEvents"}
"""They, too: an event does not say where."""


def _below(plant: ServedPlant) -> Any:
    return plant.client.save_location(master_data_pb2.Location(name="Pump", parent_id=plant.silo.id))


def _ways_with_a_place() -> Iterator[Way]:
    """Ways beside those that a test of permissions needs, of things that name the silo."""

    def saves_below(plant: ServedPlant) -> Write:
        message = master_data_pb2.Location(name="Valve", parent_id=plant.silo.id)
        return lambda client, _dry: client.save_location(message)

    def updates(plant: ServedPlant) -> Write:
        pump = _below(plant)
        pump.notes = "seen"
        return lambda client, _dry: client.save_location(pump)

    def deletes(plant: ServedPlant) -> Write:
        pump = _below(plant)
        return lambda client, _dry: client.delete_location(pump.id)

    def saves_process(plant: ServedPlant) -> Write:
        message = master_data_pb2.Operation(name=f"{plant.prefix} Stir", location_id=plant.silo.id)
        return lambda client, _dry: client.save_operation(message)

    def deletes_process(plant: ServedPlant) -> Write:
        message = master_data_pb2.Operation(name=f"{plant.prefix} Stir", location_id=plant.silo.id)
        saved = plant.client.save_operation(message)
        return lambda client, _dry: client.delete_operation(saved.id)

    def updates_definition(plant: ServedPlant) -> Write:
        operation = plant.operation("RECEIVE")
        operation.notes = "seen"
        return lambda client, _dry: client.save_inventory_operation(operation)

    def holds_stock(plant: ServedPlant) -> Write:
        (record,) = plant.client.receive(
            "L", 5.0, destination=plant.silo.id, material=plant.milk.id, create_lot_if_not_found=True
        )
        lot = plant.client.get_lot(record.inventory_lot_id)
        lot.status = enums_pb2.LOT_STATUS_QA_HOLD
        return lambda client, _dry: client.save_lot(lot)

    def for_a_process(plant: ServedPlant) -> Write:
        process = plant.client.save_operation(
            master_data_pb2.Operation(name=f"{plant.prefix} Churn", location_id=plant.silo.id)
        )
        action = actions.change_status(
            "L", enums_pb2.LOT_STATUS_AVAILABLE, material=plant.milk.id, operation_id=process.id
        )
        plant.lot("L")
        return lambda client, dry: client.execute_inventory_actions([action], **dry)

    yield Way("SaveLocation", "below", frozenset({"LOCATION.WRITE"}), saves_below)
    yield Way("SaveLocation", "update", frozenset({"LOCATION.WRITE"}), updates)
    yield Way("DeleteLocation", "below", frozenset({"LOCATION.DELETE"}), deletes)
    yield Way("SaveOperation", "placed", frozenset({"OPERATION.WRITE"}), saves_process)
    yield Way("DeleteOperation", "placed", frozenset({"OPERATION.DELETE"}), deletes_process)
    yield Way("SaveInventoryOperation", "update", frozenset({"INVENTORY_OPERATION.WRITE"}), updates_definition)
    yield Way("SaveLot", "status of stock", frozenset({"LOT.WRITE", STATUS_CHANGE}), holds_stock)
    yield Way("ExecuteInventoryActions", "for a process", frozenset({STATUS_CHANGE}), for_a_process, dry=True)


WAYS: Final = [*every_way(), *_ways_with_a_place()]


def has_no_place(way: Way) -> bool:
    """Whether a limited role does not limit it."""
    entity = way.method.removeprefix("Save").removeprefix("Delete")
    unplaced = entity in NO_PLACE and way.part != "status of stock"
    return unplaced or str(way) in {"SaveOperation", "DeleteOperation"}  # of a process that names no location


def refusal_of(write: Write, client: Client, *, dry: bool) -> str | None:
    """The limit that a write was refused for; None where it was done."""
    try:
        answer = write(client, {"validate_only": True} if dry else {})
    except PermissionDenied as refused:
        return refused.metadata["scope"]
    reasons = []
    if isinstance(answer, pb.ImportInventoryOperationsResponse):
        reasons = [row.reason for row in answer.failed_rows]
    elif isinstance(answer, Sequence) and answer and isinstance(answer[0], pb.FieldViolation):
        reasons = [one.reason for one in answer]
    return "a row" if "PERMISSION_DENIED" in reasons else None


@dataclass
class Reading:
    """A plant with something at two places, and what reads it."""

    here: ServedPlant
    there: ServedPlant
    definition: Any
    record: Any


def _read(client: Client, plant: ServedPlant, at: Reading) -> dict[str, Callable[[], object]]:
    """A call of each method that reads, which names the plant; by the names of the methods."""
    silo = plant.silo.id
    return {
        "GetLocation": lambda: client.get_location(silo),
        "GetOperation": lambda: client.get_operation(f"{plant.prefix} Churn"),
        "GetInventoryOperation": lambda: client.get_inventory_operation(at.definition.id),
        "GetInventoryOperationStatus": lambda: client.get_inventory_operation_status(at.definition.id),
        "GetInventoryOperationReferences": lambda: client.get_inventory_operation_references(at.definition.id),
        "GetInventoryLotRecord": lambda: client.get_inventory_lot_record(at.record.id),
        "CheckLocationHasCapacity": lambda: client.check_location_has_capacity(silo, 1, unit_of_measure_id=plant.kg.id),
        "ListInventory": lambda: list(client.list_inventory(location_id_or_path=silo)),
        "ListInventoryOperations": lambda: list(client.list_inventory_operations(location_id_or_path=silo)),
        "ListInventoryLotRecords": lambda: list(client.list_inventory_lot_records(location_id_or_path=silo)),
        "SummarizeInventory": lambda: list(
            client.summarize_inventory([enums_pb2.INVENTORY_GROUP_BY_LOT], location_id_or_path=silo)
        ),
        "ListLocations": lambda: list(client.list_locations(parent_id_or_path=silo)),
        "ExportInventoryOperations": lambda: list(
            client.export_inventory_operations(export_format=JSON, location_ids_or_paths=[silo])
        ),
        "GetRole": lambda: client.get_role(f"{plant.prefix} keeper"),
        "WatchInventoryLotRecords": lambda: next(
            client.watch_inventory_lot_records(location_id_or_path=silo, from_beginning=True)
        ),
    }


READ_WITHOUT_A_NAME: Final = {"ExportMasterData", "GetLotTraceGraph", "ListOperations", "ListTerminalLots"}
"""They leave out what lies elsewhere, and cannot name a place; `tests/property/test_scope.py` looks at that."""
READ_OF_ACCESS: Final = {"ListGrants", "ListRoles", "ListTokens"}
"""As well; `tests/e2e/test_access_service.py` looks at that."""


def _reads_of_things_without_a_place() -> set[str]:
    return {
        method for method in METHODS if method.startswith(("Get", "List")) for one in NO_PLACE if _is_of(method, one)
    }


def _is_of(method: str, entity: str) -> bool:
    plural = {"UnitOfMeasure": "UnitsOfMeasure", "MaterialClass": "MaterialClasses"}.get(entity, f"{entity}s")
    return method in {f"Get{entity}", f"List{plural}"}


@pytest.fixture(scope="module")
def reading(server: ServerProcess) -> Iterator[Reading]:
    """Two plants: one where the caller may, one elsewhere, with a definition, a record and a process."""
    with Client(server.address, token=server.token) as client:
        here, there = ServedPlant(client), ServedPlant(client)
        for plant in (here, there):
            client.save_operation(master_data_pb2.Operation(name=f"{plant.prefix} Churn", location_id=plant.silo.id))
            client.create_role(f"{plant.prefix} keeper", ["LOT"], location_ids_or_paths=[plant.silo.id])
        definition = there.operation("RECEIVE")
        record = client.execute_inventory_operation(definition.id, "a lot", 5.0)
        yield Reading(here, there, definition, record)


def test_every_method_of_the_contract_is_in_one_of_the_lists(client: Client) -> None:
    """Whoever adds a method has to say here what a limit means for it, or how it is tried."""
    plant = ServedPlant(client)
    read = set(_read(client, plant, Reading(plant, plant, None, None)))
    of_things = _reads_of_things_without_a_place()
    whole = [set(NO_PLACE_AT_ALL), READS_OF_THE_WHOLE_PLANT]
    lists = [methods_that_write(), read, READ_WITHOUT_A_NAME, READ_OF_ACCESS, of_things, *whole]
    assert set().union(*lists) == METHODS
    assert sum(map(len, lists)) == len(METHODS)
    assert {way.method for way in WAYS} == methods_that_write()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_written_elsewhere_is_refused_and_nothing_is_written(
    server: ServerProcess, client: Client, way: Way
) -> None:
    """By somebody who may everything, but at another place; as a dry run, too."""
    plant, other = ServedPlant(client), ServedPlant(client)
    write = way.prepared(plant)
    with limited_client(server, [other.silo]) as limited:
        before = content(server)
        for dry in (True, False) if way.dry else (False,):
            refused = refusal_of(write, limited, dry=dry)
            if has_no_place(way):
                assert refused is None
                return
            assert refused in {other.silo.path, "a row"}
            assert content(server) == before


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_written_within_is_done(server: ServerProcess, client: Client, way: Way) -> None:
    """By somebody who may everything at the silo. A MOVE needs both ends; a new root lies nowhere."""
    plant = ServedPlant(client)
    write = way.prepared(plant)
    elsewhere = {"ExecuteInventoryActions-MOVE", "SaveLocation", "DeleteLocation"}
    with limited_client(server, [plant.silo]) as limited:
        for dry in (True, False) if way.dry else (False,):
            refused = refusal_of(write, limited, dry=dry)
            assert refused == (plant.silo.path if way.method in OF_THE_WHOLE_PLANT or str(way) in elsewhere else None)


def test_what_names_another_place_is_refused_in_every_read(server: ServerProcess, reading: Reading) -> None:
    """With the limit in the metadata."""
    with limited_client(server, [reading.here.silo]) as limited:
        for name, call in _read(limited, reading.there, reading).items():
            with pytest.raises(PermissionDenied) as refused:
                call()
            assert refused.value.metadata["scope"] == reading.here.silo.path, name


def test_what_does_not_exist_is_refused_like_what_lies_elsewhere(server: ServerProcess, reading: Reading) -> None:
    """Nobody learns by it what there is elsewhere. What would lie within may be told not to exist."""
    nothing, there = "01ARZ3NDEKTSV4RRFFQ69G5FAV", reading.there.silo
    with limited_client(server, [reading.here.silo]) as limited:

        def told(call: Callable[[], object]) -> tuple[object, ...]:
            with pytest.raises(LotkeeperError) as refused:
                call()
            error = refused.value
            return error.reason, str(error), error.metadata

        for known, call in (
            (there.id, limited.get_location),
            (there.path, limited.get_location),
            (f"{reading.there.prefix} Churn", limited.get_operation),
            (reading.definition.id, limited.get_inventory_operation),
            (reading.definition.id, limited.get_inventory_operation_status),
            (reading.definition.id, limited.delete_inventory_operation),
            (reading.definition.id, limited.execute_inventory_operation),
            (reading.record.id, limited.get_inventory_lot_record),
            (f"{reading.there.prefix} keeper", limited.get_role),
            (f"{reading.there.prefix} keeper", limited.delete_role),
            (reading.record.id, limited.reverse_inventory_lot_record),
            (reading.record.id, lambda one: limited.annotate_inventory_lot_record(one, notes="seen")),
            (there.id, lambda one: limited.receive("L", 1, destination=one, material=reading.here.milk.id)),
            (there.path, lambda one: limited.receive("L", 1, destination=one, material=reading.here.milk.id)),
            (there.id, lambda one: limited.save_location(master_data_pb2.Location(name="Below", parent_id=one))),
            (there.path, lambda one: limited.save_location(master_data_pb2.Location(name="Below", parent_path=one))),
        ):
            unknown = nothing if known in {there.id, reading.definition.id, reading.record.id} else "Nowhere"
            assert told(lambda call=call, known=known: call(known)) == told(
                lambda call=call, unknown=unknown: call(unknown)
            )
        assert told(lambda: limited.get_location(f"{reading.here.silo.path}/Nothing"))[0] == "LOCATION_NOT_FOUND"


def test_a_union_of_roles_reaches_as_far_as_any_of_them(server: ServerProcess, reading: Reading) -> None:
    """For each permission the places of the roles that grant it; a role without a limit grants it everywhere."""
    here, there = reading.here.silo, reading.there.silo
    with limited_client(server, [here, there]) as of_both, limited_client(server, [here], ["LOCATION"]) as of_one:
        assert {one.path for one in of_both.list_locations()} == {here.path, there.path}
        assert {one.path for one in of_one.list_locations()} == {here.path}


def test_a_limit_follows_the_tree_and_the_role_at_once(server: ServerProcess, client: Client) -> None:
    """A location that is moved changes who may; so does a role that is limited otherwise, and the next call knows."""
    plant = ServedPlant(client)
    site, other = plant.location("Site"), plant.location("Other site")
    tank = client.save_location(master_data_pb2.Location(name="Tank", parent_id=site.id))
    operation = plant.operation("RECEIVE", destination_location_id=tank.id)
    token, role = make_caller(server, [other])
    with Client(server.address, token=token) as limited:
        with pytest.raises(PermissionDenied):
            limited.execute_inventory_operation(operation.id, "L", 1.0)
        tank.parent_id = other.id
        tank = client.save_location(tank)
        assert limited.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1
        assert [row.location_path for row in limited.list_inventory()] == [f"{other.path}/Tank"]
        move_role(server, role, [site])
        with pytest.raises(PermissionDenied) as refused:
            limited.execute_inventory_operation(operation.id, "L", 1.0)
        assert refused.value.metadata == {"permission": EXECUTE, "scope": site.path}
        assert not list(limited.list_inventory())
        client.save_location(master_data_pb2.Location(id=tank.id, name="Tank", parent_id=site.id))
        client.delete_location(other.id)
        move_role(server, role, [other])  # of which nothing is left
        with pytest.raises(PermissionDenied) as refused:
            limited.execute_inventory_operation(operation.id, "L", 1.0)
        assert refused.value.metadata["scope"] == "nowhere"
        assert not list(limited.list_locations())


def test_a_request_id_does_not_tell_again_what_lies_elsewhere_now(server: ServerProcess, client: Client) -> None:
    """Like a permission that was taken away: the same request is refused, by whoever had its answer, too."""
    plant = ServedPlant(client)
    operation = plant.operation("RECEIVE")
    token, role = make_caller(server, [plant.silo])
    with Client(server.address, token=token) as limited:
        first = limited.execute_inventory_operation(operation.id, "L", 1.0, request_id=f"{plant.prefix}-1")
        again = limited.execute_inventory_operation(operation.id, "L", 1.0, request_id=f"{plant.prefix}-1")
        assert again == first
        one = actions.receive("L", 1.0, destination=plant.silo.id, material=plant.milk.id)
        acted = limited.execute_inventory_actions([one], request_id=f"{plant.prefix}-2")
        assert limited.execute_inventory_actions([one], request_id=f"{plant.prefix}-2") == acted
        move_role(server, role, [plant.location("Elsewhere")])
        with pytest.raises(PermissionDenied):
            limited.execute_inventory_operation(operation.id, "L", 1.0, request_id=f"{plant.prefix}-1")
        with pytest.raises(PermissionDenied):
            limited.execute_inventory_actions([one], request_id=f"{plant.prefix}-2")


def test_a_batch_refuses_each_item_by_itself(server: ServerProcess, client: Client) -> None:
    """The items within are done."""
    plant = ServedPlant(client)
    within = plant.operation("RECEIVE")
    elsewhere = plant.operation("RECEIVE", destination_location_id=plant.location("Elsewhere").id)
    requests = [
        pb.ExecuteInventoryOperationRequest(inventory_operation_id=one.id, primary_lot_id_or_name="L", quantity=1)
        for one in (within, elsewhere, within)
    ]
    with limited_client(server, [plant.silo]) as limited:
        results = limited.batch_execute_inventory_operations(requests)
        assert [one.HasField("response") for one in results] == [True, False, True]
    assert plant.stock() == {"L": 2}


def test_a_status_needs_all_places_of_a_lot(server: ServerProcess, client: Client) -> None:
    """It holds wherever the lot lies: whoever may change it at one of two places may not."""
    plant = ServedPlant(client)
    tank = plant.location("Tank")
    there: Any = {"material": plant.milk.id, "create_lot_if_not_found": True}
    client.receive("L", 2.0, destination=plant.silo.id, **there)
    hold = actions.change_status("L", enums_pb2.LOT_STATUS_QA_HOLD, material=plant.milk.id)
    with limited_client(server, [plant.silo]) as of_silo, limited_client(server, [plant.silo, tank]) as of_both:
        of_silo.execute_inventory_actions([hold])
        client.receive("L", 2.0, destination=tank.id, **there)
        with pytest.raises(PermissionDenied) as refused:
            of_silo.execute_inventory_actions([hold])
        assert refused.value.metadata == {"permission": STATUS_CHANGE, "scope": plant.silo.path, "index": "0"}
        of_both.execute_inventory_actions([hold])
