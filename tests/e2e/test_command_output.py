"""What `lotkeeper` shows on terminals of every width, and what it writes into pipes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.cli.batching import REQUESTS_MAX
from lotkeeper.testing import LotkeeperServer

from tests.server_process import BINARIES
from tests.terminals import ESCAPE, Terminal

MILK = ("--material", "Dairy/Milk/Whole milk")
STORE = "DairyCo/Plant1/ColdStore"
LONG = "a lot with a long name, as a supplier writes it / 2026-03-01"
LISTS = [
    ["operations", "list"],
    ["inventory"],
    ["inventory", "summary", "--by", "lot", "--by", "location"],
    ["records", "list"],
    *([name, "list"] for name in ("lots", "locations", "materials", "units", "conversions", "reason-codes")),
    *([name, "list"] for name in ("process-operations", "production-orders", "material-classes")),
]
IDS = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}-[0-9A-HJKMNP-TV-Z]{8}-[0-9A-HJKMNP-TV-Z]{8}")
STYLE = re.compile(r"\x1b\[[0-9;]*m")
Run = Callable[..., Result]
OnTerminal = Callable[..., Terminal]


@pytest.fixture(scope="module")
def served() -> Iterator[LotkeeperServer]:
    """A server of the demo plant, with a long name and a quantity of many digits."""
    with LotkeeperServer() as server, server.client() as client:
        client.receive(LONG, "123456789.000001", material=MILK[1], destination=STORE, create_lot_if_not_found=True)
        yield server


@pytest.fixture(scope="module")
def client(served: LotkeeperServer) -> Iterator[Client]:
    """A client of it."""
    with served.client() as made:
        yield made


@pytest.fixture
def environment(served: LotkeeperServer) -> dict[str, str]:
    """The variables of a command."""
    return {"LOTKEEPER_ADDRESS": served.address, "LOTKEEPER_TOKEN": served.token, "TERM": "xterm"}


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs a command without a terminal, in this process."""

    def invoke(*arguments: str, standard_input: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, input=standard_input, env=environment)

    return invoke


@pytest.fixture
def on_terminal(environment: dict[str, str]) -> Iterator[OnTerminal]:
    """Starts a command on a terminal of some columns; what is left of it is killed."""
    started: list[Terminal] = []

    def start(*arguments: str, columns: int, **variables: str) -> Terminal:
        inherited = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
        started.append(Terminal([BINARIES / "lotkeeper", *arguments], inherited | environment | variables, columns))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_a_long_name_wraps(on_terminal: OnTerminal) -> None:
    """And none of it is lost."""
    lines = STYLE.sub("", on_terminal("lots", "list", "--columns", "name,id", columns=60).text()).splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("a lot"))
    name = "".join(re.split(r" {2,}", line)[0] + " " for line in lines[begin : begin + 3])
    assert LONG in re.sub(" +", " ", name)
    assert len(IDS.findall(lines[begin])) == 1


@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_every_list_has_every_form(arguments: list[str], run: Run) -> None:
    """The same rows in each."""
    rows = [json.loads(line) for line in run(*arguments, "--output", "json").stdout.splitlines()]
    assert yaml.safe_load(run(*arguments, "--output", "yaml").stdout) == rows
    table = list(csv.DictReader(io.StringIO(run(*arguments, "-o", "csv").stdout)))
    assert len(table) == len(rows)
    names = set(rows[0])
    twins = {name for name in names if name.startswith("exact") and name[5].lower() + name[6:] in names}
    assert {re.sub("_([a-z])", lambda m: m[1].upper(), name) for name in table[0]} == names - twins
    assert len(run(*arguments, "--no-headers").stdout.splitlines()) == len(rows)
    assert len(run(*arguments, "--no-headers", "-o", "csv").stdout.splitlines()) == len(rows)


def test_one_thing_has_every_form(run: Run, client: Client) -> None:
    """And its fields can be chosen: an id for a script, say."""
    key = ("units", "get", "kilogram")
    row = json.loads(run(*key, "--output", "json").stdout)
    assert yaml.safe_load(run(*key, "--output", "yaml").stdout) == row
    (cells,) = csv.DictReader(io.StringIO(run(*key, "--output", "csv").stdout))
    assert cells["id"] == row["id"]
    assert run(*key, "--columns", "id", "--no-headers").stdout == f"{row['id']}\n"
    operation = next(client.list_inventory_operations())
    for get in (("operations", "get", operation.id), ("operations", "status", operation.id)):
        assert yaml.safe_load(run(*get, "--output", "yaml").stdout) == json.loads(run("--json", *get).stdout)
    assert run("lots", "--columns", "id").stdout == run("lots", "list", "--columns", "id").stdout
    unknown = run("lots", "list", "--columns", "id,colour")
    assert (unknown.exit_code, "there is no column colour; there are ID, NAME" in unknown.stderr) == (2, True)
    assert unknown.stderr.endswith("SUPPLIER'S, and every field that --json shows\n")
    for name, meant in (("nme", "NAME"), ("expirationdat", "expirationDate"), ("material_pat", "materialPath")):
        unknown = run("lots", "list", "--columns", name)
        assert unknown.stderr.splitlines()[-1].startswith(f"Error: there is no column {name}; did you mean {meant}")


def test_no_escape_sequence_goes_into_a_pipe(environment: dict[str, str]) -> None:
    """Whatever the environment says of colours; and of width."""
    wishes = {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1", "COLUMNS": "40", "TTY_COMPATIBLE": "1"}
    for arguments in (
        ["lots", "list"],
        ["trace", LONG, *MILK],
        ["import", "-", "--format", "csv"],
        ["lots", "get", "x"],
    ):
        done = subprocess.run(
            [BINARIES / "lotkeeper", *arguments],
            env=os.environ | environment | wishes,
            input="name,operation_type\nx,NONSENSE\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert ESCAPE not in done.stdout + done.stderr
        assert "…" not in done.stdout
        assert done.stdout or done.stderr


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_no_color_is_obeyed(on_terminal: OnTerminal, variables: dict[str, str], coloured: bool) -> None:
    """As no-color.org has it: any value that is not empty."""
    for arguments in (("trace", LONG, *MILK), ("units", "list")):
        assert (ESCAPE in on_terminal(*arguments, columns=80, **variables).text()) == coloured


def test_a_refusal_of_a_single_call_names_no_item(run: Run) -> None:
    """Neither `(item 1)` nor `actions[0].`; as an object it has code, reason, metadata and fields."""
    consume = ("consume", LONG, "--from", STORE, *MILK)
    assert run(*consume[:2], "1e11", *consume[2:]).stderr.endswith("Z.\n")
    zero = (*consume[:2], "0", *consume[2:])
    assert run(*zero).stderr == "refused: INVALID_ARGUMENT: quantity: must be above zero when rounded to 6 decimals\n"
    refused = run("--json", *zero)
    refusal = json.loads(refused.stderr)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert (refusal["code"], refusal["reason"], refusal["metadata"]) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", {})
    words = "must be above zero when rounded to 6 decimals"
    assert refusal["fields"] == [{"field": "quantity", "description": words, "reason": "OUT_OF_RANGE"}]
    gone = run("--address", "127.0.0.1:1", "--timeout", "0.2", "units", "list", "--output", "json")
    assert (gone.exit_code, json.loads(gone.stderr)["reason"]) == (3, None)


def test_what_is_only_validated_says_that_nothing_was_done(run: Run, client: Client) -> None:
    """On standard error, in every form; and no line says that something was done."""
    operation = next(client.list_inventory_operations(name_prefix="Consume milk")).id
    request = {"inventoryOperationId": operation, "primaryLotIdOrName": "MILK-0815", "quantity": 1}
    action = {"type": "SCRAP", "quantity": 1, "lotIdOrName": LONG, "materialIdOrPath": MILK[1]}
    action["sourceLocationIdOrPath"] = STORE
    record = next(client.list_inventory_lot_records()).id
    before = [row.exact_quantity.value for row in client.list_inventory()]
    for arguments, standard_input in (
        (("execute", operation, "MILK-0815", "1"), None),
        (("consume", LONG, "1", "--from", STORE, *MILK), None),
        (("start", operation, "MILK-0815"), None),
        (("records", "reverse", record), None),
        (("batch", "-"), json.dumps(request)),
        (("act", "-"), json.dumps(action)),
    ):
        for form in ((), ("--json",)):
            done = run(*form, *arguments, "--validate-only", standard_input=standard_input)
            assert (done.exit_code, done.stderr) == (0, "only validated: nothing was done\n"), done.output
            assert "done:" not in done.stdout
    assert [row.exact_quantity.value for row in client.list_inventory()] == before


def test_a_moment_in_the_past_has_no_status_of_now(run: Run, client: Client) -> None:
    """Nor a name or an order of now: what the server does not know of then is absent."""
    lot, ended = "status of then", datetime.now(UTC) - timedelta(hours=2)
    client.receive(
        lot, 1.0, material=MILK[1], destination=STORE, create_lot_if_not_found=True,
        end_date_millis=int(ended.timestamp() * 1_000),
    )  # fmt: skip
    client.set_inventory_metadata(lot, STORE, material_id_or_path=MILK[1], name="PALLET-9")
    run("change-status", lot, "qa_hold", *MILK)
    asked = ("inventory", "--lot", lot, *MILK, "--as-of", "-1h")
    (then,) = (json.loads(line) for line in run("--json", *asked).stdout.splitlines())
    assert (then["quantity"], then["lotStatus"], then["name"]) == (1, None, "")
    assert re.split(r" {2,}", run(*asked).stdout.splitlines()[0]) == ["LOCATION", "LOT", "QUANTITY", "MATERIAL"]
    (now,) = (json.loads(line) for line in run("--json", *asked[:-2]).stdout.splitlines())
    assert (now["lotStatus"], now["name"]) == ("QA_HOLD", "PALLET-9")
    summed = run("inventory", "summary", "--by", "lot_status", "--as-of", "-1h")
    assert (summed.exit_code, "are not kept" in summed.stderr) == (2, True)


def test_a_batch_takes_files_of_any_length(run: Run, client: Client) -> None:
    """In several calls; each line has its answer, under its number."""
    operation = next(client.list_inventory_operations(name_prefix="Consume milk")).id
    request = {"inventoryOperationId": operation, "primaryLotIdOrName": "MILK-0815", "quantity": 0.000001}
    line, wrong = json.dumps(request), json.dumps(request | {"quantity": 0})
    many = [line] * (2 * REQUESTS_MAX + 5)
    done = run("batch", "-", standard_input="\n".join([*many, "", wrong]))
    lines = done.stdout.splitlines()
    assert (done.exit_code, len(lines)) == (1, len(many) + 1)
    assert [int(one.partition(":")[0]) for one in lines[:-1]] == list(range(1, len(many) + 1))
    assert lines[-1].startswith(f"{len(many) + 2}: refused: INVALID_ARGUMENT: quantity: must be above zero")
    table = run("batch", "-", "-o", "csv", standard_input=f"{line}\n{wrong}\n").stdout.splitlines()
    assert table[0] == "line,result,records,reason,message"
    assert [one.split(",")[:2] for one in table[1:]] == [["1", "done"], ["2", "refused"]]
    count = sum(1 for _ in client.list_inventory_lot_records(inventory_operation_id=operation))
    for arguments, last, said in (((), "{", f"line {len(many) + 1}: "), (("--all-or-nothing",), line, "2,006")):
        refused = run("batch", "-", *arguments, standard_input="\n".join([*many, last]))
        assert (refused.exit_code, refused.stdout, said in refused.stderr) == (2, "", True)
    assert sum(1 for _ in client.list_inventory_lot_records(inventory_operation_id=operation)) == count


def test_watch_has_columns_and_forms_and_fits_the_terminal(on_terminal: OnTerminal, client: Client) -> None:
    """Its titles come before the first record."""
    shown = on_terminal("watch", "--columns", "id,quantity", columns=80)
    assert STYLE.sub("", shown.line()).split() == ["ID", "QUANTITY"]
    (record,) = client.receive(LONG, "0.5", material=MILK[1], destination=STORE)
    assert shown.line().split() == [record.id, "0.5", "kg"]
    watched = on_terminal("watch", "--output", "csv", "--columns", "id", "--lot", LONG, *MILK, columns=80)
    assert watched.line() == "id"
    (record,) = client.receive(LONG, "0.5", material=MILK[1], destination=STORE)
    assert watched.line() == record.id
    narrow = on_terminal("watch", "--from-beginning", columns=80)
    assert STYLE.sub("", narrow.line()).split() == ["END", "TYPE", "LOT", "QUANTITY", "PLACES"]
    assert "Without INTO/FROM" in narrow.line()


def test_a_list_is_watched(on_terminal: OnTerminal, client: Client) -> None:
    """What is new, changed and gone follows what there was; a limit hides no change but what it left out."""
    made: list[Any] = [client.receive(
        "watched", 5.0, material=MILK[1], destination=STORE, create_lot_if_not_found=True
    )]  # fmt: skip
    asked = ("inventory", "--lot", "watched", *MILK, "--watch", "--interval", "0.2")
    table = on_terminal(*asked, "--columns", "quantity", "--wide", columns=80)
    rows = on_terminal(*asked, "--output", "json", columns=80)
    assert STYLE.sub("", table.line()).split() == ["CHANGE", "QUANTITY"]
    assert table.line().split() == ["LISTED", "5", "kg"]
    assert json.loads(rows.line())["change"] == "LISTED"
    client.consume("watched", 2.0, material=MILK[1], source=STORE)
    assert table.line().split() == ["CHANGED", "3", "kg"]
    assert json.loads(rows.line())["quantity"] == 3
    client.consume("watched", 3.0, material=MILK[1], source=STORE)
    assert table.line().split() == ["GONE", "3", "kg"]
    assert json.loads(rows.line())["change"] == "GONE"
    client.receive("watched", 1.0, material=MILK[1], destination=STORE)
    assert table.line().split() == ["NEW", "1", "kg"]
    assert made
    for one in (table, rows):
        one.process.send_signal(signal.SIGINT)
        assert "Traceback" not in one.text()
        assert one.process.returncode == 130


def test_whoever_waits_more_than_a_second_sees_it(on_terminal: OnTerminal, environment: dict[str, str]) -> None:
    """On a terminal only, and nothing of it stays."""
    waiting = ("--address", "127.0.0.1:1", "--timeout", "3", "units", "list")
    shown = on_terminal(*waiting, columns=80).text()
    assert re.search(r"\r\x1b\[Kreading  1 s|\r\x1b\[Kwaiting for the server  1 s|\r\x1b\[Kreading", shown)
    assert re.split(r"\r\x1b\[K", shown)[-1].startswith("unreachable: ")
    piped = subprocess.run(
        [BINARIES / "lotkeeper", *waiting], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert (piped.returncode, piped.stdout, piped.stderr.count("\n")) == (3, "", 1)
    assert ESCAPE not in piped.stderr
