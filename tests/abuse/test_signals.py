"""SIGHUP comes to servers whose terminal closes, and from those who rotate logs and certificates."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import ssl
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import grpc
import pytest
from lotkeeper import Client

from tests.certificates import made_certificate
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess, server_of
from tests.workers import workers_of

WAIT_SECONDS: Final = 15.0


def events(server: ServerProcess, name: str) -> list[dict[str, object]]:
    """The lines of its log of this event."""
    lines = [json.loads(line) for line in server.log().splitlines()]
    return [line for line in lines if line["event"] == name]


def wait_for(happened: Callable[[], object]) -> None:
    """Until it has, as a log is written by another process."""
    end = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def hang_up(server: ServerProcess, name: str = "settings_reloaded") -> dict[str, object]:
    """SIGHUP; the line that it adds to the log."""
    before = len(events(server, name))
    assert server.process is not None
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(events(server, name)) > before)
    return events(server, name)[-1]


def served_certificate(address: str) -> bytes:
    """What a server shows to whoever connects now."""
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as connection:
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"").encode()


def test_what_can_change_while_it_serves_does_and_the_rest_is_named(tmp_path: Path) -> None:
    """The level of the log, the certificate; wrong ones change nothing, and calls go on."""
    pairs = [made_certificate(tmp_path, name) for name in ("first", "second")]
    served = tmp_path / "served.crt", tmp_path / "served.key"

    def put(certificate: Path, key: Path) -> None:
        for source, target in zip((certificate, key), served, strict=True):
            shutil.copy(source, target)

    put(*pairs[0])
    settings = tmp_path / "server.toml"
    settings.write_text('log_level = "info"\n')
    flags = ("--config", settings, "--tls-certificate-file", served[0], "--tls-key-file", served[1])
    server = ServerProcess(tmp_path, flags=tuple(map(str, flags)))
    credentials = grpc.ssl_channel_credentials(pairs[0][0].read_bytes())
    with server, Client(server.address, token=server.token, channel_credentials=credentials) as client:
        operation = ServedPlant(client).operation("PRODUCE").id
        assert served_certificate(server.address) == pairs[0][0].read_bytes()
        put(*pairs[1])
        settings.write_text('log_level = "debug"\nqueue_max = 77\n')
        reloaded = hang_up(server)
        assert (reloaded["changed"], reloaded["need_a_restart"]) == (["log_level"], ["queue_max"])
        wait_for(lambda: events(server, "certificate_reloaded"))
        assert served_certificate(server.address) == pairs[1][0].read_bytes()
        put(pairs[0][0], pairs[1][1])
        hang_up(server, "certificate_not_reloaded")
        settings.write_text('log_level = "loud"\n')
        assert "log_level" in str(hang_up(server, "settings_not_reloaded")["why"])
        assert served_certificate(server.address) == pairs[1][0].read_bytes()
        assert client.execute_inventory_operation(operation, "L", 1.0).quantity == 1.0
        assert server.terminate() == 0


def test_a_storm_of_hangups_disturbs_no_call(own_server: ServerProcess) -> None:
    """One for each call."""
    with Client(own_server.address, token=own_server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE").id
        assert own_server.process is not None
        for _ in range(30):
            own_server.process.send_signal(signal.SIGHUP)
            client.execute_inventory_operation(operation, "L", 1.0)
        [record] = list(client.list_inventory())
        assert record.quantity == 30.0
    assert own_server.terminate() == 0
    own_server.verify()


def test_a_supervisor_hands_it_on_and_nobody_dies(tmp_path: Path) -> None:
    """Workers that are started afterwards, too."""
    with server_of(tmp_path, 2) as server, Client(server.address, token=server.token) as client:
        assert server.process is not None
        workers = workers_of(server.process.pid)
        assert len(workers) == 2
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(events(server, "settings_reloaded")) == 3)
        assert workers_of(server.process.pid) == workers
        os.kill(min(workers), signal.SIGHUP)
        wait_for(lambda: len(events(server, "settings_reloaded")) == 4)
        os.kill(min(workers), signal.SIGKILL)
        wait_for(lambda: len(events(server, "worker_serves")) == 3)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(events(server, "settings_reloaded")) == 7)
        assert client.list_permissions().permissions
        assert not events(server, "worker_ended")[1:]
        assert server.terminate() == 0


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_development_server_ends_with_its_terminal_and_another_one_serves_on(tmp_path: Path, command: str) -> None:
    """The terminal is closed: whoever has it gets SIGHUP, and can write there no more."""
    terminal_end, terminal = pty.openpty()

    def take_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOTKEEPER_")}
    log = (tmp_path / "log").open("wb")
    with (
        log,
        subprocess.Popen(
            [BINARIES / "lotkeeper-server", command, "--listen", "127.0.0.1:0"],
            cwd=tmp_path,
            env=environment | {"XDG_STATE_HOME": str(tmp_path)},
            stdin=terminal,
            stdout=terminal,
            stderr=log,
            preexec_fn=take_the_terminal,  # noqa: PLW1509 - it only takes the terminal
        ) as process,
    ):
        os.close(terminal)
        greeting = b""
        while greeting.count(b"\n") < (3 if command == "run" else 1):
            greeting += os.read(terminal_end, 1_000)
        os.close(terminal_end)
        if command == "run":
            assert process.wait(WAIT_SECONDS) == 0
            assert "shut_down" in (tmp_path / "log").read_text()
            return
        wait_for(lambda: "settings_reloaded" in (tmp_path / "log").read_text())
        address = greeting.decode().split()[3]
        with Client(address, token="nobody's") as client, pytest.raises(Exception, match="UNAUTHENTICATED"):
            client.list_permissions()
        process.terminate()
        assert process.wait(WAIT_SECONDS) == 0
