"""What an operator reads: a line for each call that did not go well, none for others, and no line that repeats one."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import grpc
import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.certificates import made_certificate
from tests.logged import SECONDS_MAX, awaited_line, lines_about, lines_of
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXECUTE = "/lotkeeper.inventory.v1.InventoryOperationService/ExecuteInventoryOperation"
METHOD = EXECUTE.removeprefix("/").replace("/", ".")
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALL_EVENTS = ("call_failed", "call_refused", "call_slow")


def told_of_calls(server: ServerProcess) -> list[str]:
    """The events of calls, in order."""
    return [line["event"] for line in lines_of(server) if line["event"] in CALL_EVENTS]


def executed(channel: grpc.Channel, request: pb.ExecuteInventoryOperationRequest, **metadata: str) -> None:
    """One call without the client, whose retries would hide a refusal."""
    channel.unary_unary(EXECUTE)(request.SerializeToString(), metadata=list(metadata.items()), timeout=30)


def test_a_call_that_is_fine_writes_no_line(tmp_path: Path) -> None:
    """An operator reads what went wrong, not what went well."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        plant = ServedPlant(client)
        receive = plant.operation("RECEIVE")
        for number in range(20):
            client.execute_inventory_operation(receive.id, f"LOT-{number}", 5.0)
        client.list_lots()
        server.terminate()
        assert told_of_calls(server) == []


def test_a_refused_call_writes_one_line_that_says_whose_it_was_and_why(tmp_path: Path) -> None:
    """With what it takes to find the call on the caller's side: request id, trace id, peer."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        consume = ServedPlant(client).operation("CONSUME")
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=consume.id, primary_lot_id_or_name="NO-SUCH-LOT", quantity=1, request_id="order-4711"
        )
        with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
            executed(
                channel,
                request,
                authorization=f"Bearer {server.token}",
                traceparent=f"00-{TRACE_ID}-00f067aa0ba902b7-01",
            )
        line = awaited_line(server, "call_refused")

    assert (line["level"], line["method"], line["code"], line["reason"]) == (
        "info",
        METHOD,
        "NOT_FOUND",
        "LOT_NOT_FOUND",
    )
    assert (line["caller"], line["request_id"], line["trace_id"]) == ("tester", "order-4711", TRACE_ID)
    assert line["peer"].startswith("ipv4:127.0.0.1:")
    assert server.process is not None
    assert line["pid"] == server.process.pid
    assert line["ms"] >= line["waiting_ms"] >= 0
    assert line["deciding_ms"] >= 0
    assert "NO-SUCH-LOT" not in str(line)  # what a caller asks for is not the log's to tell


def test_a_denied_call_is_a_warning_with_its_caller(tmp_path: Path) -> None:
    """Whoever is on call sees that somebody tries what the role does not grant, and who."""
    with ServerProcess(tmp_path) as server:
        server.run("role", "create", "reader", "--permission", "LOT.READ")
        made = server.run("token", "create", "--name", "reader", "--role", "reader")
        token = made.stdout.split()[-1]
        with Client(server.address, token=token) as client, pytest.raises(LotkeeperError):
            client.execute_inventory_operation("01ARZ3NDEKTSV4RRFFQ69G5FAV", "A", 1.0)
        line = awaited_line(server, "call_refused")
        refused = awaited_line(server, "callers_refused")

    assert (line["level"], line["reason"], line["caller"]) == ("warning", "PERMISSION_DENIED", "reader")
    assert refused["principals"] == {"reader": 1}


def test_what_is_refused_again_and_again_is_counted(tmp_path: Path) -> None:
    """Fifty equal refusals are one line, and one that says how many more there were."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        consume = ServedPlant(client).operation("CONSUME")
        for _ in range(50):
            with pytest.raises(LotkeeperError):
                client.execute_inventory_operation(consume.id, "NO-SUCH-LOT", 1.0)
        server.terminate()
        lines = lines_about(server, "call_refused")

    assert len([line for line in lines if "repeated" not in line]) >= 1
    assert sum(line.get("repeated", 1) for line in lines) == 50
    assert len(lines) <= 2 + 50 // 10  # a line and a count in ten seconds, were it so slow


def test_a_locked_store_is_a_slow_call_and_not_a_line_each_time_it_is_tried(tmp_path: Path) -> None:
    """Another program keeps the file to itself for two seconds: the line says that the call waited for that."""
    with (
        ServerProcess(tmp_path, ("--slow-call-seconds", "0.5")) as server,
        Client(server.address, token=server.token) as client,
    ):
        receive = ServedPlant(client).operation("RECEIVE")
        locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        calls = [
            threading.Thread(target=client.execute_inventory_operation, args=(receive.id, f"LOT-{number}", 1.0))
            for number in range(4)
        ]
        for call in calls:
            call.start()
        time.sleep(2)  # as long as it is locked
        locker.execute("ROLLBACK")
        for call in calls:
            call.join()
        locker.close()
        line = awaited_line(server, "call_slow")
        server.terminate()
        lines = lines_of(server)

    assert (line["level"], line["code"], line["method"], line["caller"]) == ("warning", "OK", METHOD, "tester")
    assert line["ms"] > 500
    assert line["waiting_ms"] > line["committing_ms"]
    of_this = [one for one in lines if one["level"] in {"warning", "error"} or one["event"] == "transaction_refused"]
    assert len(of_this) <= 6, of_this


def test_a_caller_who_gives_up_is_a_slow_call(tmp_path: Path) -> None:
    """Its deadline passed while it waited: nobody else would tell of it. Its own side may be the first to say so."""
    with (
        ServerProcess(tmp_path, ("--slow-call-seconds", "0.3")) as server,
        Client(server.address, token=server.token) as client,
        grpc.insecure_channel(server.address) as channel,
    ):
        receive = ServedPlant(client).operation("RECEIVE")
        request = pb.ExecuteInventoryOperationRequest(
            inventory_operation_id=receive.id, primary_lot_id_or_name="LOT-1", quantity=1
        )
        locker = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(EXECUTE)(
                request.SerializeToString(), metadata=[("authorization", f"Bearer {server.token}")], timeout=1
            )
        locker.execute("ROLLBACK")
        locker.close()
        deadline = time.monotonic() + SECONDS_MAX
        while not (lines := [one for one in lines_of(server) if one["event"] in {"call_refused", "call_slow"}]):
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.05)

    (line,) = lines
    assert (line["event"], line["code"]) in {("call_refused", "DEADLINE_EXCEEDED"), ("call_slow", "CANCELLED")}
    assert (line["level"], line["caller"]) == ("warning", "tester")
    assert line["ms"] >= 900


def test_the_start_says_versions_and_settings_and_the_end_how_long_it_served(tmp_path: Path) -> None:
    """The first thing to know of a server whose log one reads."""
    server = ServerProcess(tmp_path, ("--slow-call-seconds", "2.5"))
    with server:
        server.terminate()
        started, ended = lines_about(server, "server_started"), lines_about(server, "shut_down")

    (line,) = started
    assert line["address"] == server.address
    assert line["versions"].keys() >= {"lotkeeper", "grpcio", "python", "database"}
    assert line["versions"]["database"].startswith("sqlite 3.")
    assert line["settings"]["slow_call_seconds"] == 2.5
    assert ended[0]["seconds_served"] >= 0


def test_what_grpc_writes_to_standard_error_is_a_line_of_the_log(tmp_path: Path) -> None:
    """A client without TLS at a server with it: gRPC's core tells of it by itself, on descriptor 2."""
    certificate, key = made_certificate(tmp_path)
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    with ServerProcess(tmp_path, flags) as server:
        for _ in range(20):
            with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError):
                channel.unary_unary("/a/b")(b"", timeout=5)
        server.terminate()
        lines = lines_of(server)  # each is JSON

    told = [line for line in lines if line["event"] == "library"]
    assert len(told) <= 10, told
