"""`lotkeeper recall`: where a lot and all that was made of it is, and what was shipped where."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.testing import LotkeeperServer
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store

from tests.archives import archive
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

Command = Callable[..., Result]
MILK, CREAM = "Dairy/Milk/Whole milk", "Dairy/Cream"
SILO, TANK, DOCK = "DairyCo/Plant1/Silo1", "DairyCo/Plant1/CreamTank", "DairyCo/Plant1/Dock"
NOTES = "=SUM(1) <script>alert(1)</script>"


@pytest.fixture(scope="module")
def served() -> Iterator[LotkeeperServer]:
    """The demo plant."""
    with LotkeeperServer() as server:
        yield server


@pytest.fixture
def client(served: LotkeeperServer) -> Iterator[Client]:
    """A plant where milk went into cream, of which some was shipped; one shipment was undone."""
    served.reset()
    with served.client() as connected:
        connected.consume(
            "MILK-0815", 100, material=MILK, source=SILO, secondary_lot="CREAM-0042", secondary_material=CREAM
        )
        connected.ship("CREAM-0042", 7, material=CREAM, source=TANK, destination=DOCK, notes=NOTES)
        [undone] = connected.ship("CREAM-0042", 3, material=CREAM, source=TANK)
        connected.reverse_inventory_lot_record(undone.id)
        yield connected


@pytest.fixture
def lotkeeper(served: LotkeeperServer, client: Client) -> Command:
    """Runs `lotkeeper` against it, in this process."""

    def run(*arguments: str) -> Result:
        assert client is not None
        environment = {"LOTKEEPER_ADDRESS": served.address, "LOTKEEPER_TOKEN": served.token}
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def status_of(client: Client, lot: str, material: str) -> int:
    """A lot's status."""
    return client.get_lot(lot, material_id_or_path=material).status


def test_a_recall_says_where_a_lot_is_what_it_went_into_and_what_was_shipped(lotkeeper: Command) -> None:
    """As a tree; a shipment that was undone is none."""
    told = lotkeeper("recall", "MILK-0815", "--utc")
    assert (told.exit_code, told.stderr) == (0, "")
    lines = told.stdout.splitlines()
    assert lines[0] == "2 lots, 2 rows of stock, 1 shipment"
    text = told.stdout
    assert text.index("MILK-0815") < text.index(f"at {SILO}: ") < text.index("went into") < text.index("CREAM-0042")
    assert f"at {TANK}: " in text
    shipped = re.search(rf"shipped 7 kg to {DOCK} from {TANK} at \d{{4}}-\d\d-\d\d \d\d:\d\dZ: (.*)", text)
    assert shipped is not None
    assert shipped[1] == NOTES
    assert "shipped 3 kg" not in text


def test_it_changes_nothing_unless_a_hold_is_asked_for(lotkeeper: Command, client: Client) -> None:
    """A hold is one transaction over all lots; it asks, where it can."""
    open_status = status_of(client, "MILK-0815", MILK)
    assert lotkeeper("recall", "MILK-0815").exit_code == 0
    unasked = lotkeeper("recall", "MILK-0815", "--hold")
    assert (unasked.exit_code, "give --yes" in unasked.stderr) == (2, True)
    assert status_of(client, "MILK-0815", MILK) == open_status
    held = lotkeeper("recall", "MILK-0815", "--hold", "--yes", "--notes", "glass", "--json")
    assert held.exit_code == 0, held.stderr
    answer: dict[str, Any] = json.loads(held.stdout)
    assert len(answer["heldLotIds"]) == 2
    assert {lot["lotStatus"] for lot in answer["lots"]} == {"QA_HOLD"}
    assert status_of(client, "CREAM-0042", CREAM) != open_status
    notes = {record.notes for record in client.list_inventory_lot_records(lot_id_or_name=answer["heldLotIds"][0])}
    assert "glass" in notes
    again = json.loads(lotkeeper("recall", "MILK-0815", "--hold", "--yes", "--json").stdout)
    assert again["heldLotIds"] == []


def test_what_belongs_to_a_hold_is_refused_without_one(lotkeeper: Command) -> None:
    """Whoever gives a reason expects that something is done."""
    refused = lotkeeper("recall", "MILK-0815", "--notes", "glass")
    assert (refused.exit_code, "are of --hold" in refused.stderr) == (2, True)


def test_as_csv_each_lot_place_and_shipment_is_a_row(lotkeeper: Command) -> None:
    """What a spreadsheet would run gets an apostrophe."""
    rows = list(csv.DictReader(io.StringIO(lotkeeper("recall", "MILK-0815", "--csv", "-").stdout)))
    assert [(one["what"], one["inventory_lot_name"]) for one in rows] == [
        ("LOT", "MILK-0815"),
        ("STOCK", "MILK-0815"),
        ("LOT", "CREAM-0042"),
        ("STOCK", "CREAM-0042"),
        ("SHIPMENT", "CREAM-0042"),
    ]
    shipment = rows[-1]
    assert (shipment["quantity"], shipment["unit_of_measure_symbol"]) == ("7", "kg")
    assert (shipment["location_path"], shipment["destination_location_path"]) == (TANK, DOCK)
    assert (shipment["notes"], shipment["depth"], shipment["held_now"]) == (f"'{NOTES}", "1", "no")


class _Page(HTMLParser):
    """What a browser would load, and the tables' cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and self.tags[-1] in {"td", "wbr"}:
            self.cells[-1] += data


def test_the_report_needs_nothing_else_and_runs_nothing(lotkeeper: Command, tmp_path: Path) -> None:
    """One file, to be printed; texts of the plant are only shown."""
    file = tmp_path / "recall.html"
    done = lotkeeper("recall", "MILK-0815", "--hold", "--yes", "--html", str(file))
    assert (done.exit_code, done.stdout) == (0, "")
    text = file.read_text()
    page = _Page()
    page.feed(text)
    assert (page.loaded, "script" in page.tags, "url(" in text, "@import" in text) == ([], False, False, False)
    assert "@media print" in text
    cells = [cell.strip() for cell in page.cells]
    for shown in ("MILK-0815", "CREAM-0042", "7 kg", DOCK, TANK, SILO, NOTES, "QA_HOLD"):
        assert shown in cells, shown
    assert "2 of these lots were put on QA_HOLD by this recall." in text


def test_files_that_cannot_be_written_are_wrong_usage(lotkeeper: Command, tmp_path: Path) -> None:
    """And so are two on standard output."""
    assert lotkeeper("recall", "MILK-0815", "--csv", str(tmp_path / "none" / "file")).exit_code == 2
    assert lotkeeper("recall", "MILK-0815", "--csv", "-", "--html", "-").exit_code == 2


def test_an_incomplete_recall_says_so(lotkeeper: Command, client: Client, tmp_path: Path) -> None:
    """By its exit status, on standard error and in the report; a hold is refused then."""
    client.consume(
        "CREAM-0042",
        1,
        material=CREAM,
        source=TANK,
        secondary_lot="BUTTER-0007",
        secondary_material="Dairy/Butter 250 g",
    )
    file = tmp_path / "recall.html"
    told = lotkeeper("recall", "MILK-0815", "--depth", "1", "--html", str(file))
    assert f"wrote {file}: 2 lots, " in told.stderr
    assert (told.exit_code, "Not all is shown" in told.stderr, "Not all is shown" in file.read_text()) == (
        1,
        True,
        True,
    )
    refused = lotkeeper("recall", "MILK-0815", "--depth", "1", "--hold", "--yes")
    assert (refused.exit_code, refused.stderr.startswith("refused: TRACE_TRUNCATED")) == (1, True)


def test_the_report_breaks_no_name_and_sums_up(lotkeeper: Command, client: Client, tmp_path: Path) -> None:
    """Only paths may be broken, behind a slash; columns in which nothing stands are left out."""
    client.ship("CREAM-0042", "0.000001", material=CREAM, source=TANK)
    file = tmp_path / "recall.html"
    assert lotkeeper("recall", "MILK-0815", "--html", str(file)).exit_code == 0
    text = file.read_text()
    assert "<p>In all 7.000001 kg of Dairy/Cream.</p>" in text
    assert "overflow-wrap: anywhere" not in text
    assert "DairyCo/<wbr>Plant1/<wbr>CreamTank" in text
    assert "<th>Order</th>" not in text
    assert "<th>Held now</th>" not in text
    assert "archived" not in text


def test_a_recall_says_until_when_records_are_archived(own_server: ServerProcess, tmp_path: Path) -> None:
    """What was shipped before may be in the archive's files alone; as text, in JSON and in the report."""
    environment = {"LOTKEEPER_ADDRESS": own_server.address, "LOTKEEPER_TOKEN": own_server.token}
    with Client(own_server.address, token=own_server.token) as client:
        plant = ServedPlant(client)
        client.receive("old", 5, material=plant.milk.id, destination=plant.silo.id, create_lot_if_not_found=True)
        client.ship("old", 2, material=plant.milk.id, source=plant.silo.id)
        words = ("recall", "old", "--material", plant.milk.path)
        assert "shipped 2 " in CliRunner().invoke(main, words, env=environment).stdout
        with closing(Store(own_server.database_url)) as store:
            assert archive(store, tmp_path / "archive", ids_until_millis=now_millis()).records > 0
    told = CliRunner().invoke(main, words, env=environment)
    assert (told.exit_code, "0 shipments" in told.stdout) == (0, True), told.stderr
    assert re.fullmatch(r"Records up to \d{4}-\d\d-\d\d \d\d:\d\d\S* are archived: [^\n]*\n", told.stderr)
    answer = json.loads(CliRunner().invoke(main, ["--json", *words], env=environment).stdout)
    assert datetime.fromisoformat(answer["archivedUntil"]) <= datetime.now(UTC)
    report = CliRunner().invoke(main, [*words, "--html", "-"], env=environment).stdout
    assert 'class="warning">Records up to ' in report
