"""The command line's import, export, and what it does to single definitions."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import master_data_pb2

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    return ServedPlant(client)


@pytest.fixture
def run(server: ServerProcess) -> Run:
    def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BINARIES / "lotkeeper", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(server),
        )

    return run


def environment(server: ServerProcess) -> dict[str, str]:
    return {**os.environ, "LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}


def test_an_export_to_a_file_is_imported_again(run: Run, plant: ServedPlant, tmp_path: Path) -> None:
    """The file's name says its format; a dash is standard output and input."""
    plant.operation("CONSUME", notes="=1")
    csv_file, json_file = tmp_path / "definitions.csv", tmp_path / "definitions.jsonl"
    for file in (csv_file, json_file):
        done = run("export", "--location", plant.silo.path, "-o", str(file))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        done = run("import", str(file))
        assert (done.returncode, done.stdout) == (0, "created 0, updated 0, unchanged 1, failed 0\n")
    assert sorted(tmp_path.iterdir()) == [csv_file, json_file]
    assert csv_file.read_bytes().startswith(b"name,operationType,")
    piped = run("export", "--format", "json", "--location", plant.silo.id, "-o", "-")
    assert piped.stdout == json_file.read_text()
    done = run("--json", "import", "-", "--format", "json", text=piped.stdout.replace('"=1"', '"=2"'))
    assert json.loads(done.stdout) == {"created": 0, "updated": 1, "unchanged": 0, "failedRows": [], "failed": 0}
    assert run("import", "-", text="").returncode == 2


def test_an_export_that_fails_leaves_the_file_that_was_there(run: Run, tmp_path: Path) -> None:
    """Nothing half written, nothing left beside it."""
    file = tmp_path / "definitions.csv"
    file.write_text("before")
    done = run("export", "--location", "No/Such", "-o", str(file))
    assert (done.returncode, done.stderr) == (
        1,
        "refused: LOCATION_NOT_FOUND: There is no location No/Such.\n",
    )
    assert [one.read_text() for one in tmp_path.iterdir()] == ["before"]


def test_an_import_shows_the_rows_at_fault_and_ends_with_1(run: Run, plant: ServedPlant, tmp_path: Path) -> None:
    """Line, reason, field and why; and what was done."""
    file = tmp_path / "definitions.csv"
    file.write_text(f"name,sourceLocationPath\n{plant.prefix} A,{plant.silo.path}\n{plant.prefix} B,No/Such\n")
    done = run("import", str(file))
    header, failure, summary = done.stdout.splitlines()
    assert done.returncode == 1
    assert header.split() == ["LINE", "REASON", "FIELD", "DESCRIPTION"]
    assert failure.split(maxsplit=3) == [
        "3",
        "LOCATION_NOT_FOUND",
        "sourceLocationPath",
        "There is no location No/Such.",
    ]
    assert summary == "created 0, updated 0, unchanged 0, failed 1: nothing was done"
    dry = run("import", str(file), "--keep-good-rows", "--dry-run")
    assert dry.stdout.splitlines()[-1] == "created 1, updated 0, unchanged 0, failed 1: a dry run, nothing was done"
    kept = run("import", str(file), "--keep-good-rows")
    assert (kept.returncode, kept.stdout.splitlines()[-1]) == (1, "created 1, updated 0, unchanged 0, failed 1")


def test_an_import_shows_its_progress_on_a_terminal(server: ServerProcess, plant: ServedPlant, tmp_path: Path) -> None:
    """A bar on standard error, never in what a pipe reads; the server works again once it was seen."""
    file = tmp_path / "definitions.csv"
    rows = "".join(f"{plant.prefix} {number},{plant.silo.path}\n" for number in range(5_000))
    file.write_text("name,sourceLocationPath\n" + rows)
    terminal, its_end = pty.openpty()
    server.pause()
    process = subprocess.Popen(
        [BINARIES / "lotkeeper", "import", str(file)],
        stdout=subprocess.PIPE,
        stderr=its_end,
        text=True,
        env=environment(server) | {"TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(its_end)
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        try:
            while piece := screen.read(4_096):
                shown += piece
                server.resume()
        except OSError:  # how Linux says that the other end is closed
            pass
    output, _ = process.communicate(timeout=60)
    assert output == "created 5000, updated 0, unchanged 0, failed 0\n"
    assert re.search(rb"[1-9] s", shown), shown


def test_a_definition_is_saved_validated_and_deleted(run: Run, plant: ServedPlant, tmp_path: Path) -> None:
    """As `get --json` writes it; what refers to it is counted."""
    operation = plant.operation("PRODUCE")
    got = json.loads(run("--json", "operations", "get", operation.id).stdout)
    file = tmp_path / "definition.json"
    file.write_text(json.dumps(got | {"notes": "new"}))
    saved = json.loads(run("--json", "operations", "save", str(file)).stdout)
    assert (saved["notes"], saved["version"]) == ("new", 2)
    file.write_text(json.dumps({"id": operation.id, "notes": "masked", "name": " bad"}))
    assert run("operations", "save", str(file), "--mask", "notes").returncode == 0
    invalid = run("operations", "validate", str(file))
    assert invalid.returncode == 1
    assert "inventory_operation.name" in invalid.stdout
    assert run("operations", "validate", str(file), "--mask", "notes").returncode == 0
    assert "VERSION_CONFLICT" in run("operations", "delete", operation.id, "--version", "1").stderr
    assert run("operations", "references", operation.id).stdout.split() == ["KIND", "COUNT", "FOR", "EXAMPLE", "NAME"]
    assert run("operations", "delete", operation.id, "--version", "3").returncode == 0
    assert run("operations", "get", operation.id).returncode == 1
    for text in ("[]", "{", '{"nonsense": 1}'):
        file.write_text(text)
        assert run("operations", "save", str(file)).returncode == 2


def test_units_say_whether_they_are_of_whole_numbers(run: Run, plant: ServedPlant) -> None:
    """In the table and as JSON."""
    box = master_data_pb2.UnitOfMeasure(name=f"{plant.prefix} box", symbol=f"{plant.prefix}bx", whole_only=True)
    plant.client.save_unit_of_measure(box)
    titles, *rows = run("units", "list", "--name-prefix", f"{plant.prefix} ").stdout.splitlines()
    assert titles.split() == ["ID", "NAME", "SYMBOL", "WHOLE"]
    assert sorted(row.split()[-2:] for row in rows) == [[f"{plant.prefix}bx", "yes"], [f"{plant.prefix}kg", "no"]]
    assert json.loads(run("--json", "units", "get", box.name).stdout)["wholeOnly"] is True
