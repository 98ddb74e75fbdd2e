"""Methods that only read, by GET: the same gate and the same answers as by POST, and nothing that writes."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from google.protobuf import descriptor_pb2
from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper_server.rpc.server import SERVICES

from tests import stores
from tests.http2_connection import http2_connection
from tests.http_calls import INVENTORY, JSON, SERVICE, Answer, HttpPort, http_port, http_server
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

LIST = f"{INVENTORY}ListLots"
VALIDATE = f"{SERVICE}ValidateInventoryOperation"
METHODS = [method for service in SERVICES for method in service.methods]
READS = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
ORIGIN = "https://plant.example.com"
HEAD_BYTES_MAX = 16 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all of them, with two lots."""
    with http_server(tmp_path_factory.mktemp("server"), "--http-allowed-origins", ORIGIN) as process:
        with Client(process.address, token=process.token) as client:
            operation = ServedPlant(client).operation("PRODUCE")
            for lot in ("Käse", "Milch"):
                client.execute_inventory_operation(operation.id, lot, 1.0)
        yield process
    stores.give_back(process.database_url)


@pytest.fixture
def port(server: ServerProcess) -> HttpPort:
    """Where it serves by HTTP."""
    return http_port(server)


def got(port: HttpPort, path: str, headers: dict[str, str] | None = None, **parameters: Any) -> Answer:
    """A call by GET; parameters that are None are left out."""
    asked = {"connect": "v1", "encoding": "json", "message": "{}"} | parameters
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    return port.request("GET", f"{path}?{query}", **(headers or {}))


def names(answer: Answer) -> list[str]:
    """Of the lots of an answer in JSON."""
    assert answer.status == 200, answer
    return [lot["name"] for lot in answer.json["lots"]]


def test_a_list_by_get_answers_as_by_post(port: HttpPort) -> None:
    """With its request in JSON, as it is or as base 64, packed or not."""
    message = json.dumps({"namePrefix": "Kä"}, ensure_ascii=False)
    as_base_64 = base64.urlsafe_b64encode(message.encode()).decode()
    packed = base64.urlsafe_b64encode(gzip.compress(message.encode())).decode().rstrip("=")
    by_post = port.post(LIST, message.encode())

    assert names(by_post) == ["Käse"]
    for one in (
        got(port, LIST, message=message),
        got(port, LIST, message=message, connect=None),
        got(port, LIST, message=as_base_64, base64=1),
        got(port, LIST, message=packed, base64=1, compression="gzip"),
    ):
        assert (one.json, one.headers["content-type"]) == (by_post.json, JSON)
        assert one.headers["cache-control"] == "no-store"


def test_a_list_by_get_in_binary_answers_in_binary(port: HttpPort) -> None:
    """Bytes that are no text stand escaped in a query, or as base 64; an empty message is one, too."""
    message = pb.ListLotsRequest(name_prefix="Mil", page_size=200).SerializeToString()
    for one in (
        got(port, LIST, encoding="proto", message=message),
        got(port, LIST, encoding="proto", message=base64.urlsafe_b64encode(message), base64="1"),
    ):
        assert one.headers["content-type"] == "application/proto"
        assert [lot.name for lot in pb.ListLotsResponse.FromString(one.body).lots] == ["Milch"]
    empty = got(port, LIST, encoding="proto", message="")
    assert len(pb.ListLotsResponse.FromString(empty.body).lots) == 2


def test_a_list_by_get_of_http_2(port: HttpPort) -> None:
    """Its target stands in a header of its own there."""
    with http2_connection(port) as one:
        stream_id = one.get(f"{LIST}?{urlencode({'encoding': 'json', 'message': json.dumps({'namePrefix': 'M'})})}")
        while not one.is_answered(stream_id):
            one.take()
    assert one.statuses[stream_id] == 200
    assert [lot["name"] for lot in json.loads(one.bodies[stream_id])["lots"]] == ["Milch"]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: str(method.name))
def test_who_has_no_token_reads_nothing_by_get_and_nobody_writes(port: HttpPort, method: Any) -> None:
    """Every method of the contract: 401 of those that only read, 405 of all others, whoever calls."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    is_stream = method.client_streaming or method.server_streaming
    if method.GetOptions().idempotency_level == READS and not is_stream:
        answer = got(HttpPort(port.host, port.port), path)
        assert (answer.status, answer.json["code"]) == (401, "unauthenticated")
    else:
        answer = got(port, path)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("parameters", "status", "says"),
    [
        ({"message": None}, 400, "The query has no message"),
        ({"encoding": None}, 400, "The query has no encoding"),
        ({"encoding": "xml"}, 415, "encoding must be json or proto"),
        ({"connect": "v2"}, 400, "connect must be v1"),
        ({"base64": "yes"}, 400, "base64 must be 1"),
        ({"base64": "1", "message": "{}"}, 400, "not base 64 for URLs"),
        ({"base64": "1", "message": "e30=e"}, 400, "not base 64 for URLs"),
        ({"compression": "br"}, 501, "'br' are not taken"),
        ({"compression": "gzip"}, 400, "not gzip"),
        ({"message": '{"namePrefix'}, 400, "JSON"),
        ({"message": '{"prefix": "K"}'}, 400, "is no field of the request"),
        ({"encoding": "proto", "message": b"\xff"}, 400, "not a ListLotsRequest"),
    ],
)
def test_a_query_that_is_no_call_is_told_what_is_wrong(
    port: HttpPort, parameters: dict[str, Any], status: int, says: str
) -> None:
    """In Connect's words."""
    answer = got(port, LIST, **parameters)
    assert answer.status == status
    assert says in answer.json["message"]


def test_a_query_with_a_parameter_twice_or_too_many_and_a_get_with_a_body_are_refused(port: HttpPort) -> None:
    """Which of two is meant nobody knows."""
    twice = port.request("GET", f"{LIST}?encoding=json&message=%7B%7D&message=%7B%7D")
    many = port.request("GET", f"{LIST}?encoding=json&message=%7B%7D&{'x=1&' * 100}")
    body = port.request("GET", f"{LIST}?encoding=json&message=%7B%7D", b"{}")
    other = port.request("GET", f"{LIST}?encoding=json&message=%7B%7D&_=123")

    assert [one.status for one in (twice, many, body, other)] == [400, 400, 400, 200]
    assert "twice" in twice.json["message"]
    assert "more than" in many.json["message"]
    assert "no body" in body.json["message"]


def test_a_query_is_as_long_as_a_head_may_be(port: HttpPort) -> None:
    """By HTTP/1.1 and HTTP/2."""
    fits = "x" * (HEAD_BYTES_MAX - 1_000)
    assert names(got(port, LIST, message="{}", x=fits)) == ["Käse", "Milch"]
    assert got(port, LIST, message="{}", x="x" * HEAD_BYTES_MAX).status == 431
    with http2_connection(port) as one:
        short, long = (one.get(f"{LIST}?encoding=json&message=%7B%7D&x={x}") for x in (fits, "x" * HEAD_BYTES_MAX))
        while not (one.is_answered(short) and one.is_answered(long)):
            one.take()
    assert (one.statuses[short], one.statuses[long]) == (200, 431)


def test_a_get_is_let_in_by_its_headers_and_its_caller_s_role(server: ServerProcess, port: HttpPort) -> None:
    """The headers are those of a POST."""
    soon = got(port, LIST, {"connect_timeout_ms": "soon"})
    assert (soon.status, soon.json["code"]) == (400, "invalid_argument")
    server.run("role", "create", "validator", "--permission", "INVENTORY_OPERATION.READ")
    made = server.run("token", "create", "--name", "checker", "--role", "validator")
    validator = HttpPort(port.host, port.port, made.stdout.split()[-1])
    refused = got(validator, LIST)
    assert (refused.status, refused.reason) == (403, "PERMISSION_DENIED")


def test_pages_of_other_sites_read_nothing_by_get(port: HttpPort) -> None:
    """Not even without saying where they are from, as an image is fetched; pages of listed sites may."""
    for headers in (
        {"origin": "https://elsewhere.example.com"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ):
        assert got(port, LIST, headers).status == 403
    listed = got(port, LIST, {"origin": ORIGIN, "sec_fetch_site": "cross-site"})
    assert listed.headers["access-control-allow-origin"] == ORIGIN
    for headers in ({}, {"sec_fetch_site": "none"}, {"sec_fetch_site": "same-origin"}):
        assert got(port, LIST, headers).status == 200
    linked = port.request("GET", "/docs", sec_fetch_site="cross-site")
    assert linked.status == 200
