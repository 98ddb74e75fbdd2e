"""The development token: who else could use it, and who could be given it."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper import Client, LotkeeperError, TokenFault, Unauthenticated, development_token_path
from lotkeeper.development import NONCE_BYTES, PROVE_PATH, literal_address
from lotkeeper_server.access.tokens import TokenEntry, add_token, digest_of, list_tokens, new_token
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.access.tokens import all_tokens
from lotkeeper_server.store.db.connection import Store

from tests.both_clients import CLIENTS
from tests.server_process import BINARIES, ServerProcess

RUN = (BINARIES / "lotkeeper-server", "run")
LIST_PERMISSIONS = "/lotkeeper.inventory.v1.InventoryOperationService/ListPermissions"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own for token files, for this process and for those that it starts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("LOTKEEPER_TOKEN", "LOTKEEPER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.fixture
def development(tmp_path: Path) -> Iterator[ServerProcess]:
    """`lotkeeper-server run`."""
    with ServerProcess(tmp_path, program=RUN) as server:
        yield server


def token_in_file(server: ServerProcess) -> str:
    """What a person reads there."""
    return development_token_path(server.address).read_text().strip()


def reason_for(address: str, token: str) -> str:
    """Why a call with this token is refused; empty where it is not. Sent by hand, as from any language."""
    with grpc.insecure_channel(address) as channel:
        method: Any = channel.unary_unary(LIST_PERMISSIONS)
        try:
            method(b"", metadata=[("authorization", f"Bearer {token}")], timeout=10)
        except grpc.RpcError as error:
            return str(error.code().name)
    return ""


def ask_by_command(address: str) -> subprocess.CompletedProcess[str]:
    """`lotkeeper permissions`."""
    command = [str(BINARIES / "lotkeeper"), "--address", address, "--timeout", "5", "permissions"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


class Listener(grpc.GenericRpcHandler):
    """Somebody else who answers on a port, and writes down what comes.

    Attributes:
        seen: the text of the metadata and requests of every call.
    """

    def __init__(self, answer: Callable[[str, bytes], bytes | None]) -> None:
        self.seen: list[str] = []
        self._answer = answer

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any]:
        method = str(handler_call_details.method)

        def serve(request: bytes, context: grpc.ServicerContext) -> bytes:
            self.seen.append(f"{method} {context.invocation_metadata()} {request!r}")
            answer = self._answer(method, request)
            if answer is None:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, "no")
            return answer

        return grpc.unary_unary_rpc_method_handler(serve)

    @property
    def authorizations(self) -> list[str]:
        """The calls that carried any token."""
        return [one for one in self.seen if "authorization" in one]


@contextmanager
def listening(address: str, answer: Callable[[str, bytes], bytes | None]) -> Iterator[Listener]:
    """Takes the address that a server has left."""
    listener = Listener(answer)
    server = grpc.server(ThreadPoolExecutor(2), handlers=[listener], options=[("grpc.so_reuseport", 0)])
    server.add_insecure_port(address)
    server.start()
    try:
        yield listener
    finally:
        server.stop(0).wait()


def test_the_file_is_for_a_persons_own_hands_and_dies_with_its_server(development: ServerProcess) -> None:
    """Good by hand; not in the store; gone from the disk at the end, and after kill -9 good for nothing."""
    first = token_in_file(development)
    assert development_token_path(development.address).stat().st_mode & 0o777 == 0o600
    assert reason_for(development.address, first) == ""
    with closing(Store(development.database_url)) as store, store.read() as connection:
        assert digest_of(first) not in {one.digest for one in all_tokens(connection)}
    development.kill()
    assert token_in_file(development) == first
    development.start()
    second = token_in_file(development)
    assert [reason_for(development.address, one) for one in (first, second)] == ["UNAUTHENTICATED", ""]
    assert development.terminate() == 0
    assert not development_token_path(development.address).exists()
    development.program = (BINARIES / "lotkeeper-server", "serve")
    development.start()
    assert [reason_for(development.address, one) for one in (first, second)] == ["UNAUTHENTICATED"] * 2


def test_both_clients_find_their_server_again_after_it_was_started_anew(development: ServerProcess) -> None:
    """Each start has a new token; nobody has to do anything about it."""
    for client_class in CLIENTS:
        with client_class(development.address) as client:
            assert client.list_permissions().granted_permissions == ["*"]
            development.kill()
            development.start()
            assert client.list_permissions().granted_permissions == ["*"]
    with CLIENTS[0](development.address.replace("127.0.0.1", "localhost")) as client:
        assert client.list_permissions().granted_permissions == ["*"]
    assert ask_by_command(development.address).returncode == 0


def test_what_shows_variables_shows_neither_the_token_nor_what_is_sent_of_it(development: ServerProcess) -> None:
    """Debuggers, and stacks with variables."""
    with Client(development.address) as client:
        assert client.list_permissions().granted_permissions == ["*"]
        connections = client._transport._connections
        [connection] = connections._connections
        tokens = connection.endpoint.tokens
        shown = repr((vars(client._transport), vars(connections), vars(connection), vars(tokens), tokens.knock()))
        assert connection.admission is not None
        (_, sent), *_ = connection.admission.metadata
        assert "Bearer ***" in shown
        assert token_in_file(development) not in shown
        assert str(sent).removeprefix("Bearer ") not in shown


def test_a_token_that_is_given_goes_before_that_of_a_development_server(
    development: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument, then the environment's, by text or file; a fault in the file is not made good by another token."""
    file = tmp_path / "token"
    file.write_text("nobodys\n")
    file.chmod(0o600)
    for name, value in (("LOTKEEPER_TOKEN", "nobodys"), ("LOTKEEPER_TOKEN_FILE", str(file))):
        with monkeypatch.context() as set_here:
            set_here.setenv(name, value)
            for client_class in CLIENTS:
                with client_class(development.address) as client, pytest.raises(Unauthenticated) as refused:
                    client.list_permissions()
                assert refused.value.reason
                with client_class(development.address, token=development.token) as client:
                    assert client.list_permissions().granted_permissions == ["*"]
    monkeypatch.setenv("LOTKEEPER_TOKEN_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(TokenFault, match="nowhere cannot be read"):
        Client(development.address)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_the_file_goes_with_its_server_by_whatever_signal_that_ends(development: ServerProcess, number: int) -> None:
    """Also where the terminal is closed."""
    path = development_token_path(development.address)
    assert path.exists()
    assert development.process is not None
    development.process.send_signal(number)
    assert development.process.wait(30) == 0
    assert not path.exists()


def test_whoever_takes_the_port_of_a_dead_server_is_given_nothing(development: ServerProcess) -> None:
    """Whatever it answers: no such method, noise, nothing, an old answer played once more. The error says why."""
    address, token = development.address, token_in_file(development)
    with grpc.insecure_channel(address) as channel:
        prove: Any = channel.unary_unary(PROVE_PATH)
        old_answer: bytes = prove(bytes(NONCE_BYTES), timeout=10)
    with CLIENTS[0](address) as connected, CLIENTS[1](address) as connected_too:
        for client in (connected, connected_too):
            client.list_permissions()
        development.kill()
        answers: list[Callable[[str, bytes], bytes | None]] = [
            lambda method, _: None if method == PROVE_PATH else b"",
            lambda method, _: secrets.token_bytes(64) if method == PROVE_PATH else b"",
            lambda *_: b"",
            lambda method, _: old_answer if method == PROVE_PATH else b"",
            lambda method, request: request * 2 if method == PROVE_PATH else b"",
        ]
        for answer in answers:
            with listening(address, answer) as listener:
                for client_class in CLIENTS:
                    with client_class(address) as client, pytest.raises(Unauthenticated) as refused:
                        client.list_permissions()
                    assert "did not show that it made it" in refused.value.message
                done = ask_by_command(address)
                assert (done.returncode, "did not show that it made it" in done.stderr) == (1, True), done.stderr
                assert not listener.authorizations
        with listening(address, lambda *_: b"") as listener:  # gRPC connects anew by itself, unseen by the client
            for client in (connected, connected_too):
                client.list_permissions()
            sent = listener.authorizations
            assert token not in str(sent)
    stolen = {one.partition("Bearer ")[2].partition("'")[0] for one in sent}
    development.start()
    assert {reason_for(address, one) for one in stolen} <= {"UNAUTHENTICATED"}


def test_who_stands_at_another_address_of_the_same_port_cannot_pass_a_proof_on(development: ServerProcess) -> None:
    """`localhost` may lead to ::1 as well: there anybody could ask the true server and hand its answer on."""
    port = development.address.rpartition(":")[2]
    for host in ("localhost", "LOCALHOST", "127.0.0.1"):
        assert literal_address(f"{host}:{port}") == development.address

    def passed_on(method: str, request: bytes) -> bytes:
        with grpc.insecure_channel(development.address) as channel:
            ask: Any = channel.unary_unary(method)
            answer: bytes = ask(request, timeout=10)
            return answer

    elsewhere = f"127.0.0.2:{port}"
    development_token_path(elsewhere).write_text(token_in_file(development))
    development_token_path(elsewhere).chmod(0o600)
    with listening(elsewhere, passed_on) as listener:
        for client_class in CLIENTS:
            with client_class(elsewhere) as client, pytest.raises(Unauthenticated):
                client.list_permissions()
        assert listener.seen
        assert not listener.authorizations


def test_a_connection_that_does_not_come_from_loopback_is_refused(development: ServerProcess) -> None:
    """As it comes through whatever forwards the port: the token is as unknown there as any other."""
    here = _address_of_this_machine()
    port = int(development.address.rpartition(":")[2])
    with _forwarded_from(here, port) as address:
        assert reason_for(address, token_in_file(development)) == "UNAUTHENTICATED"
        assert reason_for(address, development.token) == ""
    assert reason_for(development.address, token_in_file(development)) == ""


def test_tokens_that_an_earlier_version_kept_in_the_store_let_nobody_in(tmp_path: Path) -> None:
    """Admin for ever they were; serve and run drop them."""
    for command in ("serve", "run"):
        server = ServerProcess(tmp_path, program=(BINARIES / "lotkeeper-server", command))
        old = new_token()
        with server:
            pass  # it makes the store and the tester's token
        with closing(Store(server.database_url)) as store:
            with store.write() as connection:
                entry = TokenEntry(IdSource()(), "development", ("admin",), True, now_millis(), None, None)
                add_token(connection, old, entry)
            with server:
                assert reason_for(server.address, old) == "UNAUTHENTICATED"
            with store.read() as connection:
                assert [entry.principal for entry in list_tokens(connection)] == ["tester"]
        (tmp_path / "store.db").unlink()


@pytest.mark.parametrize(
    "spoilt", ["readable", "link", "second name", "pipe", "folder of all", "folder link", "of another"]
)
def test_a_file_that_is_not_its_owners_alone_is_not_used(
    development: ServerProcess, state: Path, tmp_path: Path, spoilt: str
) -> None:
    """The error says what is wrong with it; nothing hangs."""
    path, folder = development_token_path(development.address), state / "lotkeeper" / "tokens"
    if spoilt == "of another" and os.geteuid() != 0:
        pytest.skip("only root can give files away")
    match spoilt:
        case "readable":
            path.chmod(0o640)
        case "link":
            path.symlink_to(path.rename(tmp_path / "moved"))
        case "second name":
            os.link(path, tmp_path / "moved")
        case "pipe":
            path.unlink()
            os.mkfifo(path, 0o600)
        case "folder of all":
            folder.chmod(0o777)
        case "folder link":
            folder.symlink_to(folder.rename(tmp_path / "tokens"))
        case "of another":
            os.chown(path, 65534, 65534)
    for client_class in CLIENTS:
        with client_class(development.address) as client, pytest.raises(Unauthenticated) as refused:
            client.list_permissions()
        assert "the development token is not used" in refused.value.message
        assert str(folder) in refused.value.message


def test_the_server_writes_where_nobody_else_can_only(tmp_path: Path, state: Path) -> None:
    """A link at the file's name is replaced, not followed; a folder that others may change ends the start."""
    server = ServerProcess(tmp_path, program=RUN)
    with server:
        path = development_token_path(server.address)
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path.unlink(missing_ok=True)
    path.symlink_to(victim)
    with server:
        assert (victim.read_text(), path.is_symlink()) == ("mine", False)
    (state / "lotkeeper" / "tokens").chmod(0o777)
    command = [*map(str, RUN), "--database-url", server.database_url, "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "others may write there" in done.stderr, "Traceback" in done.stderr) == (1, True, False)


def test_a_proof_is_given_for_a_nonce_only_and_never_makes_a_token(development: ServerProcess) -> None:
    """Each nonce has another proof; nothing else is answered."""
    with grpc.insecure_channel(development.address) as channel:
        prove: Any = channel.unary_unary(PROVE_PATH)
        answers = {prove(secrets.token_bytes(NONCE_BYTES), timeout=10) for _ in range(20)}
        assert len(answers) == 20
        for wrong in (b"", bytes(NONCE_BYTES - 1), bytes(NONCE_BYTES + 1), bytes(100_000)):
            with pytest.raises(grpc.RpcError) as refused:
                prove(wrong, timeout=10)
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_server_for_a_plant_proves_nothing_and_a_leftover_file_says_so(development: ServerProcess) -> None:
    """After kill -9 of `run`, `serve` on its port is not the one that made the token; a token that is given works."""
    development.kill()
    development.program = (BINARIES / "lotkeeper-server", "serve")
    development.start()
    for client_class in CLIENTS:
        with client_class(development.address) as client, pytest.raises(LotkeeperError) as refused:
            client.list_permissions()
        assert "UNIMPLEMENTED" in refused.value.message
        with client_class(development.address, token=development.token) as client:
            assert client.list_permissions().granted_permissions == ["*"]


def _address_of_this_machine() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


@contextmanager
def _forwarded_from(source: str, port: int) -> Iterator[str]:
    """An address that forwards one connection after another to a port of loopback, from a source address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                far = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(one, other), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with source, target, suppress(OSError):  # either side may go first, with a reset
        while piece := source.recv(65_536):
            target.sendall(piece)
