"""The server's command line: every failure is one clear line, and nothing is lost."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import ServedPlant
from tests.raw_calls import call_once
from tests.server_process import BINARIES, ServerProcess


def program(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `lotkeeper-server`; a server that does start is a failure."""
    return subprocess.run(
        [BINARIES / "lotkeeper-server", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | environment,
    )


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What it said on standard error."""
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_an_address_in_use_is_a_clear_error(own_server: ServerProcess, tmp_path: Path) -> None:
    """Exit 1; the first server does not notice."""
    done = program("serve", "--database-url", f"sqlite:///{tmp_path}/other.db", "--listen", own_server.address)
    assert done.returncode == 1
    assert f"the address {own_server.address} cannot be listened on: it is in use" in one_line(done)
    with Client(own_server.address, token=own_server.token) as client:
        assert client.list_permissions().granted_permissions


def test_another_address_than_loopback_needs_a_token_first(tmp_path: Path) -> None:
    """A development token does not count."""
    done = program("serve", "--database-url", f"sqlite:///{tmp_path}/store.db", "--listen", "0.0.0.0:0")
    assert done.returncode == 1
    assert "token create" in one_line(done)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--listen", "nonsense"], "listen"),
        (["--max-concurrent-streams", "0"], "max_concurrent_streams"),
        (["--tls-key-file", "k.pem"], "tls_certificate_file"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, arguments: list[str], named: str) -> None:
    """Exit 2."""
    done = program("serve", "--database-url", f"sqlite:///{tmp_path}/store.db", *arguments)
    assert (done.returncode, named in done.stderr) == (2, True)


def test_settings_come_from_flag_environment_and_file(tmp_path: Path) -> None:
    """The same names everywhere; an unknown key of the file is refused by name."""
    (tmp_path / "server.toml").write_text('listen = "x"\n')
    done = program("--config", tmp_path / "server.toml", "serve")
    assert (done.returncode, "listen" in done.stderr) == (2, True)
    (tmp_path / "server.toml").write_text(f'database_url = "sqlite:///{tmp_path}/file.db"\n')
    assert program("--config", tmp_path / "server.toml", "migrate").stdout == "migrated\n"
    assert program("migrate", LOTKEEPER_DATABASE_URL=f"sqlite:///{tmp_path}/env.db").stdout == "migrated\n"
    assert {path.name for path in tmp_path.iterdir()} >= {"file.db", "env.db"}
    (tmp_path / "server.toml").write_text("lisen = 1\n")
    done = program("--config", tmp_path / "server.toml", "migrate")
    assert (done.returncode, "lisen" in done.stderr) == (2, True)


def test_a_store_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    """No folder, a folder, no database, another program's database."""
    (tmp_path / "text.db").write_text("this is no database, but long enough to look like a file of some kind\n" * 20)
    foreign = sqlite3.connect(tmp_path / "foreign.db")
    foreign.execute("CREATE TABLE theirs (id INTEGER)")
    foreign.close()
    for name, named in [
        ("nowhere/store.db", "there is no folder"),
        ("", "unable to open"),
        ("text.db", "not a database"),
        ("foreign.db", "not Lotkeeper's"),
    ]:
        done = program("serve", "--database-url", f"sqlite:///{tmp_path}/{name}", "--listen", "127.0.0.1:0")
        assert (done.returncode, named in one_line(done)) == (1, True), name
    assert program("serve", "--database-url", "mysql://x/y").returncode == 1


def test_a_newer_store_is_left_alone_and_an_unknown_one_is_not_made_by_verify(tmp_path: Path) -> None:
    """Each says what to do."""
    url = f"sqlite:///{tmp_path}/store.db"
    assert "the store does not exist" in one_line(program("verify", "--database-url", url))
    program("migrate", "--database-url", url)
    with sqlite3.connect(tmp_path / "store.db") as store:
        store.execute("UPDATE alembic_version SET version_num = '9999'")
        store.execute("UPDATE store_state SET serves_from = '9999'")
    store.close()
    done = program("serve", "--database-url", url, "--listen", "127.0.0.1:0")
    assert (done.returncode, "newer version" in one_line(done)) == (1, True)


def test_verify_finds_what_does_not_agree(own_server: ServerProcess) -> None:
    """While the server serves; exit 1 and the difference."""
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        client.execute_inventory_operation(plant.operation("PRODUCE").id, "L", 5.0)
    assert own_server.run("verify").returncode == 0
    with sqlite3.connect(own_server.folder / "store.db") as store:
        store.execute("UPDATE inventory SET quantity = 6000000")
        store.execute("UPDATE inventory_lot SET total_quantity = 4000000")
    store.close()
    done = own_server.run("verify")
    assert done.returncode == 1
    assert "stock of" in done.stdout
    assert "6 is stored, the records say 5" in done.stdout
    assert "4 is stored, the records say 5" in done.stdout


def test_a_full_disk_refuses_calls_and_loses_nothing(tmp_path: Path) -> None:
    """STORE_UNAVAILABLE once the file may not grow; after a restart with room everything acknowledged is there."""
    limited = ServerProcess(tmp_path)

    def no_file_above_two_megabytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    limited.run("migrate")
    limited.token = limited.run("token", "create", "--name", "t", "--role", "admin").stdout.strip()
    limited.start(no_file_above_two_megabytes)
    acknowledged = 0
    execute = pb.DESCRIPTOR.services_by_name["InventoryOperationService"].methods_by_name["ExecuteInventoryOperation"]
    with Client(limited.address, token=limited.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
    body = pb.ExecuteInventoryOperationRequest(
        inventory_operation_id=operation.id, primary_lot_id_or_name="L", quantity=1.0
    ).SerializeToString()
    # Each is sent once: the client would try again, and find room whenever a checkpoint lets the log begin anew.
    with grpc.insecure_channel(limited.address) as channel, pytest.raises(grpc.RpcError) as refused:  # noqa: PT012
        while True:
            call_once(channel, execute, body, f"Bearer {limited.token}", 30)
            acknowledged += 1
    assert "STORE_UNAVAILABLE" in str(refused.value.trailing_metadata())
    limited.kill()
    with limited, Client(limited.address, token=limited.token) as client:
        limited.verify()
        records = list(client.list_inventory_lot_records(inventory_operation_id=operation.id, page_size=1000))
        assert len(records) == acknowledged > 10


def test_a_locked_store_refuses_calls_until_it_is_free(own_server: ServerProcess) -> None:
    """Another program holds it; nothing is lost."""
    with Client(own_server.address, token=own_server.token) as client:
        operation = ServedPlant(client).operation("PRODUCE")
        locker = sqlite3.connect(own_server.folder / "store.db", isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(LotkeeperError):
            client.execute_inventory_operation(operation.id, "L", 1.0, timeout_seconds=1)
        locker.execute("ROLLBACK")
        locker.close()
        assert client.execute_inventory_operation(operation.id, "L", 1.0).quantity == 1.0
    own_server.verify()


def test_a_token_is_printed_once_and_listed_without_itself(tmp_path: Path) -> None:
    """Roles in use stay; an unknown role or permission is refused."""
    url = ["--database-url", f"sqlite:///{tmp_path}/store.db"]
    assert program("role", "create", "line", "--permission", "INVENTORY", *url).returncode == 0
    created = program("token", "create", "--name", "L4", "--role", "line", "--expires", "30d", *url)
    assert created.stdout.startswith("lk_")
    assert created.stdout.count("\n") == 1
    listed = program("token", "list", *url).stdout
    assert ("L4\tline" in listed, created.stdout.strip() in listed) == (True, False)
    assert created.stdout.strip().encode() not in (tmp_path / "store.db").read_bytes()
    assert "tokens have the role line: 1" in one_line(program("role", "delete", "line", *url))
    assert "the role admin stays" in one_line(program("role", "delete", "admin", *url))
    assert "no role" in one_line(program("token", "create", "--name", "x", "--role", "none", *url))
    assert program("role", "create", "odd", "--permission", "INVENTRY", *url).returncode == 2
    assert program("token", "revoke", "--name", "L4", *url).stdout == "1 revoked\n"
    assert program("role", "delete", "line", *url).returncode == 0


def test_the_program_starts_without_alembic() -> None:
    """It takes a second to import, and only migrations need it."""
    script = "import sys, lotkeeper_server.app, lotkeeper_server.cli; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
