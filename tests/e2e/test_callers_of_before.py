"""Callers of an earlier contract, by stubs and with the client of then, go on working on the server of today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.contract_of_before import BEFORE_LANGUAGE_OPTIONS, EarlierContract, Refused
from tests.earlier_programs import unpack
from tests.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests/story_of_before.py"


@pytest.fixture
def before(server: ServerProcess) -> Iterator[EarlierContract]:
    contract = EarlierContract(server.address, server.token)
    yield contract
    contract.close()


def refused(what: Callable[..., Any], *arguments: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        what(*arguments, **more)
    assert caught.value.domain == "lotkeeper"
    return caught.value


def test_definitions_stock_lists_and_refusals_by_the_stubs_of_before(before: EarlierContract) -> None:
    """Saved, received, consumed, reversed and watched; refused with the reasons and fields that were told then."""
    kg = before.call("SaveUnitOfMeasure", unit_of_measure={"name": "Stub kilogram", "symbol": "stubkg"}).unit_of_measure
    milk = before.call("SaveMaterial", material={"name": "Stub milk", "unit_of_measure_id": kg.id}).material
    place = {"name": "Stub silo", "storage_capacity": 10, "storage_capacity_unit_id": kg.id}
    silo = before.call("SaveLocation", location=place).location
    operations = {}
    for kind, place_of in (("RECEIVE", "destination_location_id"), ("CONSUME", "source_location_id")):
        operation = {
            "name": f"Stub {kind}",
            "operation_type": f"INVENTORY_OPERATION_TYPE_{kind}",
            "primary_lot_resolution_strategy": "LOT_RESOLUTION_STRATEGY_MANUAL",
            "material_id": milk.id,
            "create_lot_if_not_found": True,
            place_of: silo.id,
        }
        answer = before.call("SaveInventoryOperation", inventory_operation=operation)
        operations[kind] = answer.inventory_operation.id

    def execute(kind: str, quantity: float, lot: str = "STUB-1", **more: Any) -> Any:
        given = {"inventory_operation_id": operations[kind], "primary_lot_id_or_name": lot, "quantity": quantity} | more
        return before.call("ExecuteInventoryOperation", **given).inventory_lot_record

    stream = before.stream("WatchInventoryLotRecords", inventory_operation_id=operations["RECEIVE"])
    assert not next(stream).HasField("inventory_lot_record")
    once = {"request_id": "stub-1", "end_date_millis": time.time_ns() // 1_000_000 - 1_500}
    received = execute("RECEIVE", 8, **once)
    assert received.end_date.ToMilliseconds() == once["end_date_millis"]
    assert execute("RECEIVE", 8, **once).id == received.id
    watched = next(one for one in stream if one.HasField("inventory_lot_record"))
    assert (watched.inventory_lot_record.id, bool(watched.resume_token)) == (received.id, True)
    stream.close()
    consumed = execute("CONSUME", 2.5)
    assert (consumed.quantity, consumed.exact_quantity.value, consumed.status) == (
        2.5,
        "2.5",
        before.number("Status", "STATUS_COMPLETED"),
    )
    undone = before.call("ReverseInventoryLotRecord", inventory_lot_record_id=consumed.id).inventory_lot_record
    assert undone.reverses_record_id == consumed.id
    [row] = before.call("ListInventory", location_id_or_path="Stub silo").inventory
    assert (row.inventory_lot_name, row.quantity) == ("STUB-1", 8)
    first = before.call("ListInventoryLotRecords", location_id_or_path=silo.id, page_size=2)
    rest = before.call(
        "ListInventoryLotRecords", location_id_or_path=silo.id, page_size=2, page_token=first.next_page_token
    )
    ids = [one.id for page in (first, rest) for one in page.inventory_lot_records]
    assert sorted(ids) == sorted([received.id, consumed.id, undone.id])
    room = before.call("CheckLocationHasCapacity", location_id_or_path=silo.id, quantity=3, unit_of_measure_id=kg.id)
    assert (room.has_capacity, room.capacity, room.free, room.exact_capacity.value) == (False, 10, 2, "10")

    short = refused(execute, "CONSUME", 9)
    assert (short.code, short.reason, short.metadata["available"]) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "INSUFFICIENT_INVENTORY",
        "8",
    )
    assert refused(execute, "RECEIVE", 3).reason == "LOCATION_CAPACITY_EXCEEDED"
    bad = refused(execute, "CONSUME", -1)
    assert (bad.code, bad.reason, bad.fields) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", ["quantity"])
    unknown = refused(before.call, "GetLot", lot_id_or_name="NO-SUCH", material_id_or_path="Stub milk")
    assert (unknown.code, unknown.reason) == (grpc.StatusCode.NOT_FOUND, "LOT_NOT_FOUND")
    assert refused(execute, "RECEIVE", 7, request_id="stub-1").reason == "REQUEST_ID_REUSED"
    batch = before.call("BatchExecuteInventoryOperations", requests=[{"inventory_operation_id": operations["CONSUME"]}])
    assert batch.results[0].WhichOneof("result") == "status"
    assert batch.results[0].status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_the_client_of_before_does_its_work(server: ServerProcess, tmp_path: Path) -> None:
    """The program is run with the client of that commit, and the server of today."""
    folder = unpack(BEFORE_LANGUAGE_OPTIONS, tmp_path / "before")
    if folder is None:
        pytest.skip(f"the history does not have {BEFORE_LANGUAGE_OPTIONS[:8]}: this is no clone of the repository")
    done = subprocess.run(
        [sys.executable, "-P", PROGRAM, server.address, folder / "client"],
        env=os.environ | {"PYTHONPATH": str(folder / "client"), "LOTKEEPER_TOKEN": server.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "received": "8",
        "repeated": True,
        "stock": {"OLD-1": 8.0},
        "kinds": ["RECEIVE", "CONSUME", "CONSUME"],
        "watched": True,
        "short": ["FailedPrecondition", "INSUFFICIENT_INVENTORY", "8"],
        "wrong": ["InvalidArgument", "INVALID_ARGUMENT", ["quantity"]],
        "unknown": ["NotFound", "LOT_NOT_FOUND"],
        "reused": ["InvalidArgument", "REQUEST_ID_REUSED"],
        "capacity": 10.0,
        "json": {"capacity": 10.0, "hasCapacity": True},
        "traced": ["OLD-1"],
    }
