"""HTTP with TLS: the files of gRPC, its client certificates, and new files while it serves."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import stores
from tests.abuse.tokens import add_role_of, give
from tests.authorities import Authority, Pair
from tests.http_calls import INVENTORY, JSON, HttpPort, http_port
from tests.http_repeating import SHUTDOWN_SECONDS, awaited, ended_soon, running
from tests.server_process import ServerProcess

SOON_SECONDS = 60
LIST = f"{INVENTORY}ListInventory"


def served(folder: Path, authority: Authority, *more: str) -> ServerProcess:
    """Not started yet."""
    certificate, key = authority.pair().write(folder)
    tls = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    return ServerProcess(folder, flags=(*tls, *more, "--http-listen", "127.0.0.1:0"))


def trusting(
    folder: Path, authority: Authority, caller: Pair | None = None, protocol: str = "http/1.1"
) -> ssl.SSLContext:
    """A caller's side of TLS."""
    context = ssl.create_default_context(cadata=authority.pem.decode())
    context.set_alpn_protocols([protocol])
    if caller is not None:
        certificate, key = caller.write(folder, "caller")
        context.load_cert_chain(certificate, key)
    return context


def posted(port: HttpPort, context: ssl.SSLContext, token: str = "") -> tuple[int, str]:
    """The status of a read, and its code."""
    headers = {"content-type": JSON} | ({"authorization": f"Bearer {token}"} if token else {})
    made = http.client.HTTPSConnection(port.host, port.port, timeout=SOON_SECONDS, context=context)
    with closing(made) as connection:
        connection.request("POST", LIST, b"{}", headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("code", "")


def shown_to(port: HttpPort, context: ssl.SSLContext) -> bytes:
    """The certificate that a new connection is shown."""
    plain = socket.create_connection((port.host, port.port), SOON_SECONDS)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as one:
        return one.getpeercert(binary_form=True) or b""


def until(happens: Callable[[], bool]) -> None:
    """Waits for it."""
    end_seconds = time.monotonic() + SOON_SECONDS
    while not happens():
        assert time.monotonic() < end_seconds
        time.sleep(0.1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Who makes all certificates."""
    return Authority()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[ServerProcess]:
    """One with TLS, which asks for no certificates."""
    with served(tmp_path_factory.mktemp("server"), authority) as process:
        yield process
    stores.give_back(process.database_url)


def test_calls_by_tls_are_answered_and_plain_ones_are_not(
    server: ServerProcess, authority: Authority, tmp_path: Path
) -> None:
    """A caller without TLS gets nothing."""
    port = http_port(server)
    assert posted(port, trusting(tmp_path, authority), server.token) == (200, "")
    with pytest.raises((OSError, http.client.HTTPException)):
        port.post(LIST, {})


def test_http2_is_chosen_by_alpn(server: ServerProcess, authority: Authority, tmp_path: Path) -> None:
    """As browsers do."""
    port = http_port(server)
    context = trusting(tmp_path, authority, protocol="h2")
    plain = socket.create_connection((port.host, port.port), SOON_SECONDS)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as one:
        assert one.selected_alpn_protocol() == "h2"
        one.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        assert one.recv(9)[3] == 4  # SETTINGS


def test_a_new_certificate_is_taken_over_while_it_serves(
    server: ServerProcess, authority: Authority, tmp_path: Path
) -> None:
    """By new connections, soon after its file has changed."""
    port = http_port(server)
    context = trusting(tmp_path, authority)
    before = shown_to(port, context)
    authority.pair().write(server.folder)

    until(lambda: shown_to(port, context) != before)
    assert posted(port, context, server.token) == (200, "")


def test_client_certificates_are_asked_for_and_name_the_caller(tmp_path: Path, authority: Authority) -> None:
    """As by gRPC: none at all is no connection, one without a role is refused."""
    authorities = tmp_path / "clients.pem"
    authorities.write_bytes(authority.pem)
    with served(tmp_path, authority, "--tls-client-ca-file", str(authorities)) as server:
        add_role_of(server, "reader", "INVENTORY.READ")
        give(server, "line 7", "reader")
        port = http_port(server)

        def answered(caller: Pair) -> tuple[int, str]:
            return posted(port, trusting(tmp_path, authority, caller))

        assert answered(authority.pair("line 7", ())) == (200, "")
        assert answered(authority.pair("line 8", ())) == (403, "permission_denied")
        with pytest.raises((OSError, http.client.HTTPException)):
            posted(port, trusting(tmp_path, authority))
        with pytest.raises((OSError, http.client.HTTPException)):
            answered(Authority().pair("line 7", ()))
    stores.give_back(server.database_url)


def test_a_caller_by_tls_who_repeats_without_a_pause_does_not_put_the_end_off(
    tmp_path: Path, authority: Authority
) -> None:
    """Its connection ends with an answer that says so; whoever has not said hello is not waited for."""
    context = trusting(tmp_path, authority)
    answers: list[tuple[int, str | None]] = []
    with served(tmp_path, authority, "--shutdown-seconds", str(SHUTDOWN_SECONDS)) as process:
        port = http_port(process)

        def repeats() -> None:
            headers = {"content-type": JSON, "authorization": f"Bearer {process.token}"}
            made = http.client.HTTPSConnection(port.host, port.port, timeout=SOON_SECONDS, context=context)
            with closing(made) as connection:
                while not answers or answers[-1][1] is None:
                    connection.request("POST", LIST, b"{}", headers)
                    answer = connection.getresponse()
                    answer.read()
                    answers.append((answer.status, answer.getheader("connection")))

        with port.socket(), running(repeats):
            awaited(lambda: len(answers) > 20)
            ended_soon(process)
    stores.give_back(process.database_url)
    assert {status for status, _ in answers[:-1]} == {200}
    assert answers[-1] in {(200, "close"), (503, "close")}
