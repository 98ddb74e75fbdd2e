"""Who listens on the way: beyond loopback nothing is served without TLS by accident."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import grpc
import pytest
from lotkeeper import Client, Unauthenticated, development_token_path

from tests.certificates import made_certificate
from tests.server_process import BINARIES, ServerProcess


def warnings_of(server: ServerProcess) -> list[str]:
    """The addresses that its log warns of, one for each start."""
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line["listen"] for line in lines if line["event"] == "plaintext" and line["level"] == "warning"]


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
@pytest.mark.parametrize("command", ["serve", "run"])
def test_beyond_loopback_a_server_without_tls_does_not_start(tmp_path: Path, command: str, listen: str) -> None:
    """One line that says what to do; a token alone is not enough."""
    server = ServerProcess(tmp_path)
    server.run("migrate")
    server.run("token", "create", "--name", "line", "--role", "admin")
    program = [str(BINARIES / "lotkeeper-server"), command, "--database-url", server.database_url, "--listen", listen]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "allow_plaintext" in done.stderr
    assert "tls_certificate_file" in done.stderr
    assert "Traceback" not in done.stderr


def test_whoever_allows_plaintext_is_warned_at_each_start(tmp_path: Path) -> None:
    """By the setting; `run` makes no development token there."""
    server = ServerProcess(tmp_path, flags=("--allow-plaintext", "true"), address="0.0.0.0:0")
    for starts in (1, 2):
        with server:
            port = server.address.rpartition(":")[2]
            with Client(f"127.0.0.1:{port}", token=server.token) as client:
                assert client.list_permissions().granted_permissions == ["*"]
        assert len(warnings_of(server)) == starts
    server.program = (BINARIES / "lotkeeper-server", "run")
    with server:
        assert not development_token_path(server.address).exists()


def test_loopback_needs_no_tls_and_warns_of_nothing(tmp_path: Path) -> None:
    """Nobody else is on the way there."""
    with ServerProcess(tmp_path) as server:
        assert not warnings_of(server)


def test_with_tls_a_server_serves_everywhere_without_a_warning(tmp_path: Path) -> None:
    """And a caller without TLS does not get through."""
    certificate, key = made_certificate(tmp_path)
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    with ServerProcess(tmp_path, flags=flags, address="0.0.0.0:0") as server:
        address = f"127.0.0.1:{server.address.rpartition(':')[2]}"
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        with Client(address, token=server.token, channel_credentials=credentials) as client:
            assert client.list_permissions().granted_permissions == ["*"]
        assert not warnings_of(server)


def test_a_development_server_proves_itself_over_tls_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate says which machine it is, not who on it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("LOTKEEPER_TOKEN", raising=False)
    certificate, key = made_certificate(tmp_path)
    flags = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
    run = (BINARIES / "lotkeeper-server", "run")
    with ServerProcess(tmp_path, flags=flags, program=run) as server:
        for address in (server.address, server.address.replace("127.0.0.1", "localhost")):
            with Client(address, channel_credentials=credentials) as client:
                assert client.list_permissions().granted_permissions == ["*"]
        server.kill()
        server.program = (BINARIES / "lotkeeper-server", "serve")
        server.start()
        with (
            Client(server.address, channel_credentials=credentials) as client,
            pytest.raises(Unauthenticated, match="did not show"),
        ):
            client.list_permissions()
