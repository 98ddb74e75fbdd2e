"""The methods by HTTP: what gRPC does, in JSON and by Connect and gRPC-Web, through the same gate."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper_server.rpc.server import SERVICES

from tests import stores
from tests.http_calls import (
    CONNECT_JSON,
    INVENTORY,
    JSON,
    SERVICE,
    Answer,
    HttpPort,
    envelopes,
    http_port,
    http_server,
    in_envelope,
    web_answer,
)
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

EXECUTE = f"{SERVICE}ExecuteInventoryOperation"
METHODS = [method for service in SERVICES for method in service.methods]
ORIGIN = "https://plant.example.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all of them."""
    with http_server(tmp_path_factory.mktemp("server"), "--http-allowed-origins", ORIGIN) as process:
        yield process
    stores.give_back(process.database_url)


@pytest.fixture
def port(server: ServerProcess) -> HttpPort:
    """Where it serves by HTTP."""
    return http_port(server)


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of the test's own."""
    return ServedPlant(client)


def path_of(method: Any) -> str:
    """Where a method is."""
    return f"/{method.containing_service.full_name}/{method.name}"


def produced(plant: ServedPlant, lot: str, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """A request in JSON that produces so much."""
    operation = plant.operation("PRODUCE")
    return {"inventoryOperationId": operation.id, "primaryLotIdOrName": lot, "quantity": quantity, **more}


def test_a_call_in_json_executes_and_answers_as_protobuf_maps_it(port: HttpPort, plant: ServedPlant) -> None:
    """Names in lowerCamelCase, enums by name, int64 and exact quantities as texts."""
    answer = port.post(EXECUTE, produced(plant, "L1", 2.5))

    assert answer.status == 200
    assert answer.headers["content-type"] == JSON
    (record,) = answer.json["inventoryLotRecords"]
    assert record["lotRecordType"] == "LOT_RECORD_TYPE_PRODUCE"
    assert record["quantity"] == 2.5
    assert record["exactQuantity"] == {"value": "2.5"}
    assert plant.stock() == {"L1": 2.5}
    listed = port.post(f"{SERVICE}GetInventoryOperation", {"inventoryOperationId": record["inventoryOperationId"]}).json
    assert listed["inventoryOperation"]["version"] == "1"


def test_the_names_of_the_contract_are_taken_too(port: HttpPort, plant: ServedPlant) -> None:
    """As protobuf's JSON has it; one field by both names is refused."""
    request = produced(plant, "L1")
    snake = {
        "inventory_operation_id": request["inventoryOperationId"],
        "primary_lot_id_or_name": "L1",
        "quantity": "1",
    }
    assert port.post(EXECUTE, snake).status == 200

    twice = port.post(EXECUTE, {**request, "inventory_operation_id": request["inventoryOperationId"]})
    assert twice.fields == {
        "inventory_operation_id": "is given twice, as inventory_operation_id and as inventoryOperationId"
    }


def test_a_call_in_binary_answers_in_binary(port: HttpPort, plant: ServedPlant) -> None:
    """Connect's application/proto."""
    request = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=plant.operation("PRODUCE").id, primary_lot_id_or_name="L1", quantity=3
    )
    answer = port.post(EXECUTE, request.SerializeToString(), "application/proto")

    assert answer.headers["content-type"] == "application/proto"
    assert pb.ExecuteInventoryOperationResponse.FromString(answer.body).inventory_lot_records[0].quantity == 3


def test_a_name_that_is_no_field_is_refused_and_nothing_is_done(port: HttpPort, plant: ServedPlant) -> None:
    """A misspelt validateOnly must not execute; every wrong field is told at once, with what was meant."""
    answer = port.post(EXECUTE, produced(plant, "L1", "much", validateOnyl=True, requestId=5))

    assert answer.status == 400
    assert answer.json["code"] == "invalid_argument"
    assert answer.reason == "INVALID_ARGUMENT"
    assert answer.fields == {
        "validateOnyl": "is no field of the request; did you mean validateOnly?",
        "quantity": '"much" is not a number',
        "request_id": "must be a text in quotes, not a number",
    }
    assert plant.stock() == {}


def test_a_wrong_item_of_a_batch_is_named_by_its_place(port: HttpPort, plant: ServedPlant) -> None:
    """As a fault of shape is by gRPC."""
    good = produced(plant, "L1")
    answer = port.post(f"{SERVICE}BatchExecuteInventoryOperations", {"requests": [good, {**good, "lot": "L2"}, 7]})

    assert list(answer.fields) == ["requests[1].lot", "requests[2]"]
    assert answer.fields["requests[2]"] == "must be an object, not a number"
    assert plant.stock() == {}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"pageSize": 1,\n nope}', "line 2, column 2"),
        (b"", "a request without fields is {}"),
        (b"[]", "must be an object of JSON"),
        (b'{"pageSize": NaN}', "NaN is no number of JSON"),
        (b'{"pageSize": 1, "pageSize": 2}', '"pageSize" is given twice'),
        (b'{"pageSize": "\xff"}', "not UTF-8: see byte 15"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" + b"0," * 300_000 + b"0]", "brackets, braces and commas"),
        (b'{"pageSize": ' + b"9" * 5_000 + b"}", "a number is too long"),
    ],
)
def test_a_body_that_is_not_json_is_refused_with_its_place(port: HttpPort, body: bytes, says: str) -> None:
    """INVALID_ARGUMENT, never a fault of the server."""
    answer = port.post(f"{INVENTORY}ListInventory", body)

    assert answer.status == 400, answer
    assert answer.reason == "INVALID_ARGUMENT"
    assert says in answer.json["message"]


def test_a_refusal_has_the_same_details_as_by_grpc(port: HttpPort, plant: ServedPlant, client: Client) -> None:
    """Reason and metadata are to be read with curl; `value` is what a client of Connect decodes."""
    plant.lot("L1")
    operation = plant.operation("CONSUME")
    request = {"inventoryOperationId": operation.id, "primaryLotIdOrName": "L1", "quantity": 5}
    with pytest.raises(Exception, match="L1") as by_grpc:
        client.execute_inventory_operation(operation.id, "L1", 5)
    answer = port.post(EXECUTE, request)

    assert answer.status == 400
    assert answer.json["code"] == "failed_precondition"
    assert answer.json["message"].split(" at ")[0] == by_grpc.value.message.split(" at ")[0]  # type: ignore[attr-defined]
    assert answer.reason == "INSUFFICIENT_INVENTORY"
    metadata = answer.detail("google.rpc.ErrorInfo")["metadata"]
    assert metadata == {**by_grpc.value.metadata, "at": metadata["at"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "request_body", "status", "code"),
    [
        (f"{SERVICE}GetInventoryOperation", {"inventoryOperationId": "01JPAND53PBZ61RZHZV7C6EEHG"}, 404, "not_found"),
        (f"{SERVICE}GetInventoryOperation", {"inventoryOperationId": "x"}, 400, "invalid_argument"),
        (f"{SERVICE}NoSuchMethod", {}, 404, "unimplemented"),
        ("/no/method", {}, 404, "unimplemented"),
    ],
)
def test_statuses_of_http_are_those_of_connect(
    port: HttpPort, path: str, request_body: Any, status: int, code: str
) -> None:
    """By the code."""
    answer = port.post(path, request_body)

    assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_every_method_lets_in_nobody_without_a_token(port: HttpPort, method: Any) -> None:
    """Whatever it is sent: credentials come before the shape."""
    nobody = HttpPort(port.host, port.port)
    if method.client_streaming or method.server_streaming:
        answer = nobody.post(path_of(method), in_envelope(b'{"no": 1}'), CONNECT_JSON)
        (flags, last) = envelopes(answer.body)[-1]
        assert flags == 2
        error = json.loads(last)["error"]
    else:
        answer = nobody.post(path_of(method), {"no": 1})
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        error = answer.json
    assert error["code"] == "unauthenticated"


def test_a_token_that_is_used_for_the_first_time_executes(
    server: ServerProcess, port: HttpPort, plant: ServedPlant
) -> None:
    """Memory does not know it yet: the call goes on after a look at the store."""
    made = server.run("token", "create", "--name", "gateway", "--role", "admin")
    answer = HttpPort(port.host, port.port, made.stdout.split()[-1]).post(EXECUTE, produced(plant, "L1"))

    assert answer.status == 200
    assert plant.stock() == {"L1": 1.0}


def test_a_role_without_the_permission_is_refused(server: ServerProcess, port: HttpPort, plant: ServedPlant) -> None:
    """By the same roles."""
    server.run("role", "create", "reader", "--permission", "INVENTORY.READ")
    made = server.run("token", "create", "--name", "screen", "--role", "reader")
    reader = HttpPort(port.host, port.port, made.stdout.split()[-1])

    assert reader.post(f"{INVENTORY}ListInventory", {}).status == 200
    refused = reader.post(EXECUTE, produced(plant, "L1"))
    assert (refused.status, refused.reason) == (403, "PERMISSION_DENIED")
    assert plant.stock() == {}


def test_a_request_id_counts_once_by_grpc_and_http(port: HttpPort, plant: ServedPlant, client: Client) -> None:
    """Whichever came first."""
    operation = plant.operation("PRODUCE")
    request_id = uuid.uuid4().hex
    first = client.execute_inventory_operation(operation.id, "L1", 1.0, request_id=request_id)
    body = {
        "inventoryOperationId": operation.id,
        "primaryLotIdOrName": "L1",
        "quantity": 1.0,
        "requestId": request_id,
    }
    again = port.post(EXECUTE, body)

    assert [record["id"] for record in again.json["inventoryLotRecords"]] == [first.id]
    other = port.post(EXECUTE, {**body, "quantity": 2})
    assert other.reason == "REQUEST_ID_REUSED"
    assert plant.stock() == {"L1": 1.0}


def test_a_stream_answers_in_envelopes_and_says_how_it_ended(port: HttpPort, plant: ServedPlant) -> None:
    """An export, in JSON."""
    operation = plant.operation("PRODUCE")
    *pieces, end = port.stream(f"{SERVICE}ExportInventoryOperations", {"format": "EXPORT_FORMAT_JSON"})

    assert end == {}
    text = b"".join(base64.b64decode(piece["data"]) for piece in pieces)
    assert operation.name in text.decode()


def test_a_stream_that_is_refused_says_so_in_its_last_envelope(port: HttpPort) -> None:
    """Of HTTP the status is 200."""
    (end,) = port.stream(f"{SERVICE}ExportInventoryOperations", {"format": "EXPORT_FORMAT_JSON", "formt": 1})

    assert end["error"]["code"] == "invalid_argument"
    assert end["error"]["details"][1]["debug"]["fieldViolations"][0]["field"] == "formt"


def test_a_stream_that_is_called_like_a_method_is_told_what_is_missing(port: HttpPort) -> None:
    """The content type of streams, then the five bytes before the message."""
    path = f"{INVENTORY}WatchInventoryLotRecords"
    as_method = port.post(path, {"fromBeginning": True})
    bare = port.post(path, b'{"fromBeginning": true}', CONNECT_JSON)

    assert as_method.status == 415
    assert as_method.json["message"].startswith("This method is a stream: the content type must be one of")
    ((_, end),) = envelopes(bare.body)
    error = json.loads(end)["error"]
    assert error["code"] == "invalid_argument"
    assert "five bytes before it" in error["message"]


def test_an_import_is_taken_as_a_stream_of_requests(port: HttpPort, plant: ServedPlant) -> None:
    """Piece by piece; what it says is what the file would do."""
    plant.operation("PRODUCE")
    *pieces, _ = port.stream(f"{SERVICE}ExportInventoryOperations", {"format": "EXPORT_FORMAT_JSON"})
    sent = [{"format": "EXPORT_FORMAT_JSON", "validateOnly": True}, *({"data": piece["data"]} for piece in pieces)]
    answer, end = port.stream(f"{SERVICE}ImportInventoryOperations", *sent)

    assert end == {}
    assert int(answer["unchanged"]) >= 1
    assert "failed" not in answer


def test_a_watch_tells_what_happens_while_it_lasts(port: HttpPort, plant: ServedPlant) -> None:
    """Its head comes at once, a message once it has begun, its records as they are made."""
    request = produced(plant, "L1")
    body = in_envelope(b"{}")
    head = (
        f"POST {INVENTORY}WatchInventoryLotRecords HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {port.token}\r\n"
        f"Content-Type: {CONNECT_JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with port.socket() as one:
        one.sendall(head.encode() + body)
        came = one.recv(65_536)
        assert came.startswith(b"HTTP/1.1 200")
        while b"resumeToken" not in came:
            came += one.recv(65_536)
        assert port.post(EXECUTE, request).status == 200
        while plant.silo.id.encode() not in came:
            piece = one.recv(65_536)
            assert piece
            came += piece


@pytest.mark.parametrize("is_text", [False, True], ids=["binary", "text"])
def test_grpc_web_calls_and_is_refused(port: HttpPort, plant: ServedPlant, *, is_text: bool) -> None:
    """A message, then the trailers as a last one; as base 64 for browsers that read no binary streams."""
    kind = "application/grpc-web-text" if is_text else "application/grpc-web+proto"
    request = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=plant.operation("PRODUCE").id, primary_lot_id_or_name="L1", quantity=3
    )

    def called(request: pb.ExecuteInventoryOperationRequest) -> tuple[list[bytes], dict[str, str]]:
        body = in_envelope(request.SerializeToString())
        answer = port.post(EXECUTE, base64.b64encode(body) if is_text else body, kind)
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        return web_answer(answer.body, is_text=is_text)

    messages, trailers = called(request)
    assert trailers == {"grpc-status": "0"}
    assert pb.ExecuteInventoryOperationResponse.FromString(messages[0]).inventory_lot_records[0].quantity == 3

    request.inventory_operation_id = "x"
    messages, trailers = called(request)
    assert messages == []
    assert trailers["grpc-status"] == "3"
    assert b"BadRequest" in base64.b64decode(trailers["grpc-status-details-bin"] + "==")


def test_grpc_web_streams(port: HttpPort, plant: ServedPlant) -> None:
    """An export."""
    operation = plant.operation("PRODUCE")
    request = pb.ExportInventoryOperationsRequest(format=enums_pb2.EXPORT_FORMAT_CSV)
    answer = port.post(
        f"{SERVICE}ExportInventoryOperations", in_envelope(request.SerializeToString()), "application/grpc-web"
    )
    messages, trailers = web_answer(answer.body)

    assert trailers["grpc-status"] == "0"
    text = b"".join(pb.ExportInventoryOperationsResponse.FromString(one).data for one in messages)
    assert operation.name in text.decode()


def test_a_call_past_its_deadline_is_refused_and_does_nothing(port: HttpPort, plant: ServedPlant) -> None:
    """Connect-Timeout-Ms; one that is no number is refused as such."""
    late = port.post(EXECUTE, produced(plant, "L1"), connect_timeout_ms="0")
    assert (late.status, late.json["code"], late.reason) == (504, "deadline_exceeded", "DEADLINE_EXCEEDED")
    assert plant.stock() == {}

    wrong = port.post(EXECUTE, produced(plant, "L1"), connect_timeout_ms="soon")
    assert (wrong.status, wrong.json["code"]) == (400, "invalid_argument")
    assert port.post(EXECUTE, produced(plant, "L1"), connect_protocol_version="2").status == 400


def test_a_watch_ends_at_its_deadline(port: HttpPort) -> None:
    """Also where nothing happens."""
    *_, end = port.stream(f"{INVENTORY}WatchInventoryLotRecords", {}, connect_timeout_ms="300")

    assert end["error"]["code"] == "deadline_exceeded"


def test_packed_requests_and_answers(port: HttpPort, plant: ServedPlant) -> None:
    """By gzip both ways; a way to pack that is not taken is UNIMPLEMENTED."""
    body = gzip.compress(json.dumps(produced(plant, "L1")).encode())
    assert port.post(EXECUTE, body, content_encoding="gzip").status == 200

    for number in range(5):
        plant.operation("PRODUCE", name=f"{plant.prefix} {number} " + "x" * 200)
    listed = port.post(f"{SERVICE}ListInventoryOperations", {}, accept_encoding="gzip")
    assert listed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(listed.body))["inventoryOperations"]

    other = port.post(EXECUTE, body, content_encoding="br")
    assert (other.status, other.json["code"]) == (501, "unimplemented")
    assert port.post(EXECUTE, body[:-3], content_encoding="gzip").status == 400


def test_content_types_that_are_not_taken_are_named(port: HttpPort) -> None:
    """415, and which are."""
    for path, kind in ((EXECUTE, CONNECT_JSON), (EXECUTE, "text/plain"), (EXECUTE, f"{JSON}; charset=latin-1")):
        answer = port.post(path, {}, kind)
        assert answer.status == 415
        assert JSON in answer.headers["accept-post"]
    assert port.request("GET", EXECUTE).status == 405
    assert port.request("DELETE", "/docs").status == 405


def test_pages_of_listed_sites_may_call_and_no_others(port: HttpPort, plant: ServedPlant) -> None:
    """The browser's question is answered for those; what another site's page sends is not looked at."""
    asks = {"access_control_request_method": "POST", "access_control_request_headers": "content-type,authorization"}
    asked = port.request("OPTIONS", EXECUTE, origin=ORIGIN, **asks)
    assert asked.status == 204
    assert "content-length" not in asked.headers
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in asked.headers["access-control-allow-headers"]
    answer = port.post(EXECUTE, produced(plant, "L1"), origin=ORIGIN)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)

    other = port.request("OPTIONS", EXECUTE, origin="https://evil.example.com", **asks)
    assert "access-control-allow-origin" not in other.headers
    assert port.post(EXECUTE, produced(plant, "L2"), origin="https://evil.example.com").status == 403
    assert plant.stock() == {"L1": 1.0}


def test_a_page_of_its_own_may_call(port: HttpPort) -> None:
    """`/docs` does."""
    assert port.post(f"{INVENTORY}ListInventory", {}, origin=port.url).status == 200


def test_the_page_to_try_methods_on_fetches_nothing_from_elsewhere(port: HttpPort) -> None:
    """Its policy allows nothing else, and it names every method."""
    page = port.request("GET", "/docs")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/docs/page.js", "/docs/page.css", "/docs"):
        assert b"//" not in port.request("GET", path).body.replace(b"<!doctype html>", b"").replace(b"://", b"")
    listed = port.request("GET", "/docs/methods.json").json
    assert {one["path"] for one in listed} == {path_of(method) for method in METHODS}
    assert port.request("GET", "/docs", if_none_match=page.headers["etag"]).status == 304
    assert port.request("HEAD", "/docs").body == b""
    assert port.request("GET", "/nothing").status == 404


def test_the_contract_is_there_as_openapi(port: HttpPort) -> None:
    """With every method, and no token."""
    answer = HttpPort(port.host, port.port).request("GET", "/openapi.json")

    assert answer.headers["content-type"] == JSON
    assert set(answer.json["paths"]) >= {path_of(m) for m in METHODS if not (m.client_streaming or m.server_streaming)}


def test_examples_of_the_page_are_requests(port: HttpPort) -> None:
    """Whatever is wrong with them, it is no name or type."""
    for one in port.request("GET", "/docs/methods.json").json:
        if one["takesStream"] or one["answersWithStream"]:
            continue
        answer = port.post(one["path"], one["example"])
        if answer.status == 400 and len(answer.json["details"]) > 1:
            assert not any("is no field" in text or "must be a" in text[:9] for text in answer.fields.values()), answer


def test_a_call_that_is_refused_is_a_line_of_the_log_and_counted(
    server: ServerProcess, port: HttpPort, plant: ServedPlant
) -> None:
    """With who called, from where, for which request, in which trace."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    port.post(EXECUTE, produced(plant, "L1", -1, requestId="r-http-1"), traceparent=trace)
    until = time.monotonic() + 10
    lines: list[dict[str, Any]] = []
    while not lines and time.monotonic() < until:
        told = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        lines = [line for line in told if line.get("request_id") == "r-http-1" or line.get("trace_id") == trace[3:35]]

    (line,) = lines
    assert (line["event"], line["caller"], line["code"]) == ("call_refused", "tester", "INVALID_ARGUMENT")
    assert line["peer"].startswith("ipv4:127.0.0.1:")


def test_a_write_is_an_event_with_its_caller(port: HttpPort, plant: ServedPlant, client: Client) -> None:
    """As by gRPC."""
    request = produced(plant, "L1", requestId=uuid.uuid4().hex)
    assert port.post(EXECUTE, request).status == 200
    events = list(client.list_audit_events(method="ExecuteInventoryOperation", page_size=5))

    assert (events[0].principal, events[0].address) == ("tester", "ipv4:127.0.0.1")


def test_one_connection_serves_many_requests(port: HttpPort) -> None:
    """One after the other, also where they are sent together."""
    body = b"{}"
    one = port.head(f"{INVENTORY}ListInventory", f"Content-Length: {len(body)}") + body
    last = port.head(f"{INVENTORY}ListInventory", f"Content-Length: {len(body)}", "Connection: close") + body
    came = port.bytes(one * 3 + last)

    assert came.count(b"HTTP/1.1 200") == 4


def test_callers_by_both_ways_are_each_answered_and_counted(
    server: ServerProcess, port: HttpPort, plant: ServedPlant
) -> None:
    """Two threads may run the pipeline then, by turns."""
    request = produced(plant, "L1")
    answered: list[str] = []

    def by_grpc() -> None:
        with Client(server.address, token=server.token) as client:
            for _ in range(40):
                client.execute_inventory_operation(request["inventoryOperationId"], "L1", 1.0)
                answered.append("grpc")

    def by_http() -> None:
        for _ in range(20):
            assert port.post(EXECUTE, request).status == 200
            answered.append("http")

    threads = [threading.Thread(target=run) for run in (by_grpc, by_http) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answered) == 240
    assert plant.stock() == {"L1": 240.0}
    server.verify()


def test_many_callers_at_once_are_each_answered_and_counted(port: HttpPort, plant: ServedPlant) -> None:
    """Stock is the sum."""
    request = produced(plant, "L1")
    answers: list[Answer] = []

    def call() -> None:
        answers.extend(port.post(EXECUTE, request) for _ in range(10))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status for answer in answers] == [200] * 80
    assert plant.stock() == {"L1": 80.0}
