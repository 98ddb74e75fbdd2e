"""A plant in spreadsheets: read, tried, applied and written by the command line, against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import enums_pb2

from tests.server_process import ServerProcess

Command = Callable[..., Result]
DAIRY = files("lotkeeper_server.demo") / "dairy.yaml"
STOCK = (
    "Product;Lot number;Expiration date;Quantity\r\n"
    "Dairy/Cream;00392/174;31/12/2039;1,5\r\n"
    ";;;\r\n"
    "Dairy/Cream;=1+1;01/02/2040;2\r\n"
)
READ = (
    *("--section", "opening_stock", "--decimal", ",", "--dates", "%d/%m/%Y"),
    *("--map", "Product=material", "--map", "Lot number=lot", "--set", "location=DairyCo/Plant1/ColdStore"),
)


@pytest.fixture
def lotkeeper(own_server: ServerProcess) -> Command:
    """Runs `lotkeeper` against a server with the demo plant, in this process."""

    def run(*arguments: str | Path, standard_input: str | bytes | None = None) -> Result:
        environment = {"LOTKEEPER_ADDRESS": own_server.address, "LOTKEEPER_TOKEN": own_server.token}
        return CliRunner().invoke(main, [str(one) for one in arguments], input=standard_input, env=environment)

    with Client(own_server.address, token=own_server.token) as client:
        client.import_master_data(DAIRY.read_bytes(), export_format=enums_pb2.EXPORT_FORMAT_YAML)
    return run


def exported_by(client: Client) -> bytes:
    return b"".join(client.export_master_data(export_format=enums_pb2.EXPORT_FORMAT_JSON, include_lots=True))


def test_opening_stock_in_a_spreadsheet_is_shown_as_a_table_and_then_is_stock(
    lotkeeper: Command, tmp_path: Path
) -> None:
    """Semicolons, decimal commas, other headers, days, a lot's name as it is; its lots are made with their dates."""
    file = tmp_path / "stock 2039.csv"
    file.write_text(STOCK, encoding="utf-8-sig", newline="")
    tried = lotkeeper("plant", "apply", file, *READ, "--dry-run")
    assert tried.exit_code == 0, tried.stderr
    header, *rows, counts = tried.stdout.splitlines()
    assert header.split() == ["FILE", "CHANGE", "WHAT", "WHICH", "AS", "READ"]
    assert len(rows) == 4
    assert "stock 2039.csv:2" in rows[1]
    assert "quantity 1.5" in rows[1]
    assert "expiration_date 2039-12-31" in rows[1]
    assert counts == "4 to create, 0 to update, 0 unchanged"
    assert lotkeeper("lots", "get", "00392/174", "--material", "Dairy/Cream").exit_code == 1
    assert lotkeeper("plant", "diff", file, *READ).exit_code == 1
    assert lotkeeper("plant", "apply", file, *READ).stdout.endswith("4 created, 0 updated, 0 unchanged\n")
    lot = json.loads(lotkeeper("--json", "lots", "get", "00392/174", "--material", "Dairy/Cream").stdout)
    assert (lot["expirationDate"], lot["totalQuantity"]) == ("2039-12-31T23:59:59.999Z", 1.5)
    assert lotkeeper("lots", "get", "=1+1", "--material", "Dairy/Cream").exit_code == 0
    again = lotkeeper("plant", "apply", file, *READ)
    assert (again.exit_code, again.stdout) == (0, "0 created, 0 updated, 2 unchanged\n")


@pytest.mark.parametrize(("encoding", "option"), [("utf-8", ()), ("utf-16", ()), ("cp1252", ("--encoding", "cp1252"))])
def test_a_file_has_the_encoding_that_it_says_or_that_is_given(
    lotkeeper: Command, encoding: str, option: tuple[str, ...]
) -> None:
    """From standard input, too."""
    text = STOCK.replace("=1+1", "Würfel")
    made = lotkeeper("plant", "apply", "-", *READ, *option, standard_input=text.encode(encoding))
    assert made.exit_code == 0, made.stderr
    assert lotkeeper("lots", "get", "Würfel", "--material", "Dairy/Cream").exit_code == 0


def test_each_fault_names_file_line_column_and_what_was_read(lotkeeper: Command, tmp_path: Path) -> None:
    """Those that are seen in the file, all together; those of the server by the cell that it means."""
    file = tmp_path / "stock.csv"
    file.write_text(STOCK.replace("31/12/2039", "31/13/2039").replace("1,5", "1.5"), newline="")
    refused = lotkeeper("plant", "apply", file, *READ)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        "stock.csv, line 2, column 3 (Expiration date): 31/13/2039 is not a date as %d/%m/%Y says",
        "stock.csv, line 2, column 4 (Quantity): 1.5 has a decimal point; a decimal comma is expected",
        "refused: INVALID_ARGUMENT: the files cannot be read as they are; nothing was sent",
    ]
    file.write_text(STOCK.replace("Dairy/Cream;=1+1", "No/Such;B").replace("1,5", "1,5e2"), newline="")
    unknown = lotkeeper("plant", "apply", file, *READ)
    assert unknown.exit_code == 1
    cell, refusal = unknown.stderr.splitlines()
    assert cell.startswith("stock.csv, line 4, column 1 (Product): No/Such: ")
    assert refusal.startswith("refused: MATERIAL_NOT_FOUND: ")


def test_a_plant_is_exported_as_files_that_apply_again_unchanged(
    lotkeeper: Command, own_server: ServerProcess, tmp_path: Path
) -> None:
    """Also names and notes that a spreadsheet would run, and a lot whose unit is its material's."""
    odd = [{"name": name, "notes": note} for name, note in (("=1+1", "-2"), ("'q", "'=x"), ("~", 'a "b"\n,c;\t'))]
    document = tmp_path / "odd.json"
    document.write_text(json.dumps({"locations": [*odd, {"name": "no", "enabled": False, "sort_order": -7}]}))
    assert lotkeeper("plant", "apply", document).exit_code == 0
    folder = tmp_path / "plant"
    exported = lotkeeper("plant", "export", "--csv", folder, "--include-lots")
    assert exported.exit_code == 0, exported.stderr
    assert "'=1+1" in (folder / "locations.csv").read_text()
    same = lotkeeper("plant", "diff", folder)
    assert (same.exit_code, same.stdout) == (0, "0 to create, 0 to update, 62 unchanged\n"), same.stdout
    with Client(own_server.address, token=own_server.token) as client:
        first = exported_by(client)
    assert lotkeeper("plant", "apply", folder).exit_code == 0
    with Client(own_server.address, token=own_server.token) as client:
        assert (
            b"".join(client.export_master_data(export_format=enums_pb2.EXPORT_FORMAT_JSON, include_lots=True)) == first
        )
    assert lotkeeper("plant", "export", "--csv", folder).stderr.startswith("Error: ")
    assert lotkeeper("plant", "export", "--csv", folder, "-o", "x").exit_code == 2


def test_an_opening_quantity_that_differs_is_not_applied(lotkeeper: Command, tmp_path: Path) -> None:
    """With both quantities; `diff` and `apply` end with 1. What is in stock now is no difference, as exports say it."""
    file = tmp_path / "opening_stock.csv"
    text = "material,lot,location,quantity\nDairy/Cream,L,DairyCo/Plant1/ColdStore,{}\n"
    file.write_text(text.format("10"))
    assert lotkeeper("plant", "apply", file).exit_code == 0
    file.write_text(text.format("12"))
    for command, counts in (("diff", "0 to create"), ("apply", "0 created")):
        told = lotkeeper("plant", command, file)
        assert told.exit_code == 1
        line, last = told.stdout.splitlines()
        assert line == "! opening stock L at DairyCo/Plant1/ColdStore: quantity is 10, not 12"
        assert last.startswith(counts)
        assert last.endswith(", 0 unchanged, 1 not applied")
    place = ("--material", "Dairy/Cream", "--from", "DairyCo/Plant1/ColdStore")
    assert lotkeeper("consume", "L", "4", *place).exit_code == 0
    for quantity, status in (("10", 0), ("6", 0), ("4", 1)):
        file.write_text(text.format(quantity))
        assert lotkeeper("plant", "diff", file).exit_code == status


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("stock.csv",), "is not named after a section"),
        (("stock.csv", "--section", "silos"), "silos is not a section"),
        (("stock.csv", "--section", "lots", "--delimiter", ";;"), "one character"),
        (("stock.csv", "--section", "lots", "--encoding", "klingon"), "klingon is not an encoding"),
        (("stock.csv", "--section", "lots", "--map", "Lot"), "has no ="),
        (("stock.csv", "--section", "lots", "--map", "Lot=name"), "no file has a column Lot"),
        (("stock.csv", "--section", "lots", "--set", "colour=red"), "colour is not a field of lots"),
        (("stock.csv", "--section", "lots", "--set", "name=A"), "name is a column of stock.csv"),
        (("plant.yaml", "--decimal", ","), "options about CSV"),
        ((".", "--section", "lots"), "give no --section"),
    ],
)
def test_options_that_fit_nothing_are_wrong_usage(
    lotkeeper: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], why: str
) -> None:
    """And say so."""
    monkeypatch.chdir(tmp_path)
    Path("stock.csv").write_text("name,material\nA,Dairy/Cream\n")
    Path("plant.yaml").write_text("{}")
    result = lotkeeper("plant", "apply", *arguments)
    assert (result.exit_code, why in result.stderr) == (2, True), result.stderr


@pytest.fixture
def in_vienna(tmp_path: Path) -> Iterator[Command]:
    """Runs `lotkeeper` against a server whose plant is in Vienna, with the demo plant."""
    with ServerProcess(tmp_path, flags=("--time-zone", "Europe/Vienna")) as server:
        with Client(server.address, token=server.token) as client:
            client.import_master_data(DAIRY.read_bytes(), export_format=enums_pb2.EXPORT_FORMAT_YAML)

        def run(*arguments: str | Path, standard_input: str | None = None) -> Result:
            environment = {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
            return CliRunner().invoke(main, [str(one) for one in arguments], input=standard_input, env=environment)

        yield run


def test_a_day_is_one_in_the_plants_zone(in_vienna: Command, tmp_path: Path) -> None:
    """In a spreadsheet, a document, an option, and a saved entity; a bound of a filter includes it."""
    cream, store = ("--material", "Dairy/Cream"), "DairyCo/Plant1/ColdStore"
    sheet = tmp_path / "stock.csv"
    sheet.write_text("material,lot,location,quantity,expiration_date,supplier lot name\n")
    with sheet.open("a") as file:
        file.write(f"Dairy/Cream,S,{store},1,29.03.2026,X-1\nDairy/Cream,T,{store},1,29.03.2026 12:00,\n")
    read = ("--section", "opening_stock", "--dates", "%d.%m.%Y")
    assert in_vienna("plant", "apply", sheet, *read).exit_code == 1  # one of its cells has a time
    sheet.write_text(sheet.read_text().replace(" 12:00", ""))
    assert in_vienna("plant", "apply", sheet, *read).exit_code == 0
    document = tmp_path / "lots.yaml"
    document.write_text("lots: [{name: D, material: Dairy/Cream, expiration_date: 2026-03-29}]")
    assert in_vienna("plant", "apply", document).exit_code == 0
    received = in_vienna("receive", "O", "1", "--to", store, "--create-lot", *cream, "--expires", "20260329")
    assert received.exit_code == 0, received.stderr
    saved = json.dumps({"name": "J", "materialPath": "Dairy/Cream", "expirationDate": "2026-03-29"})
    assert in_vienna("lots", "save", "-", standard_input=saved).exit_code == 0

    def lots(*filters: str) -> dict[str, str]:
        told = in_vienna("--json", "lots", "list", *cream, *filters).stdout.splitlines()
        return {one["name"]: one["expirationDate"] for one in map(json.loads, told) if one["expirationDate"]}

    made = lots("--expiring-before", "2026-03-29")
    assert made == dict.fromkeys("STDOJ", "2026-03-29T21:59:59.999Z")
    assert lots("--expiring-before", "2026-03-28") == lots("--expiring-before", "2026-03-29T21:59:59Z") == {}
    told = in_vienna("--json", "lots", "list", *cream, "--supplier-lot", "X-1").stdout.splitlines()
    assert [json.loads(one)["name"] for one in told] == ["S"]
    sheet.write_text(sheet.read_text().replace("X-1", "X-2"))
    differs = in_vienna("plant", "diff", sheet, *read)
    assert (differs.exit_code, "supplier_lot_name is X-1, not X-2" in differs.stdout) == (1, True)
    today = in_vienna("--json", "records", "list", "--lot", "O", *cream, "--from", "-1d", "--to", "+1d").stdout
    day = datetime.fromisoformat(json.loads(today)["endDate"]).astimezone(ZoneInfo("Europe/Vienna")).date()
    for bounds, found in (((0, 0), True), ((1, 1), False), ((-1, -1), False)):
        first, last = (str(day + timedelta(days=one)) for one in bounds)
        listed = in_vienna("--json", "records", "list", "--lot", "O", *cream, "--from", first, "--to", last).stdout
        assert bool(listed) is found
    stock = in_vienna("--json", "inventory", "--lot", "O", *cream, "--as-of", str(day)).stdout
    assert json.loads(stock)["quantity"] == 1
