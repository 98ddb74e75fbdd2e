"""Actions, reversals, annotations and metadata over the wire, on a real server."""

from __future__ import annotations

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import enums_pb2, inventory_lot_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

_numbers = itertools.count(1)
TYPES = [name for name in enums_pb2.InventoryActionType.keys() if not name.endswith("UNSPECIFIED")]  # noqa: SIM118


class Service:
    """The inventory service as one caller meets it; refusals as the client's exceptions."""

    def __init__(self, channel: grpc.Channel, token: str) -> None:
        self._stub: Any = InventoryServiceStub(channel)
        self._metadata = [("authorization", f"Bearer {token}")]

    def ask(self, method: str, request: Any, timeout_seconds: float = 30) -> Any:
        """Calls a method."""
        try:
            return getattr(self._stub, method)(request, metadata=self._metadata, timeout=timeout_seconds)
        except grpc.RpcError as error:
            raise error_of(error) from error

    def act(self, *actions: InventoryAction, **more: Any) -> pb.ExecuteInventoryActionsResponse:
        """Executes actions."""
        request = pb.ExecuteInventoryActionsRequest(actions=actions, **more)
        response: pb.ExecuteInventoryActionsResponse = self.ask("ExecuteInventoryActions", request)
        return response

    def reverse(self, record_id: str, **more: Any) -> Any:
        """Reverses a record."""
        request = pb.ReverseInventoryLotRecordRequest(inventory_lot_record_id=record_id, **more)
        return self.ask("ReverseInventoryLotRecord", request).inventory_lot_record

    def annotate(self, record_id: str, **more: Any) -> Any:
        """Annotates a record."""
        request = pb.AnnotateInventoryLotRecordRequest(inventory_lot_record_id=record_id, **more)
        return self.ask("AnnotateInventoryLotRecord", request).inventory_lot_record

    def set_metadata(self, **asked: Any) -> Any:
        """Sets the metadata of a row."""
        return self.ask("SetInventoryMetadata", pb.SetInventoryMetadataRequest(**asked)).inventory

    def refused(self, *actions: InventoryAction, **more: Any) -> LotkeeperError:
        """The refusal of actions."""
        with pytest.raises(LotkeeperError) as error:
            self.act(*actions, **more)
        return error.value


def service_of(server: ServerProcess, token: str) -> Iterator[Service]:
    """A channel of its own."""
    with grpc.insecure_channel(server.address) as channel:
        yield Service(channel, token)


@pytest.fixture
def service(server: ServerProcess) -> Iterator[Service]:
    """As a caller who may everything."""
    yield from service_of(server, server.token)


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of a test's own."""
    return ServedPlant(client, prefix=f"A{next(_numbers)}")


def action(plant: ServedPlant, kind: str, lot: str = "", quantity: float | None = None, **more: Any) -> InventoryAction:
    """An action of milk, at the silo where its type needs one location."""
    values: dict[str, Any] = {"material_id_or_path": plant.milk.path}
    if kind in {"PRODUCE", "UNCONSUME", "RECEIVE"}:
        values |= {"destination_location_id_or_path": plant.silo.path, "create_lot_if_not_found": True}
    elif kind != "STATUS_CHANGE":
        values["source_location_id_or_path"] = plant.silo.path
    if lot:
        values["lot_id_or_name"] = lot
    if quantity is not None:
        values["quantity"] = quantity
    number = enums_pb2.InventoryActionType.Value(f"INVENTORY_ACTION_TYPE_{kind}")
    return InventoryAction(type=number, **(values | more))


def told(answer: pb.ExecuteInventoryActionsResponse) -> list[tuple[str, str, float]]:
    """Type, lot and quantity of each record."""
    return [
        (
            enums_pb2.LotRecordType.Name(record.lot_record_type).removeprefix("LOT_RECORD_TYPE_"),
            record.inventory_lot_name,
            record.quantity,
        )
        for record in answer.inventory_lot_records
    ]


def violated(error: LotkeeperError) -> list[str]:
    """The fields at fault."""
    return sorted(violation.field for violation in error.field_violations)


def test_mixed_actions_in_one_call(server: ServerProcess, service: Service, plant: ServedPlant) -> None:
    """Every type once, each seeing what the ones before it did."""
    tank = plant.location("Tank")
    order = plant.client.save_production_order(
        master_data_pb2.ProductionOrder(
            name=f"{plant.prefix} order", product_material_id=plant.milk.id, unit_of_measure_id=plant.kg.id
        )
    )
    answer = service.act(
        action(
            plant,
            "PRODUCE",
            "L",
            100,
            production_order_id_or_name=order.name,
            increment_production_order_count=True,
            inventory_name="pallet",
        ),
        action(plant, "RECEIVE", "R", 10),
        action(plant, "UNCONSUME", "L", 5),
        action(plant, "CONSUME", quantity=50),
        action(plant, "SHIP", "L", 1),
        action(plant, "RETURN", "L", 1),
        action(plant, "SCRAP", "L", 1),
        action(plant, "RECEIVE_AND_CONSUME", "L", 3),
        action(plant, "MOVE", "L", 20, destination_location_id_or_path=tank.id),
        action(plant, "SPLIT", "L", 2, new_lot_name="S", notes="a sample", spare1="x"),
        action(plant, "MERGE", "R", secondary_lot_id_or_name="S"),
        action(plant, "EDIT", "L", 1000, unit_of_measure_symbol=plant.kg.symbol),
        action(plant, "STATUS_CHANGE", "L", lot_status=enums_pb2.LOT_STATUS_QA_HOLD),
        action(plant, "SCRAP_ALL"),
    )
    assert told(answer) == [
        ("PRODUCE", "L", 100.0),
        ("RECEIVE", "R", 10.0),
        ("UNCONSUME", "L", 5.0),
        ("CONSUME", "L", 50.0),
        ("SHIP", "L", 1.0),
        ("RETURN", "L", 1.0),
        ("SCRAP", "L", 1.0),
        ("RECEIVE", "L", 3.0),
        ("CONSUME", "L", 3.0),
        ("MOVE", "L", 20.0),
        ("SPLIT", "L", 2.0),
        ("MERGE", "R", 2.0),
        ("EDIT", "L", 970.0),
        ("STATUS_CHANGE", "L", 0.0),
        ("SCRAP", "L", 1000.0),
        ("SCRAP", "R", 12.0),
    ]
    assert list(answer.action_indexes) == [0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12, 13, 13]
    assert answer.inventory_lot_records[9].inventory_name == "pallet"
    split = answer.inventory_lot_records[10]
    assert (split.notes, split.spare1, split.secondary_inventory_lot_name) == ("a sample", "x", "S")
    assert plant.stock() == {"L": 0.0, "R": 0.0, "S": 0.0}
    assert plant.stock(tank) == {"L": 20.0}
    assert plant.client.get_production_order(order.id).quantity_produced == 100.0
    closed = plant.client.get_lot("S", material_id_or_path=plant.milk.id)
    assert closed.status == enums_pb2.LOT_STATUS_CLOSED
    server.verify()


def test_what_passes_through_shows_and_makes_no_row(
    server: ServerProcess, service: Service, plant: ServedPlant
) -> None:
    """The books are right, also as of any moment; its CONSUME can be taken back."""
    answer = service.act(action(plant, "RECEIVE_AND_CONSUME", "L", 3, create_lot_if_not_found=True))
    received, consumed = answer.inventory_lot_records
    assert (received.source_quantity_change, received.destination_quantity_change) == (0.0, 3.0)
    assert (consumed.source_quantity_change, consumed.destination_quantity_change) == (-3.0, 0.0)
    assert plant.stock() == {}
    server.verify()
    with pytest.raises(LotkeeperError) as error:
        service.reverse(received.id)
    assert error.value.reason == "INSUFFICIENT_INVENTORY"
    between = time.time_ns() // 1_000_000
    service.reverse(consumed.id)
    assert plant.stock() == {"L": 3.0}
    place = plant.silo.id
    assert list(plant.client.list_inventory(location_id_or_path=place, as_of_millis=between - 1)) == []
    (row,) = plant.client.list_inventory(location_id_or_path=place, as_of_millis=time.time_ns() // 1_000_000)
    assert row.quantity == 3.0
    server.verify()


def test_a_merge_reversed_over_the_wire_puts_back_date_and_status(
    server: ServerProcess, service: Service, plant: ServedPlant
) -> None:
    """Each read from the store again; the records say nothing of it but the reversal."""
    later, sooner = datetime(2039, 6, 30, tzinfo=UTC), datetime(2038, 12, 5, tzinfo=UTC)
    kept, gone = (plant.lot(name, expiration_date=date) for name, date in (("K", later), ("G", sooner)))
    service.act(action(plant, "PRODUCE", "K", 5), action(plant, "PRODUCE", "G", 3))
    (merge,) = service.act(action(plant, "MERGE", "K", secondary_lot_id_or_name="G")).inventory_lot_records
    merged, closed = plant.client.get_lot(kept.id), plant.client.get_lot(gone.id)
    assert merged.expiration_date.ToDatetime(UTC) == sooner
    assert closed.status == enums_pb2.LOT_STATUS_CLOSED
    service.reverse(merge.id)
    back, open_again = plant.client.get_lot(kept.id), plant.client.get_lot(gone.id)
    assert (back.expiration_date.ToDatetime(UTC), back.version) == (later, merged.version + 1)
    assert (open_again.status, open_again.version) == (enums_pb2.LOT_STATUS_OPEN, closed.version + 1)
    assert not open_again.HasField("closed_date")
    assert plant.stock() == {"K": 5.0, "G": 3.0}
    records = list(plant.client.list_inventory_lot_records(lot_id_or_name=gone.id))
    assert [enums_pb2.LotRecordType.Name(one.lot_record_type) for one in records] == [
        f"LOT_RECORD_TYPE_{kind}" for kind in ("MERGE", "MERGE", "PRODUCE")
    ]
    server.verify()


def test_a_held_lot_is_not_moved_out_of_the_plant(service: Service, plant: ServedPlant) -> None:
    """To a dock that keeps no stock; within the plant it may be moved."""
    dock = plant.location("Dock", lot_storage_strategy=enums_pb2.LOT_STORAGE_STRATEGY_NO_STORAGE)
    shelf = plant.location("Quarantine")
    service.act(
        action(plant, "PRODUCE", "L", 100), action(plant, "STATUS_CHANGE", "L", lot_status=enums_pb2.LOT_STATUS_QA_HOLD)
    )
    with pytest.raises(LotkeeperError) as error:
        service.act(action(plant, "MOVE", "L", 40, destination_location_id_or_path=dock.id))
    assert error.value.reason == "LOT_STATUS_FORBIDS"
    assert error.value.metadata == {"lot": "L", "lot_status": "QA_HOLD", "operation_type": "MOVE", "index": "0"}
    service.act(action(plant, "MOVE", "L", 40, destination_location_id_or_path=shelf.id))
    assert (plant.stock(), plant.stock(shelf)) == ({"L": 60.0}, {"L": 40.0})


def test_every_reversal_over_the_wire_leaves_what_there_was(
    server: ServerProcess, service: Service, plant: ServedPlant
) -> None:
    """From the last to the first, each read from the store again."""
    tank = plant.location("Tank", lot_storage_strategy=enums_pb2.LOT_STORAGE_STRATEGY_MERGE_INTO_PREVIOUS)
    service.act(action(plant, "PRODUCE", "L", 100), action(plant, "PRODUCE", "T", 1))
    before = plant.stock()
    answer = service.act(
        action(plant, "MOVE", "T", 1, destination_location_id_or_path=tank.id),
        action(plant, "CONSUME", "L", 10, secondary_lot_id_or_name="T", secondary_material_id_or_path=plant.milk.id),
        action(plant, "MOVE", "L", 5, destination_location_id_or_path=tank.id),
        action(plant, "SPLIT", "L", 2, new_lot_name="S"),
        action(plant, "MERGE", "L", secondary_lot_id_or_name="S"),
        action(plant, "EDIT", "L", 1),
        action(plant, "RECEIVE_AND_CONSUME", "L", 3),
        action(plant, "SCRAP_ALL"),
    )
    server.verify()
    for record in reversed(answer.inventory_lot_records):
        undone = service.reverse(record.id, notes="undone")
        assert (undone.reverses_record_id, undone.quantity, undone.notes) == (record.id, -record.quantity, "undone")
        marked = plant.client.get_inventory_lot_record(record.id)
        assert (marked.reversed_by_record_id, marked.notes) == (undone.id, "")
    assert {lot: quantity for lot, quantity in plant.stock().items() if quantity} == before
    assert {lot: quantity for lot, quantity in plant.stock(tank).items() if quantity} == {}
    assert plant.client.get_lot("L", material_id_or_path=plant.milk.id).total_quantity == 100.0
    server.verify()
    with pytest.raises(LotkeeperError) as error:
        service.reverse(answer.inventory_lot_records[0].id)
    assert (error.value.reason, list(error.value.metadata)) == ("ALREADY_REVERSED", ["inventory_lot_record_id"])
    with pytest.raises(LotkeeperError) as error:
        service.reverse(undone.id)
    assert (error.value.reason, error.value.metadata["cause"]) == ("NOT_REVERSIBLE", "REVERSAL")


def test_a_refused_action_undoes_all_and_names_its_index_and_path(service: Service, plant: ServedPlant) -> None:
    """Metadata and field paths from the request's root."""
    error = service.refused(action(plant, "PRODUCE", "L", 1), action(plant, "CONSUME", "No", 1))
    assert (error.reason, error.metadata["index"], violated(error)) == (
        "LOT_NOT_FOUND",
        "1",
        ["actions[1].lot_id_or_name"],
    )
    assert plant.stock() == {}


def test_faults_of_shape_of_all_actions_are_reported_together(service: Service, plant: ServedPlant) -> None:
    """With the first index; a fault of the call itself takes the index away."""
    bad = [
        action(plant, "PRODUCE", "L", 1),
        action(plant, "SPLIT", "L", new_lot_name="01JPAND53P-BZ61RZHZ-V7C6EEHG"),
        InventoryAction(),
        InventoryAction(type=99),  # type: ignore[arg-type]
    ]
    error = service.refused(*bad)
    assert violated(error) == [
        "actions[1].new_lot_name",
        "actions[1].quantity",
        "actions[2].type",
        "actions[3].type",
    ]
    assert (error.reason, error.metadata["index"]) == ("INVALID_ARGUMENT", "1")
    error = service.refused(*bad, request_id="\x7f")
    assert violated(error)[-1] == "request_id"
    assert "index" not in error.metadata
    for count in (0, 1001):
        error = service.refused(*[bad[0]] * count)
        assert (violated(error), "index" in error.metadata) == (["actions"], False)


def test_each_type_needs_its_own_permission_before_the_shape_is_looked_at(
    server: ServerProcess, plant: ServedPlant
) -> None:
    """A role of one type may that one and no other, a role of their parent all; the first one at fault is named."""
    every = {name: InventoryAction(type=enums_pb2.InventoryActionType.Value(name)) for name in TYPES}
    with grpc.insecure_channel(server.address) as channel:
        mover, writer = (
            Service(channel, _token(server, permission)) for permission in ("INVENTORY.WRITE.MOVE", "INVENTORY.WRITE")
        )
        for name, malformed in every.items():
            permission = name.replace("INVENTORY_ACTION_TYPE_", "INVENTORY.WRITE.")
            assert writer.refused(malformed).reason == "INVALID_ARGUMENT"
            error = mover.refused(every["INVENTORY_ACTION_TYPE_MOVE"], InventoryAction(), malformed)
            if name == "INVENTORY_ACTION_TYPE_MOVE":
                assert (error.reason, error.metadata["index"]) == ("INVALID_ARGUMENT", "0")
            else:
                assert (error.reason, error.metadata["permission"]) == ("PERMISSION_DENIED", permission)
                assert error.metadata["index"] == "2"
            assert permission in plant.client.list_permissions().permissions


def test_a_revoked_token_counts_for_the_next_call(server: ServerProcess, plant: ServedPlant) -> None:
    """Taken away by another process; memory is not trusted."""
    held = _token(server, "INVENTORY.WRITE.PRODUCE")
    with grpc.insecure_channel(server.address) as channel:
        mine = Service(channel, held)
        assert mine.refused(action(plant, "SCRAP", "L", 1)).reason == "PERMISSION_DENIED"
        assert told(mine.act(action(plant, "PRODUCE", "L", 5))) == [("PRODUCE", "L", 5.0)]
        assert server.run("token", "revoke", "--name", "inventory.write.produce").returncode == 0
        assert mine.refused(action(plant, "PRODUCE", "L", 5)).reason == "UNAUTHENTICATED"


def test_a_repeat_gets_its_records_and_indexes_again(
    server: ServerProcess, service: Service, plant: ServedPlant
) -> None:
    """Also with the material by id in another form and the path with a slash in front."""
    asked = [action(plant, "PRODUCE", "L", 5), action(plant, "RECEIVE_AND_CONSUME", "L", 1)]
    request_id = str(uuid.uuid4())
    first = service.act(*asked, request_id=request_id)
    asked[0].destination_location_id_or_path = f"/{plant.silo.path}"
    again = service.act(*asked, request_id=request_id)
    assert again == first
    assert list(again.action_indexes) == [0, 1, 1]
    assert plant.stock() == {"L": 5.0}
    asked[0].quantity = 6
    error = service.refused(*asked, request_id=request_id)
    assert (error.reason, violated(error), "index" in error.metadata) == ("REQUEST_ID_REUSED", ["request_id"], False)
    reversal = str(uuid.uuid4())
    undone = service.reverse(first.inventory_lot_records[0].id, request_id=reversal)
    assert service.reverse(first.inventory_lot_records[0].id, request_id=reversal) == undone
    server.verify()


def test_many_equal_requests_with_one_id_are_done_once(server: ServerProcess, plant: ServedPlant) -> None:
    """In flight together; all get the same answer."""
    request_id = str(uuid.uuid4())

    def caller(_number: int) -> bytes:
        with grpc.insecure_channel(server.address) as channel:
            own = Service(channel, server.token)
            return own.act(action(plant, "PRODUCE", "L", 5), request_id=request_id).SerializeToString()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(caller, range(16)))) == 1
    assert plant.stock() == {"L": 5.0}


def test_a_dry_run_answers_what_would_be_written(service: Service, plant: ServedPlant) -> None:
    """Without ids that do not exist; nothing is kept, no request id either."""
    asked = [action(plant, "PRODUCE", "L", 5), action(plant, "SPLIT", "L", 1, new_lot_name="S")]
    request_id = str(uuid.uuid4())
    answer = service.act(*asked, request_id=request_id, validate_only=True)
    assert told(answer) == [("PRODUCE", "L", 5.0), ("SPLIT", "L", 1.0)]
    assert {record.id for record in answer.inventory_lot_records} == {""}
    assert answer.inventory_lot_records[1].secondary_inventory_lot_id == ""
    assert plant.stock() == {}
    done = service.act(*asked, request_id=request_id)
    undone = service.reverse(done.inventory_lot_records[1].id, validate_only=True)
    assert (undone.id, undone.quantity, plant.stock()) == ("", -1.0, {"L": 4.0, "S": 1.0})


def test_a_thousand_mixed_actions_in_one_call(server: ServerProcess, service: Service, plant: ServedPlant) -> None:
    """Exact and in a few seconds; undone by one refusal at their end."""
    room = {"storage_capacity": 1e6, "storage_capacity_unit_id": plant.kg.id}
    tanks = [plant.location(f"Tank {number}", **room).path for number in range(3)]
    seeded = random.Random(7)
    lots = [f"L{number}" for number in range(100)]
    into = {"secondary_material_id_or_path": plant.milk.path, "create_lot_if_not_found": True}

    def one_of(kind: str, lot: str) -> InventoryAction:
        match kind:
            case "MOVE":
                return action(plant, kind, lot, 1.5, destination_location_id_or_path=seeded.choice(tanks))
            case "CONSUME":
                return action(plant, kind, lot, 0.1, secondary_lot_id_or_name=f"B{lot}", **into)
            case "SPLIT":
                return action(plant, kind, lot, 0.2, new_lot_name=f"S{next(_numbers)}")
            case "EDIT":
                return action(plant, kind, lot, 990.000001)
            case "STATUS_CHANGE":
                return action(plant, kind, lot, lot_status=enums_pb2.LOT_STATUS_AVAILABLE)
            case _:
                return action(plant, kind, quantity=0.3)

    kinds = ["MOVE", "CONSUME", "SPLIT", "EDIT", "STATUS_CHANGE", "SHIP"]
    asked = [action(plant, "PRODUCE", lot, 1000) for lot in lots]
    asked += [one_of(seeded.choice(kinds), seeded.choice(lots)) for _ in range(900)]
    refused = service.refused(*asked[:999], action(plant, "CONSUME", "L1", 1e9))
    assert (refused.reason, refused.metadata["index"], plant.stock()) == ("INSUFFICIENT_INVENTORY", "999", {})
    began = time.monotonic()
    answer = service.act(*asked, request_id="a thousand")
    seconds = time.monotonic() - began
    assert service.act(*asked, request_id="a thousand") == answer
    assert list(answer.action_indexes) == list(range(1000))
    assert len(answer.inventory_lot_records) == 1000
    assert seconds < 20, f"{seconds:.1f} s"
    server.verify()


def test_a_call_of_too_many_records_has_no_index(service: Service, plant: ServedPlant) -> None:
    """And writes nothing."""
    through = action(plant, "RECEIVE_AND_CONSUME", "L", 1, create_lot_if_not_found=True)
    error = service.refused(*[through] * 501)
    assert (error.reason, "index" in error.metadata) == ("TOO_MANY_RECORDS", False)
    notes = action(plant, "RECEIVE_AND_CONSUME", "L", 1, create_lot_if_not_found=True, notes="x" * 4000)
    error = service.refused(*[notes] * 500)
    assert (error.reason, "index" in error.metadata) == ("TOO_MANY_RECORDS", False)


def test_an_annotation_is_read_back(server: ServerProcess, service: Service, plant: ServedPlant) -> None:
    """Present but empty clears, absent leaves as it is."""
    (record,) = service.act(action(plant, "PRODUCE", "L", 5, notes="old", spare2="two")).inventory_lot_records
    annotated = service.annotate(record.id, notes="new\twith a tab", spare1="one", spare2="")
    assert plant.client.get_inventory_lot_record(record.id) == annotated
    assert (annotated.notes, annotated.spare1, annotated.spare2, annotated.version) == (
        "new\twith a tab",
        "one",
        "",
        2,
    )
    with pytest.raises(LotkeeperError) as error:
        service.annotate("", notes="x" * 4001)
    assert violated(error.value) == ["inventory_lot_record_id", "notes"]
    with pytest.raises(LotkeeperError) as error:
        service.annotate(plant.milk.id, notes="x")
    assert error.value.reason == "INVENTORY_LOT_RECORD_NOT_FOUND"
    server.verify()


def test_metadata_of_a_row(service: Service, plant: ServedPlant) -> None:
    """Its name and its order; a row that is not there is not found."""
    order = plant.client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} order"))
    service.act(action(plant, "PRODUCE", "L", 5))
    row = {
        "lot_id_or_name": "L",
        "material_id_or_path": plant.milk.path,
        "location_id_or_path": plant.silo.path,
    }
    inventory = service.set_metadata(**row, name="pallet", production_order_id_or_name=order.name)
    assert (inventory.name, inventory.production_order_id, inventory.quantity) == ("pallet", order.id, 5.0)
    assert service.set_metadata(**row) == inventory
    (listed,) = plant.client.list_inventory(location_id_or_path=plant.silo.id)
    assert listed == inventory
    inventory = service.set_metadata(**row, name="", production_order_id_or_name="")
    assert (inventory.name, inventory.production_order_id) == ("", "")
    with pytest.raises(LotkeeperError) as error:
        service.set_metadata(**(row | {"location_id_or_path": plant.location("Empty").id}), name="x")
    assert (error.value.reason, error.value.metadata["name"]) == ("INVENTORY_NOT_FOUND", "L")
    with pytest.raises(LotkeeperError) as error:
        service.set_metadata(name=" x")
    assert violated(error.value) == ["location_id_or_path", "lot_id_or_name", "name"]


def test_a_status_saved_writes_the_record_that_the_action_writes(service: Service, plant: ServedPlant) -> None:
    """With the other fields of the save, in one version; the closing moment follows."""
    lot = plant.lot("L")
    lot.status = enums_pb2.LOT_STATUS_CLOSED
    lot.notes = "done"
    saved = plant.client.save_lot(lot)
    assert (saved.version, saved.notes, saved.HasField("closed_date")) == (2, "done", True)
    (record,) = service.act(
        action(plant, "STATUS_CHANGE", "L", lot_status=enums_pb2.LOT_STATUS_OPEN)
    ).inventory_lot_records
    acted, by_save = plant.client.list_inventory_lot_records(lot_id_or_name=saved.id)
    assert acted == record
    for written in (acted, by_save):
        for name in ("id", "start_date", "end_date", "created_date", "lot_status"):
            written.ClearField(name)
    assert acted == by_save
    opened = plant.client.get_lot(saved.id)
    assert (opened.version, opened.HasField("closed_date")) == (3, False)


def test_concurrent_actions_on_the_same_lots_end_exact(
    server: ServerProcess, service: Service, plant: ServedPlant
) -> None:
    """Moves to and fro by many callers, with reversals between; nothing is lost and nothing made."""
    tank = plant.location("Tank")
    lots = [f"L{number}" for number in range(4)]
    service.act(*[action(plant, "PRODUCE", lot, 100) for lot in lots])
    reasons: Counter[str] = Counter()
    lock = threading.Lock()

    def caller(number: int) -> None:
        seeded = random.Random(number)
        with grpc.insecure_channel(server.address) as channel:
            own = Service(channel, server.token)
            for _ in range(25):
                there = {"destination_location_id_or_path": tank.path}
                back = {
                    "source_location_id_or_path": tank.path,
                    "destination_location_id_or_path": plant.silo.path,
                }
                moves = [
                    action(plant, "MOVE", lot, seeded.choice([0.1, 7, 33]), **seeded.choice([there, back]))
                    for lot in seeded.sample(lots, 2)
                ]
                try:
                    records = own.act(*moves).inventory_lot_records
                    if seeded.random() < 0.3:
                        own.reverse(records[0].id)
                except LotkeeperError as error:
                    with lock:
                        reasons[error.reason] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(caller, range(8)))
    assert set(reasons) <= {"INSUFFICIENT_INVENTORY"}
    silo, elsewhere = plant.stock(), plant.stock(tank)
    assert {lot: round(silo.get(lot, 0) + elsewhere.get(lot, 0), 6) for lot in lots} == dict.fromkeys(lots, 100.0)
    server.verify()


def test_a_killed_server_keeps_all_of_a_call_or_nothing(own_server: ServerProcess) -> None:
    """Calls in flight while it is killed: what was acknowledged is there, whole."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client, prefix="K")
        plant.location("Tank")
    acknowledged: list[int] = []
    stopped = threading.Event()

    def caller() -> None:
        with grpc.insecure_channel(own_server.address) as channel:
            own = Service(channel, own_server.token)
            for number in itertools.count():
                one = f"L{number}"
                try:
                    own.act(
                        action(plant, "PRODUCE", one, 10),
                        action(plant, "MOVE", one, 4, destination_location_id_or_path="K Tank"),
                        action(plant, "SPLIT", one, 1, new_lot_name=f"S{number}"),
                    )
                except LotkeeperError:
                    return
                acknowledged.append(number)
                if number == 20:
                    stopped.set()

    thread = threading.Thread(target=caller)
    thread.start()
    assert stopped.wait(30)
    own_server.kill()
    thread.join(30)
    own_server.start()
    own_server.verify()
    with Client(own_server.address, token=own_server.token) as client:
        plant.client = client
        silo, tank = plant.stock(), plant.stock(client.get_location("K Tank"))
    for number in acknowledged:
        assert (silo[f"L{number}"], silo[f"S{number}"], tank[f"L{number}"]) == (5.0, 1.0, 4.0)
    assert len(tank) * 2 == len(silo)


def _token(server: ServerProcess, permission: str) -> str:
    """A token of a role of one permission."""
    role = permission.lower()
    assert server.run("role", "create", role, "--permission", permission).returncode == 0
    return server.run("token", "create", "--name", role, "--role", role).stdout.strip()


def test_a_lot_by_id_needs_no_material(service: Service, plant: ServedPlant) -> None:
    """Its own says it."""
    lot: inventory_lot_pb2.InventoryLot = plant.lot("L")
    answer = service.act(action(plant, "PRODUCE", lot.id, 1, material_id_or_path=""))
    assert answer.inventory_lot_records[0].material_path == plant.milk.path
