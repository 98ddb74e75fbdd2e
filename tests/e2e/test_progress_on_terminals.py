"""Whatever takes more than a second says so on a terminal, and writes nothing of it into a pipe.

Nothing here depends on how quick the machine is: a server rests, or a store is held, until the bar is seen.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lotkeeper import Client
from lotkeeper.inventory.v1 import enums_pb2

from tests.server_process import BINARIES, ServerProcess

SEEN = re.compile(rb"\r\x1b\[K[^\r]*  [1-9][0-9]* s")
MILK, SILO = "Dairy/Milk/Whole milk", "DairyCo/Plant1/Silo1"
CONSUME = "01JPAND53P-BZ61RZHZ-V7C6EEHG"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of the demo plant, on SQLite."""
    folder = tmp_path_factory.mktemp("demo")
    server = ServerProcess(folder, database_url=f"sqlite:///{folder}/store.db")
    assert server.run("migrate").returncode == 0
    assert server.run("demo").returncode == 0
    with server:
        yield server


@pytest.fixture
def file(tmp_path: Path, demo: ServerProcess) -> Path:
    """A folder with what commands read."""
    request = {"inventoryOperationId": CONSUME, "primaryLotIdOrName": "MILK-0815", "quantity": 1}
    (tmp_path / "requests.jsonl").write_text("".join(json.dumps(request) + "\n" for _ in range(3)))
    (tmp_path / "definitions.csv").write_text(f"name,sourceLocationPath\nConsume more,{SILO}\n")
    with Client(demo.address, token=demo.token) as client:
        pieces = client.export_master_data(export_format=enums_pb2.EXPORT_FORMAT_YAML)
        (tmp_path / "plant.yaml").write_bytes(b"".join(pieces))
    return tmp_path


def shown_until(
    seen: Callable[[], object], command: list[str | Path], environment: dict[str, str], folder: Path, status: int = 0
) -> tuple[str, bytes]:
    """What a command writes into a pipe, and what it shows on a terminal that is its standard error.

    Args:
        seen: is called once the terminal has shown how long it takes.
        command: the program and its arguments.
        environment: its variables.
        folder: where it runs.
        status: what it ends with.
    """
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its_end,
        env=environment,
        cwd=folder,
        text=True,
    )
    os.close(its_end)
    shown, told = b"", False
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        try:
            while piece := screen.read(4_096):
                shown += piece
                if not told and SEEN.search(shown):
                    told = True
                    seen()
        except OSError:  # how Linux says that the other end is closed
            pass
    output, _ = process.communicate(timeout=60)
    assert process.returncode == status, shown
    assert told, shown
    return output, shown


COMMANDS = {
    "import": (["import", "definitions.csv"], "sending|checking and writing"),
    "export": (["export", "--output", "out.csv"], "writing"),
    "plant apply": (["plant", "apply", "plant.yaml"], "sending|checking and writing"),
    "plant diff": (["plant", "diff", "plant.yaml"], "sending|checking and writing"),
    "plant export": (["plant", "export", "--output", "out.yaml"], "writing"),
    "batch": (["batch", "requests.jsonl"], "running"),
    "recall": (["recall", "MILK-0815", "--material", MILK], "tracing"),
    "trace": (["trace", "MILK-0815", "--material", MILK], "waiting for the server"),
    "inventory": (["inventory"], "reading"),
    "records list": (["records", "list"], "reading"),
    "execute": (["execute", CONSUME, "MILK-0815", "1"], "waiting for the server"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_that_it_waits_for_a_server_that_rests(demo: ServerProcess, file: Path, name: str) -> None:
    """On standard error; nothing of it stays, and the pipe has only the result."""
    words, doing = COMMANDS[name]
    environment = os.environ | {
        "LOTKEEPER_ADDRESS": demo.address,
        "LOTKEEPER_TOKEN": demo.token,
        "TERM": "xterm",
    }
    command = [BINARIES / "lotkeeper", *words]
    demo.pause()
    try:
        output, shown = shown_until(demo.resume, command, environment, file)
    finally:
        demo.resume()
    assert re.search(rf"\r\x1b\[K({doing})  ".encode(), shown), shown
    assert shown.endswith(b"\r\x1b[K") or b"\r\x1b[K" in shown.rsplit(b" s", 1)[-1]
    assert "\x1b" not in output
    assert " s\n" not in output


@pytest.mark.parametrize(
    ("command", "doing", "said"),
    [
        (["migrate"], "migrating", "the schema is current\n"),
        (["verify"], "comparing", "all agree\n"),
        (["archive", "--before", "400d"], "archiving", "expired request ids deleted\n"),
    ],
)
def test_a_command_of_the_server_shows_that_it_waits_for_its_store(
    tmp_path: Path, command: list[str], doing: str, said: str
) -> None:
    """The store is held by somebody else until it is seen."""
    url = f"sqlite:///{tmp_path}/store.db"
    environment = os.environ | {"LOTKEEPER_DATABASE_URL": url, "TERM": "xterm"}
    program: list[str | Path] = [BINARIES / "lotkeeper-server"]
    assert subprocess.run([*program, "migrate"], env=environment, capture_output=True, check=False).returncode == 0
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        output, shown = shown_until(lambda: other.execute("ROLLBACK"), [*program, *command], environment, tmp_path)
    assert output.endswith(said)
    assert "\x1b" not in output
    assert doing.encode() in shown
    piped = subprocess.run([*program, *command], env=environment, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stderr) == (0, "")


def test_what_fails_has_a_line_of_its_own(tmp_path: Path) -> None:
    """Not behind what was shown of the wait."""
    url = f"sqlite:///{tmp_path}/store.db"
    environment = os.environ | {"LOTKEEPER_DATABASE_URL": url, "TERM": "xterm"}
    program: list[str | Path] = [BINARIES / "lotkeeper-server"]
    for words in (["migrate"], ["demo"]):
        done = subprocess.run([*program, *words], env=environment, capture_output=True, check=False)
        assert done.returncode == 0
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        _, shown = shown_until(lambda: other.execute("ROLLBACK"), [*program, "demo"], environment, tmp_path, status=1)
    assert b"\r\x1b[Klotkeeper-server: the store is not empty" in shown
