"""Effects are as if calls had run one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from lotkeeper import Client, FailedPrecondition, InvalidArgument, LotkeeperError
from lotkeeper.inventory.v1 import enums_pb2, master_data_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import ServedPlant
from tests.server_process import ServerProcess

CLIENTS = 16


def test_sixteen_clients_on_one_lot_end_with_exact_stock(server: ServerProcess, client: Client) -> None:
    """600 removals of 1 from 500: exactly 500 succeed."""
    plant = ServedPlant(client)
    client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 500.0)
    consume = plant.operation("CONSUME")
    refused = []

    def caller(_number: int) -> None:
        with Client(server.address, token=server.token) as own:
            for _ in range(600 // CLIENTS):
                try:
                    own.execute_inventory_operation(consume.id, "L", 1.0)
                except FailedPrecondition as error:
                    refused.append(error.reason)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(caller, range(CLIENTS)))
    done = 600 // CLIENTS * CLIENTS - len(refused)
    assert (done, set(refused)) == (500, {"INSUFFICIENT_INVENTORY"})
    assert plant.stock() == {"L": 0.0}
    server.verify()


def test_sixteen_clients_on_many_lots_end_with_exact_stock(server: ServerProcess, client: Client) -> None:
    """Everybody makes and uses lots that others make and use."""
    plant = ServedPlant(client)
    produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
    expected = dict.fromkeys((f"L{number}" for number in range(10)), 0.0)
    lock = threading.Lock()

    def caller(number: int) -> None:
        with Client(server.address, token=server.token) as own:
            for step in range(30):
                lot = f"L{(number + step) % 10}"
                own.execute_inventory_operation(produce.id, lot, 0.3)
                own.execute_inventory_operation(consume.id, lot, 0.1)
                with lock:
                    expected[lot] += 2

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(caller, range(CLIENTS)))
    assert plant.stock() == {lot: tenths / 10 for lot, tenths in expected.items()}
    server.verify()


def test_equal_requests_in_flight_are_done_once(server: ServerProcess, client: Client) -> None:
    """All get the same answer; a different request under the id is refused; so it is after a restart."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")

    def caller(_number: int) -> str:
        with Client(server.address, token=server.token) as own:
            return own.execute_inventory_operation(produce.id, "L", 1.0, request_id="same").id

    with ThreadPoolExecutor(CLIENTS) as pool:
        ids = set(pool.map(caller, range(CLIENTS)))
    assert len(ids) == 1
    assert plant.stock() == {"L": 1.0}
    with pytest.raises(InvalidArgument) as refused:
        client.execute_inventory_operation(produce.id, "L", 2.0, request_id="same")
    assert refused.value.reason == "REQUEST_ID_REUSED"
    server.terminate()
    server.start()
    with Client(server.address, token=server.token) as own:
        canonical = produce.id.replace("-", "").lower()
        again = own.execute_inventory_operation(canonical, "L", 1.0000000001, request_id="same")
    assert {again.id} == ids


def test_refusals_leave_a_connection_usable(server: ServerProcess, client: Client) -> None:
    """Many more of them at once than a connection may have calls in progress."""
    consume = ServedPlant(client).operation("CONSUME")
    with Client(server.address, token=server.token) as own:

        def caller(_number: int) -> set[str]:
            reasons = set()
            for _ in range(30):
                with pytest.raises(LotkeeperError) as refused:
                    own.execute_inventory_operation(consume.id, "none", 1.0)
                reasons.add(refused.value.reason)
            return reasons

        with ThreadPoolExecutor(CLIENTS) as pool:
            assert set().union(*pool.map(caller, range(CLIENTS))) == {"LOT_NOT_FOUND"}


def test_refused_saves_leave_a_connection_usable(server: ServerProcess) -> None:
    """One after another, so that nothing but the refusal itself could free what it held."""
    with Client(server.address, token=server.token) as own:
        for _ in range(200):
            with pytest.raises(LotkeeperError) as refused:
                own.save_location(master_data_pb2.Location(name="X", parent_path="No/Such"))
            assert refused.value.reason == "LOCATION_NOT_FOUND"


def test_of_two_starts_one_wins(server: ServerProcess, client: Client) -> None:
    """And of two stops of it one."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")

    def attempt(work: str) -> str:
        with Client(server.address, token=server.token) as own:
            try:
                if work == "start":
                    own.start_inventory_operation(produce.id, primary_lot_id_or_name="L")
                else:
                    own.stop_inventory_operation(produce.id, 1.0)
            except FailedPrecondition as error:
                return error.reason
            return "done"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, ["start"] * 8)) == ["OPERATION_ALREADY_RUNNING"] * 7 + ["done"]
        assert sorted(pool.map(attempt, ["stop"] * 8)) == ["OPERATION_NOT_RUNNING"] * 7 + ["done"]
    assert plant.stock() == {"L": 1.0}


def test_a_location_of_one_lot_holds_one_lot_whoever_comes(server: ServerProcess, client: Client) -> None:
    """Sixteen lots want in at the same moment."""
    plant = ServedPlant(client)
    tank = plant.location("Tank", lot_storage_strategy=enums_pb2.LOT_STORAGE_STRATEGY_ALLOW_SINGLE_OR_THROW)
    produce = plant.operation("PRODUCE", destination_location_id=tank.id)

    def attempt(number: int) -> str:
        with Client(server.address, token=server.token) as own:
            try:
                own.execute_inventory_operation(produce.id, f"L{number}", 1.0)
            except FailedPrecondition as error:
                return error.reason
            return "done"

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert sorted(pool.map(attempt, range(CLIENTS))) == ["LOCATION_HOLDS_ANOTHER_LOT"] * 15 + ["done"]


def test_a_saved_definition_counts_for_every_call_that_begins_after(client: Client) -> None:
    """Switched off and on, again and again."""
    plant = ServedPlant(client)
    produce = plant.operation("PRODUCE")
    for _ in range(20):
        produce.enabled = not produce.enabled
        produce = client.save_inventory_operation(produce)
        if produce.enabled:
            client.execute_inventory_operation(produce.id, "L", 1.0)
        else:
            with pytest.raises(FailedPrecondition):
                client.execute_inventory_operation(produce.id, "L", 1.0)


def test_a_batch_answers_every_request_by_itself(client: Client) -> None:
    """And all or nothing names the first at fault."""
    plant = ServedPlant(client)
    produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")

    def request(operation: str, quantity: float) -> pb.ExecuteInventoryOperationRequest:
        return pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=operation, primary_lot_id_or_name="L", quantity=quantity
        )

    wanted = [request(produce.id, 2), request(consume.id, 3), request("nonsense", 1), request(consume.id, 2)]
    results = client.batch_execute_inventory_operations(wanted)
    assert [result.WhichOneof("result") for result in results] == ["response", "status", "status", "response"]
    assert plant.stock() == {"L": 0.0}
    with pytest.raises(FailedPrecondition) as refused:
        client.batch_execute_inventory_operations(wanted[:2], all_or_nothing=True)
    assert refused.value.index == 1
    with pytest.raises(InvalidArgument) as malformed:
        client.batch_execute_inventory_operations(wanted, all_or_nothing=True)
    assert [one.field for one in malformed.value.field_violations] == ["requests[2].inventory_operation_id"]
    assert plant.stock() == {"L": 0.0}
