"""How the servers listen, and what they allow a connection."""

import asyncio
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from lotkeeper_server.transport import core_names
from lotkeeper_server.transport import server as server_module
from lotkeeper_server.transport.aio_server import AioServer
from lotkeeper_server.transport.call import Call, Status, Streaming, Unary
from lotkeeper_server.transport.core_server import CoreServer
from lotkeeper_server.transport.options import CannotListen, ServerOptions, TlsPair
from lotkeeper_server.transport.server import server_class

from tests.integration.transport.served import SERVERS, Server, echo, echo_stream, path, serving, until

both = pytest.mark.parametrize("kind", SERVERS)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsPair:
    """A certificate of localhost that signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    name = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, *name, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return TlsPair(certificate.read_bytes(), key.read_bytes())


@both
async def test_calls_and_streams_go_over_tls(kind: type[Server], tls: TlsPair) -> None:
    methods: dict[str, Unary | Streaming] = {"Echo": Unary(echo), "Stream": Streaming(echo_stream)}
    async with serving(kind, methods, tls=tls) as served:
        credentials = grpc.ssl_channel_credentials(tls.certificate_chain)
        channel: Any
        async with grpc.aio.secure_channel(f"localhost:{served.port}", credentials) as channel:
            assert await channel.unary_unary(path("Echo"))(bytes(100_000)) == bytes(100_000)
            call = channel.stream_stream(path("Stream"))(iter([b"1", b"2"]))
            assert [message async for message in call] == [b"1", b"2"]


@both
async def test_a_key_that_does_not_fit_cannot_listen(kind: type[Server], tls: TlsPair) -> None:
    server = kind({}, ServerOptions(), asyncio.get_running_loop())
    with pytest.raises(CannotListen, match="not a usable pair"):
        server.listen("127.0.0.1:0", TlsPair(tls.certificate_chain, b"no key"))


@both
async def test_an_address_is_shared_only_where_that_is_wanted(kind: type[Server]) -> None:
    loop = asyncio.get_running_loop()
    for shares in (False, True):
        async with serving(kind, {}, ServerOptions(shares_address=shares)) as served:
            other = kind({}, ServerOptions(shares_address=shares), loop)
            if shares:
                assert other.listen(served.address) == served.port
            else:
                with pytest.raises(CannotListen, match=f"{served.port} cannot be listened on: it is in use$"):
                    other.listen(served.address)
            other.start()
            await other.close()


@both
async def test_calls_beyond_the_limit_of_a_connection_wait(kind: type[Server]) -> None:
    kept: list[Call] = []
    options = ServerOptions(max_concurrent_streams=5)
    async with serving(kind, {"Keep": Unary(lambda _message, call: kept.append(call))}, options) as served:
        calls = [asyncio.ensure_future(served.unary("Keep")) for _ in range(12)]
        answered = 0
        while answered < 12:
            await until(lambda: kept)
            await asyncio.sleep(0.1)
            assert served.server.in_progress <= 5
            while kept:
                kept.pop().answer(b"")
                answered += 1
        await asyncio.gather(*calls)
        await served.is_left_clean()


def test_options_come_as_channel_arguments() -> None:
    more = (("grpc.keepalive_time_ms", 1), ("grpc.other", "x"))
    arguments = dict(ServerOptions(max_concurrent_streams=7, ping_seconds_min=1.5, more=more).channel_arguments())
    assert arguments["grpc.max_concurrent_streams"] == 7
    assert arguments["grpc.http2.min_ping_interval_without_data_ms"] == 1500
    assert arguments["grpc.keepalive_time_ms"] == 1
    assert arguments["grpc.other"] == "x"
    assert "grpc.max_concurrent_streams" not in dict(ServerOptions().channel_arguments())


async def test_work_is_done_whenever_the_queue_is_quiet() -> None:
    waiting: list[tuple[bytes, Call]] = []
    threads: set[str] = set()

    def work() -> float | None:
        threads.add(threading.current_thread().name)
        for message, call in waiting:
            call.answer(message)
        waiting.clear()
        return None

    methods = {"Late": Unary(lambda message, call: waiting.append((message, call)))}
    async with serving(CoreServer, methods, when_quiet=work) as served:
        for number in range(20):
            assert await served.unary("Late", b"%d" % number) == b"%d" % number
        await asyncio.gather(*(served.unary("Late") for _ in range(200)))
        await served.is_left_clean()
    assert threads == {"grpc-poll"}


async def test_grpc_aio_does_the_same_work_on_its_loop() -> None:
    waiting: list[Call] = []

    def work() -> float | None:
        for call in waiting:
            call.answer(b"")
        waiting.clear()
        return None

    async with serving(
        AioServer, {"Late": Unary(lambda _message, call: waiting.append(call))}, when_quiet=work
    ) as served:
        await asyncio.gather(*(served.unary("Late") for _ in range(50)))
        await served.is_left_clean()


@both
@pytest.mark.parametrize("wait_seconds", [0.0, 0.05])
async def test_a_wait_that_work_asks_for_is_kept(kind: type[Server], wait_seconds: float) -> None:
    times: list[float] = []

    def work() -> float | None:
        times.append(time.monotonic())
        return wait_seconds if len(times) < 10 else None

    async with serving(kind, {"Echo": Unary(echo)}, when_quiet=work) as served:
        await until(lambda: len(times) >= 10)
        assert 9 * wait_seconds <= times[9] - times[0] < 9 * wait_seconds + 1
        assert await served.unary("Echo", b"on") == b"on"


@both
async def test_work_that_fails_ends_nothing(kind: type[Server]) -> None:
    failures = 0

    def fail() -> float | None:
        nonlocal failures
        failures += 1
        raise LookupError("here")

    async with serving(kind, {"Echo": Unary(echo)}, when_quiet=fail) as served:
        await until(lambda: failures >= 3)
        assert await served.unary("Echo", b"on") == b"on"


@both
async def test_a_callback_or_a_fault_handler_that_fails_ends_nothing(kind: type[Server]) -> None:
    def on_fault(_method: str, _error: Exception) -> Status:
        raise LookupError("also here")

    def fail(_message: bytes, _call: Call) -> None:
        raise LookupError("here")

    methods = {"Fail": Unary(fail), "Echo": Unary(echo)}
    async with serving(kind, methods, on_fault=on_fault) as served:
        error = await served.refusal("Fail", timeout_seconds=5)
        assert isinstance(error, grpc.aio.AioRpcError)
        assert error.code() is grpc.StatusCode.INTERNAL
        assert await served.unary("Echo", b"on") == b"on"
        del error
        await served.is_left_clean()


def test_the_server_is_that_on_the_core_where_grpcio_has_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert server_class("core") is CoreServer
    monkeypatch.setattr(server_module, "faults", lambda: ["cygrpc has no Server"])
    assert server_class("core") is AioServer


def test_no_other_module_names_the_inner_module() -> None:
    folder = Path(core_names.__file__).parent
    naming = {one.name for one in folder.glob("*.py") if "_cython" in one.read_text(encoding="utf-8")}
    assert naming == {"core_names.py"}
