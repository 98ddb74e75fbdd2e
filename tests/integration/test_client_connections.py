"""How both clients connect: to one server or several, with TLS, while nobody answers, closed, forked, at the end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from lotkeeper import (
    Client,
    ResourceExhausted,
    Retries,
    Unavailable,
)
from lotkeeper._addresses import addresses_of
from lotkeeper._endpoints import Connecting
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_operation_service_pb2_grpc as pb_grpc

from tests.answering import Answering, free_port
from tests.both_clients import CLIENTS, Driven
from tests.certificates import made_certificate
from tests.tcp_proxy import TcpProxy


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A server that answers."""
    with Answering() as server:
        yield server


@pytest.fixture(params=CLIENTS)
def client_class(request: pytest.FixtureRequest) -> Any:
    """Each of the clients."""
    return request.param


def executed(client: Any, timeout_seconds: float = 20.0) -> float:
    """One call."""
    quantity: float = client.execute_inventory_operation(
        "operation", "L", 2.0, timeout_seconds=timeout_seconds
    ).quantity
    return quantity


def started_after(server: Answering, seconds: float) -> threading.Timer:
    """Starts a server later."""
    timer = threading.Timer(seconds, server.start)
    timer.start()
    return timer


def test_a_call_waits_for_a_server_as_long_as_its_deadline_lets_it(client_class: Any) -> None:
    """More than five seconds, if it has more."""
    server = Answering()
    server.address = f"127.0.0.1:{free_port()}"
    with client_class(server.address, token="t") as client:
        timer = started_after(server, 6.5)
        assert executed(client, 60.0) == 2.0
    timer.join()
    server.stop()


def test_a_call_also_waits_behind_an_address_that_takes_connections_and_never_answers(client_class: Any) -> None:
    """A machine that starts, or a server that is stopped: no failure before the deadline."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with client_class(address, token="t") as client:
            began = time.monotonic()
            with pytest.raises(Unavailable, match=r"no server answers on 127\.0\.0\.1"):
                executed(client, 3.0)
            assert 2.5 < time.monotonic() - began < 6.0


def test_the_limits_of_retries_end_a_call_before_its_deadline(client_class: Any, answering: Answering) -> None:
    """How long it waits for a server, and how often it is sent."""
    began = time.monotonic()
    with (
        client_class("127.0.0.1:1", token="t", retries=Retries(connect_seconds=0.5)) as client,
        pytest.raises(Unavailable, match=r"no server answers on 127\.0\.0\.1:1: Failed to connect"),
    ):
        executed(client, 60.0)
    assert time.monotonic() - began < 10.0
    answering.on_single = lambda _request, context: context.abort(grpc.StatusCode.UNAVAILABLE, "as told")
    retries = Retries(attempts_max=3, backoff_first_seconds=0.01, backoff_max_seconds=0.02)
    with client_class(answering.address, token="t", retries=retries) as client, pytest.raises(Unavailable):
        executed(client, 60.0)
    assert len(answering.singles) == 3
    assert len({request.request_id for request in answering.singles}) == 1


def test_each_client_has_connections_of_its_own(client_class: Any, answering: Answering) -> None:
    """One, or as many as it was asked to make; each leads to one process of a server."""
    with client_class(answering.address, token="t") as one, client_class(answering.address, token="t") as other:
        for client in (one, other, one, other):
            executed(client)
    assert len(answering.peers) == 2
    answering.peers.clear()
    with client_class(answering.address, token="t", connections=3) as client:
        for _ in range(6):
            executed(client)
    assert len(answering.peers) == 3


def test_several_addresses_are_called_in_turn_and_one_that_is_away_is_left_out(client_class: Any) -> None:
    """No call fails, and it is called again once it is back."""
    with Answering() as one, Answering() as other:
        with client_class([one.address, other.address], token="t") as client:
            for _ in range(20):
                executed(client)
            assert (len(one.singles), len(other.singles)) == (10, 10)
            one.stop()
            for _ in range(20):
                executed(client)
            one.start()
            one.singles.clear()
            deadline = time.monotonic() + 20
            while not one.singles and time.monotonic() < deadline:
                executed(client)
            assert one.singles
        with client_class(f"127.0.0.1:1,{other.address}", token="t") as client:
            assert executed(client) == 2.0


def test_all_addresses_of_a_name_are_called_in_turn() -> None:
    """Round robin over what the name resolves to: here gRPC is given what a resolver would answer."""
    port = free_port()
    one, other = Answering(), Answering(host="127.0.0.2")
    one.address, other.address = f"127.0.0.1:{port}", f"127.0.0.2:{port}"
    [address] = addresses_of(f"plant:{port}")
    connecting = Connecting((address,), "t", None, 1, 20.0, 10.0, (), (), Retries())
    with (
        one,
        other,
        grpc.insecure_channel(f"ipv4:{one.address},{other.address}", connecting.options(address)) as channel,
    ):
        stub = pb_grpc.InventoryOperationServiceStub(channel)
        deadline = time.monotonic() + 20
        while not (one.singles and other.singles) and time.monotonic() < deadline:
            stub.ExecuteInventoryOperation(pb.ExecuteInventoryOperationRequest(), wait_for_ready=True)
        one.singles.clear()
        other.singles.clear()
        for _ in range(20):
            stub.ExecuteInventoryOperation(pb.ExecuteInventoryOperationRequest())
        assert (len(one.singles), len(other.singles)) == (10, 10)


def secure(folder: Path, *, wants_client: bool = False) -> tuple[Answering, Path, Path]:
    """A server with TLS, its certificate and key."""
    certificate, key = made_certificate(folder)
    pair = [(key.read_bytes(), certificate.read_bytes())]
    roots = certificate.read_bytes() if wants_client else None
    return Answering(grpc.ssl_server_credentials(pair, roots, wants_client)), certificate, key


def test_a_ca_and_a_certificate_of_the_client_are_files(
    client_class: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given, or named by variables."""
    server, certificate, key = secure(tmp_path, wants_client=True)
    with server:
        files: dict[str, Any] = {"ca_file": certificate, "client_certificate": str(certificate), "client_key": key}
        with client_class(server.address, token="t", **files) as client:
            assert executed(client) == 2.0
        for name, value in files.items():
            monkeypatch.setenv(f"LOTKEEPER_{name.upper()}", str(value))
        with client_class(server.address, token="t") as client:
            assert executed(client) == 2.0
        with (
            client_class(server.address, token="t", tls=False) as client,
            pytest.raises(Unavailable, match="it expects TLS, and this client uses none"),
        ):
            executed(client)


def test_what_is_wrong_with_tls_is_said_at_once(client_class: Any, tmp_path: Path, answering: Answering) -> None:
    """Forgotten, not trusted, for another name, not served, or without the client's certificate."""
    server, certificate, _ = secure(tmp_path)
    (tmp_path / "wanting").mkdir()
    wanting, asked, _ = secure(tmp_path / "wanting", wants_client=True)
    plain: dict[str, Any] = {"token": "t"}
    with server, wanting:
        for address, more, says in (
            (server.address, plain, r"it expects TLS, and this client uses none: give ca_file or LOTKEEPER_CA_FILE"),
            (server.address, plain | {"tls": True}, r"is not trusted \(self.signed certificate\): give the CA"),
            (
                server.address,
                plain | {"ca_file": certificate, "channel_options": [("grpc.default_authority", "x")]},
                "its TLS certificate is not for",
            ),
            (answering.address, plain | {"ca_file": asked}, "it answers without TLS, and this client uses TLS"),
            (wanting.address, plain | {"ca_file": asked}, "it wants a client certificate"),
        ):
            began = time.monotonic()
            with client_class(address, **more) as client, pytest.raises(Unavailable) as failed:
                executed(client, 60.0)
            assert failed.match(says)
            assert address in failed.value.message
            assert time.monotonic() - began < 10.0


def test_no_proxy_comes_between_a_client_and_this_machine(
    client_class: Any, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere the environment's proxy is used, and named where nobody answers."""
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for address in (answering.address, answering.address.replace("127.0.0.1", "localhost")):
        with client_class(address, token="t") as client:
            assert executed(client) == 2.0
    with client_class("192.0.2.1:1", token="t") as client, pytest.raises(Unavailable) as failed:
        executed(client, 1.0)
    assert "gRPC goes there by the proxy of grpc_proxy (http://127.0.0.1:1)" in failed.value.message


def test_a_name_that_cannot_be_resolved_is_said_to_be_so(client_class: Any) -> None:
    """In words."""
    with client_class("no-such-host.invalid", token="t") as client, pytest.raises(Unavailable) as failed:
        executed(client, 1.0)
    assert failed.value.message == "no server answers on no-such-host.invalid:50051: its name cannot be resolved"


def test_a_connection_that_nothing_comes_through_is_given_up_by_its_keepalive(
    client_class: Any, answering: Answering
) -> None:
    """And the call is repeated on another one, with the same request id."""
    stalled = threading.Event()
    with TcpProxy(int(answering.address.rpartition(":")[2])) as proxy:

        def stall(_request: Any, _context: Any) -> None:
            if not stalled.is_set():
                stalled.set()
                proxy.swallow(new_ones=False)

        answering.on_single = stall
        with client_class(
            f"127.0.0.1:{proxy.port}", token="t", keepalive_seconds=1.0, keepalive_timeout_seconds=1.0
        ) as client:
            assert executed(client, 60.0) == 2.0
    assert stalled.is_set()
    assert len({request.request_id for request in answering.singles}) == 1


def test_options_of_grpc_count_more_than_the_clients_own(client_class: Any, answering: Answering) -> None:
    """Here the size of what may come."""
    options = [("grpc.max_receive_message_length", 4)]
    with (
        client_class(answering.address, token="t", channel_options=options) as client,
        pytest.raises(ResourceExhausted) as large,
    ):
        executed(client, 5.0)
    assert "larger than max" in str(large.value)


class Adding(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """Adds to the metadata, as a tracer does."""

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details._replace(metadata=[*(details.metadata or ()), ("traceparent", "00-1")]), request)


class AddingToo(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[misc]
    """The same, on asyncio."""

    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        more = [*(details.metadata or ()), ("traceparent", "00-1")]
        return await continuation(details._replace(metadata=grpc.aio.Metadata(*more)), request)


@pytest.mark.parametrize(("kind", "interceptor"), [(Client, Adding()), (Driven, AddingToo())])
def test_interceptors_see_every_call(kind: Any, interceptor: Any, answering: Answering) -> None:
    """And what they add is sent, beside the token."""
    with kind(answering.address, token="t", interceptors=[interceptor]) as client:
        assert executed(client) == 2.0
    [metadata] = answering.metadata
    assert (metadata["traceparent"], metadata["authorization"]) == ("00-1", "Bearer t")
