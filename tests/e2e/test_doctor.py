"""`lotkeeper-server doctor`: what `serve` would meet is found before it, with what to do, and nothing is changed."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from lotkeeper import Client
from lotkeeper_server.cli import main
from lotkeeper_server.store.db.connection import Store
from psycopg import sql

from tests import stores
from tests.authorities import Authority
from tests.e2e.test_server_cli_faults import program
from tests.earlier_schemas import upgrade_to
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess
from tests.stores import embedded_store_url, migrated_postgresql_url, migrated_store_url, new_store_url

DISK_BYTES = 12 * 1_048_576
Said = dict[str, tuple[str, str]]
"""By check: its state, and all that its line says."""


def said_by(done: subprocess.CompletedProcess[str]) -> Said:
    """What the lines of `--json` say; the last line of a check counts. The status is 1 where there is a fault."""
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["advice"] or line["state"] != "warning" for line in lines)
    assert done.returncode == any(line["state"] == "fault" for line in lines)
    return {line["check"]: (line["state"], f"{line['found']}; {line['advice']}") for line in lines}


def doctor(database_url: str, *flags: str | Path) -> Said:
    """What it says of a store, with a free port."""
    words = ("--json", "--database-url", database_url, "--listen", "127.0.0.1:0", *flags)
    return said_by(program("doctor", *words))


def states(said: Said, state: str) -> list[str]:
    """The checks with a state."""
    return sorted(check for check, (found, _) in said.items() if found == state)


def _everything_in(folder: Path) -> dict[str, tuple[int, str]]:
    """Each file with its time of change and its bytes; not SQLite's index of its log, which readers make anew."""
    return {
        path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_a_store_of_each_kind_that_can_be_served_has_no_fault(tmp_path: Path) -> None:
    """Server databases are also asked for the time."""
    said = doctor(migrated_store_url(tmp_path))
    assert states(said, "fault") == []
    assert {
        "settings",
        "listen",
        "rights",
        "schema",
        "store",
        "tokens",
        "descriptors",
        "temporary_folder",
    } <= said.keys()
    assert ("clock" in said, "disk" in said) == ((False, True) if stores.kind() == "sqlite" else (True, False))
    assert said["tokens"][0] == "warning"  # nobody has one


def test_an_empty_store_is_no_fault(tmp_path: Path) -> None:
    """`serve` makes what is missing; this does not."""
    said = doctor(new_store_url(tmp_path))
    assert states(said, "fault") == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_an_embedded_store_is_changed_not_even_after_kill_9(tmp_path: Path) -> None:
    """Its log stays where it is, and so does each byte."""
    with ServerProcess(tmp_path) as server, Client(server.address, token=server.token) as client:
        ServedPlant(client).operation("RECEIVE")
        server.kill()
    folder = tmp_path if stores.kind() == "sqlite" else tmp_path / "none"
    before = _everything_in(folder) if folder.exists() else {}
    assert states(doctor(server.database_url), "fault") == []
    assert (_everything_in(folder) if folder.exists() else {}) == before


def test_a_server_that_serves_is_no_fault_and_its_address_is_told(tmp_path: Path) -> None:
    """Before an upgrade, say."""
    with ServerProcess(tmp_path) as server:
        done = server.run("doctor", "--json", "--listen", server.address)
        said = said_by(done)
    assert states(said, "fault") == []
    assert said["listen"][0] == "warning"
    assert said["listen"][1].startswith(f"something listens on {server.address} now; if it is not the server that")
    assert said["tokens"] == ("ok", "1 are valid; ")


def test_a_setting_that_is_unknown_is_the_only_line(tmp_path: Path) -> None:
    """Without settings nothing else can be looked at."""
    file = tmp_path / "settings.toml"
    file.write_text("quee_max = 1\n")
    said = said_by(program("doctor", "--config", file, "--json"))
    assert said.keys() == {"settings"}
    assert said["settings"][0] == "fault"
    assert "did you mean queue_max?" in said["settings"][1]


@pytest.mark.parametrize(("mode_of_file", "mode_of_folder"), [(0o400, 0o700), (0o600, 0o500)])
def test_a_file_or_a_folder_that_may_only_be_read(tmp_path: Path, mode_of_file: int, mode_of_folder: int) -> None:
    """As `serve` would refuse it."""
    folder = tmp_path / "store"
    folder.mkdir()
    url = embedded_store_url(folder)
    (folder / "store.db").chmod(mode_of_file)
    folder.chmod(mode_of_folder)
    try:
        state, text = doctor(url)["rights"]
    finally:
        folder.chmod(0o700)
    assert state == "fault"
    assert "cannot be written; " in text


def test_an_older_schema_says_how_many_steps_are_missing(tmp_path: Path) -> None:
    """And how to take them."""
    url = new_store_url(tmp_path)
    with closing(Store(url)) as store, store.write_to_any_schema() as connection:
        upgrade_to(connection, "0012")
    state, text = doctor(url)["schema"]
    assert state == "fault"
    assert "it is older than this program's" in text
    assert "lotkeeper-server migrate" in text


def test_a_newer_schema_and_tables_of_others(tmp_path: Path) -> None:
    """Neither is touched."""
    embedded_store_url(tmp_path)
    (tmp_path / "other.db").touch(0o600)
    for name, statement in (
        ("store.db", "UPDATE alembic_version SET version_num = '9999'"),
        ("store.db", "UPDATE store_state SET serves_from = '9999'"),
        ("other.db", "CREATE TABLE x(a)"),
    ):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute(statement)
            connection.commit()
    assert doctor(f"sqlite:///{tmp_path}/store.db")["schema"][0] == "fault"
    assert "not Lotkeeper's; name an empty one" in doctor(f"sqlite:///{tmp_path}/other.db")["schema"][1]


def test_a_file_that_is_no_database_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """One line each."""
    file = tmp_path / "text.db"
    file.write_text("no database, but long enough to be taken for the first page of one\n" * 20)
    file.chmod(0o600)
    assert doctor(f"sqlite:///{file}")["store"][0] == "fault"
    assert "make it" in doctor(f"sqlite:///{tmp_path}/none/store.db")["store"][1]


def test_a_database_in_latin_1() -> None:
    """PostgreSQL only: on MariaDB each table says its own."""
    name = f"doctor_latin_{os.getpid()}"
    with stores.postgresql().connect() as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").format(sql.Identifier(name))
        )
    state, text = doctor(stores.postgresql().url(name))["store"]
    assert state == "fault"
    assert "the database is in LATIN1; make one with: createdb --encoding=UTF8" in text


def test_a_role_that_may_only_read() -> None:
    """Found by a write that is rolled back."""
    url = migrated_postgresql_url()
    name = url.rpartition("/")[2]
    with stores.postgresql().connect(name) as session:
        role = sql.Identifier(f"{name}_reader")
        session.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        session.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role))
    state, text = doctor(url.replace("//postgres@", f"//{name}_reader@"))["rights"]
    assert state == "fault"
    assert "permission denied" in text
    assert "SELECT, INSERT, UPDATE and DELETE" in text


def test_a_database_that_cannot_be_reached_is_one_fault(tmp_path: Path) -> None:
    """Its password is not told."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://u:secret@127.0.0.1:{taken.getsockname()[1]}/db"
        file = tmp_path / "url"
        file.write_text(url)
        file.chmod(0o600)
        done = program("doctor", "--json", "--database-url-file", file, "--listen", "127.0.0.1:0")
    assert said_by(done)["store"][0] == "fault"
    assert "secret" not in done.stdout


@pytest.mark.parametrize(("apart_seconds", "state"), [(0.0, "ok"), (20.0, "warning"), (-90.0, "fault")])
def test_a_clock_that_differs_from_the_databases(
    monkeypatch: pytest.MonkeyPatch, apart_seconds: float, state: str
) -> None:
    """This machine's is moved; within the tolerance of backdating it is a warning."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + apart_seconds)
    url = migrated_postgresql_url() if stores.kind() == "sqlite" else migrated_store_url(Path())
    done = CliRunner().invoke(main, ["doctor", "--json", "--database-url", url, "--listen", "127.0.0.1:0"])
    clock = [json.loads(line) for line in done.stdout.splitlines() if '"clock"' in line]
    assert [one["state"] for one in clock] == [state], done.output
    assert ("NTP" in clock[0]["advice"]) == (state != "ok")
    assert state == "ok" or (" behind this one's" in clock[0]["found"]) == (apart_seconds > 0)


@pytest.fixture
def authority() -> Authority:
    return Authority()


def _tls(files: tuple[Path, Path]) -> Sequence[str | Path]:
    return "--tls-certificate-file", files[0], "--tls-key-file", files[1]


@pytest.mark.parametrize(
    ("good_for", "state", "found"),
    [
        (timedelta(days=90), "ok", "is good until"),
        (timedelta(days=3), "warning", "expires on"),
        (timedelta(days=-1), "fault", "certificate has expired"),
    ],
)
def test_a_certificate_that_expires(
    tmp_path: Path, authority: Authority, good_for: timedelta, state: str, found: str
) -> None:
    """A server takes one that has expired, and then no caller comes in."""
    said = doctor(embedded_store_url(tmp_path), *_tls(authority.pair(good_for=good_for).write(tmp_path)))
    assert said["tls"][0] == state
    assert found in said["tls"][1]


def test_a_key_that_belongs_to_another_certificate(tmp_path: Path, authority: Authority) -> None:
    """And one that is not there."""
    certificate, _ = authority.pair().write(tmp_path, "one")
    _, key = authority.pair().write(tmp_path, "two")
    url = embedded_store_url(tmp_path)
    state, text = doctor(url, *_tls((certificate, key)))["tls"]
    assert (state, "give a certificate and the key that belongs to it" in text) == ("fault", True)
    state, text = doctor(url, *_tls((certificate, tmp_path / "none.key")))["tls"]
    assert (state, "none.key" in text) == ("fault", True)


def test_the_authority_of_callers_is_looked_at(tmp_path: Path, authority: Authority) -> None:
    """By its name."""
    file = tmp_path / "callers.pem"
    file.write_bytes(authority.pem)
    url = embedded_store_url(tmp_path)
    said = doctor(url, *_tls(authority.pair().write(tmp_path)), "--tls-client-ca-file", file)
    assert said["tls_client_ca"][0] == "ok"
    assert "the authority Plant CA is good until" in said["tls_client_ca"][1]


def test_beyond_loopback_a_token_and_tls_are_needed(tmp_path: Path) -> None:
    """The two faults are those of `serve`."""
    url = embedded_store_url(tmp_path)
    said = said_by(program("doctor", "--json", "--database-url", url, "--listen", "0.0.0.0:0"))
    assert states(said, "fault") == ["plaintext", "tokens"]
    said = said_by(program("doctor", "--json", "--database-url", url, "--listen", "192.0.2.1:50051"))
    assert "is not an address of this machine; give --listen" in said["listen"][1]


@pytest.mark.parametrize(("count", "state"), [(1_024, "warning"), (20, "fault")])
def test_few_descriptors(tmp_path: Path, count: int, state: str) -> None:
    """The hard limit counts: a server raises its own up to it."""
    url = embedded_store_url(tmp_path)
    done = subprocess.run(
        [BINARIES / "lotkeeper-server", "doctor", "--json", "--database-url", url, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)),
    )
    found, text = said_by(done)["descriptors"]
    assert found == state
    assert f"{count} descriptors" in text
    assert "LimitNOFILE" in text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_little_room_on_the_disk(small_disk: Path) -> None:
    """Little is a warning, none a fault; the folder of temporary files is told of, too."""
    url = embedded_store_url(small_disk)
    said = doctor(url, "--temporary-folder", small_disk)
    assert (said["disk"][0], said["temporary_folder"][0]) == ("warning", "warning")
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(65_536))
    state, text = doctor(url)["disk"]
    assert state == "fault"
    assert "make room, or archive" in text


def test_what_others_can_read_is_a_warning(tmp_path: Path) -> None:
    """The store's file, for one."""
    url = embedded_store_url(tmp_path)
    (tmp_path / "store.db").chmod(0o644)
    assert doctor(url)["secrets"][0] == "warning"


def test_people_get_a_line_for_each_check_and_a_sum(tmp_path: Path) -> None:
    """The first word is the state."""
    url = embedded_store_url(tmp_path)
    done = program("doctor", "--database-url", url, "--listen", "127.0.0.1:0")
    *lines, last = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "fault"}
    assert last.startswith("faults: 0, warnings: ")
