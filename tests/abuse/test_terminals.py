"""Names and notes are made to mislead whoever reads them: on a terminal, in a log, in a file for another program."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

import grpc
import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main as command
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper_server.access.roles import add_role
from lotkeeper_server.access.tokens import TokenEntry, add_token, new_token
from lotkeeper_server.cli import main as server_command
from lotkeeper_server.engine.clock import IdSource, now_millis
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.schema.tables import inventory_lot, location

from tests.names_from_before import store_name
from tests.plants import ServedPlant
from tests.server_process import BINARIES, ServerProcess

Run = Callable[..., Result]
HIDING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufe0f\U000e0041]"
)
"""What no output may hold; line feeds and tabs are counted apart."""
REORDERED: Final = "LOT\u202e10-TOL"
FORGED: Final = "LOT  5 kg  AVAILABLE"
HIDDEN: Final = "LOT\u200b\u2066\U000e0041\ufe0f"
NOTES: Final = "spilt\n2026-01-01  SHIP  LOT  5 kg\tall is well\u2028ID  01JQ"
SCREEN: Final = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\r\nlotkeeper: all is well"


def clean(text: str) -> str:
    """An output, in which nothing hides or moves."""
    assert not HIDING.findall(text), ascii(text)
    return text


@pytest.fixture(scope="module")
def plant(server: ServerProcess) -> Iterator[ServedPlant]:
    """A plant with hostile names, some of which are from before they were refused."""
    with Client(server.address, token=server.token) as client:
        made = ServedPlant(client)
        place = client.save_location(master_data_pb2.Location(name=f"{made.prefix} reordered"))
        store_name(server.database_url, location, place.id, f"{made.prefix}{REORDERED}")
        client.save_location(master_data_pb2.Location(name=f"=1+1{made.prefix}", notes=NOTES))
        for name in ("reordered", FORGED, "hidden"):
            client.receive(
                name,
                5.0,
                material=made.milk.path,
                destination=made.silo.path,
                create_lot_if_not_found=True,
                notes=NOTES,
            )
        client.merge(FORGED, "reordered", material=made.milk.path, source=made.silo.path)
        for plain, hostile in (("reordered", REORDERED), ("hidden", HIDDEN)):
            lot = client.get_lot(plain, material_id_or_path=made.milk.path)
            store_name(server.database_url, inventory_lot, lot.id, hostile)
        yield made


@pytest.fixture
def run(server: ServerProcess) -> Run:
    """Runs `lotkeeper` against the server, in this process."""

    def invoke(*arguments: str) -> Result:
        environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
        return CliRunner().invoke(command, arguments, env=environment)

    return invoke


def test_no_name_hides_reorders_or_forges_a_field(plant: ServedPlant, run: Run) -> None:
    """In any table, tree, single thing or picture."""
    milk = ("--material", plant.milk.path)
    (reordered,) = (lot.id for lot in plant.client.list_lots(name_prefix="LOT") if lot.name == REORDERED)
    for arguments in (
        ("inventory", *milk),
        ("records", "list", *milk),
        ("lots", "list", *milk),
        ("lots", "get", reordered, *milk),
        ("locations", "list"),
        ("trace", FORGED, *milk),
        ("trace", FORGED, *milk, "--svg", "-"),
        ("trace", FORGED, *milk, "--dot", "-"),
        ("operations", "list"),
        ("convert", "1", plant.kg.symbol, plant.kg.symbol),
    ):
        done = run(*arguments)
        assert done.exit_code == 0, done.output
        clean(done.stdout)
    rows = run("inventory", *milk).stdout.splitlines()
    assert len(rows) == 1 + 2
    assert len({len(re.split(r" {2,}", row)) for row in rows[1:]}) == 1
    assert any(r"LOT \x205 kg \x20AVAILABLE" in row for row in rows)


def test_notes_stay_on_their_line(plant: ServedPlant, run: Run) -> None:
    """Line breaks of every kind."""
    shown = clean(run("locations", "get", f"=1+1{plant.prefix}").stdout)
    assert len([line for line in shown.splitlines() if line.startswith("notes")]) == 1
    assert not [line for line in shown.splitlines() if line.startswith(("2026", "ID"))]


def test_json_gives_the_exact_text_without_what_a_terminal_obeys(plant: ServedPlant, run: Run) -> None:
    """One object a line."""
    milk = ("--material", plant.milk.path)
    rows = clean(run("--json", "lots", "list", *milk).stdout).splitlines()
    assert {json.loads(row)["name"] for row in rows} == {REORDERED, FORGED, HIDDEN}
    records = clean(run("--json", "records", "list", *milk).stdout).splitlines()
    assert {json.loads(row)["notes"] for row in records} >= {NOTES}
    trace = clean(run("trace", FORGED, *milk, "--json").stdout)
    assert REORDERED in {node["inventoryLotName"] for node in json.loads(trace)["nodes"]}


def test_files_for_spreadsheets_hold_no_formula_and_read_back_exactly(
    plant: ServedPlant, run: Run, tmp_path: Path
) -> None:
    """Also of signs in full width."""
    source = plant.location("\uff1dSUM(A1)")
    plant.operation("PRODUCE", destination_location_id=source.id)
    file = tmp_path / "operations.csv"
    assert run("export", "-o", str(file)).exit_code == 0
    cells = [cell for row in csv.reader(io.StringIO(file.read_text())) for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+@\t\r\n\uff1d\uff0b\uff0d\uff20") and cell]
    again = run("import", str(file), "--dry-run")
    assert (again.exit_code, "updated 0" in again.stdout) == (0, True), again.output


def test_what_was_typed_is_repeated_without_what_a_terminal_obeys(run: Run, tmp_path: Path) -> None:
    """A name of a command, an option, a value, a file; and what the server says of it."""
    (tmp_path / "x.json").write_text(json.dumps({SCREEN: 1}))
    for arguments in (
        (SCREEN,),
        (f"--{SCREEN}",),
        ("inventory", SCREEN),
        ("inventory", "--as-of", SCREEN),
        ("inventory", "--lot", SCREEN),
        ("receive", SCREEN, "1", SCREEN, "--to", SCREEN),
        ("change-status", "L", SCREEN),
        ("execute", SCREEN, SCREEN, SCREEN),
        ("import", SCREEN),
        ("locations", "save", str(tmp_path / "x.json")),
        ("locations", "get", "\udcff"),
        ("--token-file", SCREEN, "permissions"),
        ("--timeout", SCREEN, "permissions"),
    ):
        done = run(*arguments)
        assert done.exit_code in {1, 2}, (arguments, done.output)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        clean(done.output)
        assert "\nlotkeeper: all is well" not in done.output


def test_a_hostile_server_does_not_rule_the_terminal(run: Run) -> None:
    """Its errors are shown like everything else."""

    class Hostile(grpc.GenericRpcHandler):
        def service(self, _details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
            def refuse(_request: bytes, context: grpc.ServicerContext) -> bytes:
                context.abort(grpc.StatusCode.NOT_FOUND, SCREEN)

            return grpc.unary_unary_rpc_method_handler(refuse)

    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((Hostile(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        done = run("--address", f"127.0.0.1:{port}", "permissions")
        server.stop(None).wait()
    assert done.exit_code == 1
    assert "all is well" in clean(done.output)
    assert done.output.count("\n") == 1


def test_the_servers_commands_show_names_in_the_same_way(tmp_path: Path) -> None:
    """Roles, tokens, and what was typed."""
    store = ("--database-url", f"sqlite:///{tmp_path}/store.db")
    runner = CliRunner()
    assert runner.invoke(server_command, ["migrate", *store]).exit_code == 0
    with closing(Store(store[1])) as opened, opened.write() as connection:  # from before such names were refused
        add_role(connection, HIDDEN, ["INVENTORY"], now_millis())
        entry = TokenEntry(IdSource()(), REORDERED, (HIDDEN,), False, now_millis(), None, None)
        add_token(connection, new_token(), entry)
    for arguments, status in (
        (("role", "create", HIDDEN, "--permission", "INVENTORY"), 2),
        (("role", "list"), 0),
        (("token", "create", "--name", REORDERED, "--role", HIDDEN), 2),
        (("token", "list"), 0),
        (("role", "delete", HIDDEN), 1),
        (("role", "delete", SCREEN), 1),
        (("token", "revoke", SCREEN), 2),
        (("token", "revoke", "--name", SCREEN), 1),
        (("role", "create", SCREEN, "--permission", "INVENTORY"), 2),
        (("role", "create", "x", "--permission", SCREEN), 2),
        (("archive", "--before", SCREEN), 2),
        (("archive", "--yes", "--before", "0d", "--to", str(tmp_path / SCREEN)), 0),
        ((SCREEN,), 2),
        (("verify", "--archive", SCREEN), 2),
    ):
        done = runner.invoke(server_command, [*arguments, *(store if len(arguments) > 1 else ())])
        assert done.exit_code == status, (arguments, done.output)
        clean(done.output)
    listed = runner.invoke(server_command, ["token", "list", *store]).stdout
    assert listed.count("\t") == 6


def test_an_exported_file_is_exact_in_a_pipe_and_harmless_on_a_terminal(
    server: ServerProcess, plant: ServedPlant
) -> None:
    """A terminal of its own is read as it would show it."""
    environment = os.environ | {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    arguments = [str(BINARIES / "lotkeeper"), "plant", "export", "--include-lots"]
    piped = subprocess.run(arguments, env=environment, capture_output=True, check=True).stdout.decode()
    main_end, terminal = pty.openpty()
    with subprocess.Popen(arguments, env=environment, stdout=terminal, stderr=subprocess.DEVNULL) as process:
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(main_end, 65_536):
                shown += piece
        except OSError:  # this is how a terminal says that nobody has it open any more
            assert process.wait(30) == 0
    os.close(main_end)
    assert plant.prefix in piped
    text = clean(shown.decode().replace("\r\n", "\n"))
    assert text.count("\n") == piped.count("\n")


LOGS: Final = f"""
import sys
from lotkeeper_server.event_log import get_logger
from lotkeeper_server.logs import configure_logs
configure_logs("info", sys.argv[1])
log = get_logger()
screen = {SCREEN!a}
log.info("named", name=screen, several=[screen, "a b=c"], path=screen)
try:
    raise RuntimeError(screen + "\\n2026-01-01T00:00:00Z [error    ] forged   error=nothing")
except RuntimeError:
    log.exception("fault", method=screen)
import logging
logging.getLogger("library").warning("said: %s", screen)
raise ValueError(screen)
"""


@pytest.mark.parametrize("style", ["json", "console"])
def test_no_line_of_a_log_is_forged(style: str) -> None:
    """By a value, by the text of an error, by what a library logs, by what nobody caught."""
    done = subprocess.run([sys.executable, "-c", LOGS, style], capture_output=True, text=True, check=False)
    lines = clean(done.stderr).splitlines()
    if style == "json":
        assert [json.loads(line)["event"] for line in lines] == ["named", "fault", "library", "fault"]
        assert json.loads(lines[0])["name"] == SCREEN
    else:
        begun = [line for line in lines if not line.startswith("    | ")]
        assert len(begun) == 4, begun
        assert all(re.match(r"20\d\d-\d\d-\d\dT[0-9:.]+Z \[", line) for line in begun)
