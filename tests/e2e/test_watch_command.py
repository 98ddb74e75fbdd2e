"""`lotkeeper watch`: one line a record, its token kept, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lotkeeper import Client

from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(server: ServerProcess) -> Iterator[Start]:
    """Starts the command; what is left of it is killed."""
    started: list[subprocess.Popen[str]] = []

    def started_with(*arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [BINARIES / "lotkeeper", "watch", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token, "TZ": "UTC-2"},
        )
        started.append(process)
        return process

    yield started_with
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def plant(client: Client) -> ServedPlant:
    """A plant of this test's own."""
    return ServedPlant(client)


def read_line(process: subprocess.Popen[str]) -> str:
    """The next line of its output."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def interrupt(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Ctrl-C; the exit status, and what was left of both outputs."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err


def test_a_line_a_record_in_columns(start: Start, plant: ServedPlant, client: Client) -> None:
    """Its time in the local zone, or with --utc; Ctrl-C ends it with 130 and without a word."""
    operation = plant.operation("PRODUCE")
    client.execute_inventory_operation(operation.id, "A", 1.5)
    for zone, mark in (((), "+0200"), (("--utc",), "Z")):
        process = start("--from-beginning", "--operation", operation.id, *zone)
        assert read_line(process).split() == ["END", "TYPE", "LOT", "QUANTITY", "PLACES", "INTO/FROM"]
        words = read_line(process).split()
        assert words[1].endswith(mark)
        assert words[2:] == ["PRODUCE", "A", "1.5", f"{plant.prefix}kg", ">", plant.prefix, "Silo"]
        client.execute_inventory_operation(operation.id, "A lot with a name", 2.0)
        assert "A lot with a name" in read_line(process)
        if zone:
            assert "A lot with a name" in process.stdout.readline() if process.stdout else False
        assert interrupt(process) == (130, "", "")


def test_as_json_a_line_is_an_object_with_its_token(start: Start, plant: ServedPlant, client: Client) -> None:
    """Which --resume-token goes on from."""
    operation = plant.operation("PRODUCE")
    lots = ["A", "B", "C"]
    for lot in lots:
        client.execute_inventory_operation(operation.id, lot, 1.0)
    process = start("--from-beginning", "--operation", operation.id, "--json")
    seen = [json.loads(read_line(process)) for _ in lots]
    assert [one["inventoryLotRecord"]["inventoryLotName"] for one in seen] == lots
    assert interrupt(process)[0] == 130
    process = start("--resume-token", seen[0]["resumeToken"], "--operation", operation.id, "--json")
    assert json.loads(read_line(process)) == seen[1]


def test_a_kept_token_goes_on_where_the_last_one_ended(
    start: Start, plant: ServedPlant, client: Client, tmp_path: Path
) -> None:
    """Also after kill -9; nothing is left beside the file; what was printed is not printed again."""
    operation = plant.operation("PRODUCE")
    state = tmp_path / "token"
    arguments = ("--from-beginning", "--token-state", state, "--operation", operation.id, "--json")
    seen = []
    for number in range(4):
        client.execute_inventory_operation(operation.id, f"L{number}", 1.0)
        process = start(*arguments)
        shown = json.loads(read_line(process))
        seen.append(shown["inventoryLotRecord"]["inventoryLotName"])
        client.execute_inventory_operation(operation.id, f"M{number}", 1.0)
        seen.append(json.loads(read_line(process))["inventoryLotRecord"]["inventoryLotName"])
        client.execute_inventory_operation(operation.id, f"N{number}", 1.0)
        last = json.loads(read_line(process))
        seen.append(last["inventoryLotRecord"]["inventoryLotName"])
        while last["resumeToken"] != state.read_text().strip():
            pass
        if number % 2:
            process.kill()
        else:
            assert interrupt(process)[0] == 130
    assert seen == [f"{letter}{number}" for number in range(4) for letter in "LMN"]
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_closed_pipe_ends_it_quietly(start: Start, plant: ServedPlant, client: Client) -> None:
    """With the next record."""
    operation = plant.operation("PRODUCE")
    client.execute_inventory_operation(operation.id, "A", 1.0)
    process = start("--from-beginning", "--operation", operation.id, "--no-headers")
    read_line(process)
    assert process.stdout is not None
    process.stdout.close()
    client.execute_inventory_operation(operation.id, "A", 1.0)
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--resume-token", "x"], 1, "resume_token"),
        (["--lot", "no such lot"], 1, "LOT_NOT_FOUND"),
        (["--resume-token", "x", "--token-state", "y"], 2, "give one of them"),
        (["--type", "NONSENSE"], 2, "NONSENSE"),
        (["--token-state", "."], 2, "directory"),
        (["--include-children"], 1, "needs a location"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(start: Start, arguments: list[str], status: int, said: str) -> None:
    """And the exit status tells a refusal from a wrong usage."""
    process = start(*arguments)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (status, "")
    assert said in err
    assert "Traceback" not in err


def test_a_token_that_cannot_be_kept_ends_it(start: Start, plant: ServedPlant, client: Client, tmp_path: Path) -> None:
    """With a line that names the file."""
    operation = plant.operation("PRODUCE")
    client.execute_inventory_operation(operation.id, "A", 1.0)
    process = start("--from-beginning", "--token-state", tmp_path / "none" / "token")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "cannot be written" in err
    assert "Traceback" not in err


def test_a_token_of_before_a_restore_says_which_file_to_delete(tmp_path: Path) -> None:
    """Also with --from-beginning, which a token in the file goes before."""
    (tmp_path / "server").mkdir()
    with ServerProcess(tmp_path / "server", database_url=f"sqlite:///{tmp_path}/lotkeeper.db") as served:
        with Client(served.address, token=served.token) as client:
            ServedPlant(client)
            record = next(client.watch_inventory_lot_records(from_beginning=True)).resume_token
            event = next(client.watch_audit_events(from_beginning=True)).resume_token
        assert served.run("backup", str(tmp_path / "saved.db")).returncode == 0
        served.terminate()
        assert served.run("restore", str(tmp_path / "saved.db")).returncode == 0
        served.start()
        environment = os.environ | {"LOTKEEPER_ADDRESS": served.address, "LOTKEEPER_TOKEN": served.token}
        state = tmp_path / "watch.token"
        for words, token in ((["watch"], record), (["audit", "watch"], event)):
            state.write_text(token)
            for given, said in (
                (["--token-state", str(state)], f"delete {state}, and give --from-beginning."),
                (["--token-state", str(state), "--from-beginning"], f"delete {state}, and give --from-beginning."),
                (["--resume-token", token], "leave out --resume-token, and give --from-beginning."),
            ):
                refused = subprocess.run(
                    [BINARIES / "lotkeeper", *words, *given],
                    env=environment,
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                assert (refused.returncode, refused.stdout) == (1, "")
                assert refused.stderr.startswith("refused: RESUME_TOKEN_EXPIRED: ")
                assert refused.stderr.endswith(f"; watch from the beginning: {said}\n")
                assert state.read_text() == token
