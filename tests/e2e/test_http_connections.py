"""What clients of all kinds do with connections of HTTP: what was done is always told, and nothing else is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import grpc
import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc

from tests.http2_connection import http2_connection
from tests.http_calls import INVENTORY, SERVICE, HttpPort, http_port, http_server, received
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
LIST = f"{INVENTORY}ListInventory"
REFUSED_STREAM = 7
STREAMS_MAX = 64


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all of them."""
    with http_server(tmp_path_factory.mktemp("server")) as process:
        yield process


@pytest.fixture
def port(server: ServerProcess) -> HttpPort:
    """Where it serves by HTTP."""
    return http_port(server)


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of the test's own."""
    return ServedPlant(client)


def request_by_hand(port: HttpPort, plant: ServedPlant, lot: str, *more: str) -> bytes:
    """One that produces 1 of a lot."""
    operation = plant.operation("PRODUCE").id
    body = json.dumps({"inventoryOperationId": operation, "primaryLotIdOrName": lot, "quantity": 1}).encode()
    return port.head(EXECUTE, f"Content-Length: {len(body)}", *more) + body


def answers_to(port: HttpPort, *pieces: bytes) -> bytes:
    """What comes back for pieces that are sent one after the other, as they would come by a network."""
    with port.socket() as one:
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(0.001)
            one.sendall(piece)
        return received(one)


@pytest.mark.parametrize("rest", [b"\r\n", b"\r\n\r\n", b"X", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"])
def test_what_follows_the_last_request_changes_nothing_of_its_answer(
    port: HttpPort, plant: ServedPlant, rest: bytes
) -> None:
    """Old programs send a line end too much; what was done is not told as a refusal."""
    last = request_by_hand(port, plant, "L", "Connection: close")

    together = [answers_to(port, last + rest) for _ in range(5)]
    later = [answers_to(port, last, rest) for _ in range(10)]

    assert [one.split(b"\r\n")[0] for one in together + later] == [b"HTTP/1.1 200 OK"] * 15
    assert plant.stock() == {"L": 15.0}


def test_empty_lines_before_a_request_are_passed_over(port: HttpPort, plant: ServedPlant) -> None:
    """Before the first, and after a body, whether they come together or not."""
    one = request_by_hand(port, plant, "L")
    last = request_by_hand(port, plant, "L", "Connection: close")

    for pieces in ((b"\r\n" + last,), (b"\r\n", b"\r\n", last), (one + b"\r\n" + last,), (one + b"\r", b"\n", last)):
        came = answers_to(port, *pieces)
        assert came.count(b"HTTP/1.1 200 OK\r\n") == b"".join(pieces).count(b"POST "), came

    assert plant.stock() == {"L": 6.0}


def test_a_connection_goes_on_after_a_line_end_too_much(port: HttpPort, plant: ServedPlant) -> None:
    """Also where nothing else has come when the answer is sent."""
    one = request_by_hand(port, plant, "L")
    with port.socket() as connection:
        for _ in range(5):
            connection.sendall(one + b"\r\n")
            came = b""
            while not came.endswith(b"}]}"):
                piece = connection.recv(65_536)
                assert piece, "the connection has ended"
                came += piece
            assert came.startswith(b"HTTP/1.1 200 OK\r\n")
    assert plant.stock() == {"L": 5.0}


def test_a_status_has_its_phrase(port: HttpPort) -> None:
    """Tools look for it."""
    assert answers_to(port, b"GET /docs HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200 OK\r\n"
    )
    assert answers_to(port, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_head_of_many_short_lines_counts_whole(port: HttpPort) -> None:
    """Its marks are sent, too."""
    lines = "a:b\r\n" * 3_000
    came = answers_to(port, f"GET /docs HTTP/1.1\r\nHost: h\r\n{lines}\r\n".encode())
    assert came.startswith(b"HTTP/1.1 431 ")


def test_requests_beyond_the_limit_are_refused_one_by_one(port: HttpPort, plant: ServedPlant) -> None:
    """A client may send more before it has read what is allowed: those are safe to send again, the others are done."""
    operation = plant.operation("PRODUCE").id
    request = {"inventoryOperationId": operation, "primaryLotIdOrName": "L", "quantity": 1}
    with http2_connection(port) as connection:
        streams = [connection.begin(EXECUTE, request, ends=False) for _ in range(80)]  # a client may begin 100 at first
        taken, surplus = streams[:STREAMS_MAX], streams[STREAMS_MAX:]
        while len(connection.resets) < len(surplus):
            connection.take()
            assert not connection.is_over
        assert connection.resets == dict.fromkeys(surplus, REFUSED_STREAM)

        for one in taken:
            connection.frames.end_stream(one)
        connection.socket.sendall(connection.frames.data_to_send())
        while not all(map(connection.is_answered, taken)):
            connection.take()
        assert {connection.statuses[one] for one in taken} == {200}

        again = [connection.begin(EXECUTE, request) for _ in surplus]
        while not all(map(connection.is_answered, again)):
            connection.take()
    assert plant.stock() == {"L": 80.0}


def test_a_client_of_grpc_is_told_that_this_port_is_not_for_it(port: HttpPort) -> None:
    """In gRPC's own way, so that its library shows the text."""
    with grpc.insecure_channel(f"{port.host}:{port.port}") as channel:
        stub = inventory_service_pb2_grpc.InventoryServiceStub(channel)
        with pytest.raises(grpc.RpcError) as told:
            stub.ListInventory(pb.ListInventoryRequest(), timeout=30)
        assert told.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "gRPC has one of its own" in told.value.details()
        with pytest.raises(grpc.RpcError) as told:
            list(stub.WatchInventoryLotRecords(pb.WatchInventoryLotRecordsRequest(), timeout=30))
        assert told.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("value", ["\ud800", "a\udfff"])
def test_half_a_character_is_refused_wherever_a_text_may_stand(port: HttpPort, value: str) -> None:
    """A name of an enum, too; and whoever has no token hears of that first."""
    for path, request, field in (
        (f"{INVENTORY}ListLots", {"status": value}, "status"),
        (LIST, {"pageToken": value}, "page_token"),
        (f"{INVENTORY}ExecuteInventoryActions", {"actions": [{"type": value}]}, "actions[0].type"),
        (f"{INVENTORY}ExecuteInventoryActions", {"actions": [{"exactQuantity": {"value": value}}]}, None),
    ):
        refused = port.post(path, request)
        assert (refused.status, refused.reason) == (400, "INVALID_ARGUMENT"), path
        if field is not None:
            assert refused.fields == {field: "has half of a character"}
        assert HttpPort(port.host, port.port).post(path, request).status == 401


def test_a_method_that_is_misspelt_or_of_another_service_is_named(port: HttpPort) -> None:
    """Whoever types a path is told the one that was meant."""
    for path in (f"{SERVICE}ExecuteInventoryActions", f"{INVENTORY}ExecuteInventoryAction"):
        refused = port.post(path, {})
        assert refused.status == 404
        meant = f"{INVENTORY}ExecuteInventoryActions"
        assert refused.json["message"] == f"There is no such method here; did you mean {meant}?"
    assert port.post("/x" * 4_000, {}).json["message"] == "There is no such method here."
