"""Every command that lists things, found by walking the command line, on terminals of 80, 120 and 160 columns."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from lotkeeper import Client
from lotkeeper.cli import main
from lotkeeper.inventory.v1 import master_data_pb2
from lotkeeper.inventory.v1.inventory_operation_pb2 import InventoryOperation
from lotkeeper.testing import LotkeeperServer

from tests.server_process import BINARIES
from tests.terminals import Terminal

LONG = "a name as long as suppliers, customers and their lawyers write them / 2026-03-01, part 2 of 12"
LONG_WORD = "Fermentationskesselzulaufventilsteuerungseinheit-2026-03-01"
SYMBOL = "pallets of 40"
MILK = "Dairy/Milk/Whole milk"
STORE = "DairyCo/Plant1/ColdStore"
WIDTHS = (80, 120, 160)
IDS = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}-[0-9A-HJKMNP-TV-Z]{8}-[0-9A-HJKMNP-TV-Z]{8}")
STYLE = re.compile(r"\x1b\[[0-9;]*m|[^\n]*\r\x1b\[K")
FOLLOWS: set[str] = {"watch", "audit watch"}
"""What does not end by itself."""
ARGUMENTS = {
    "inventory summary": ["--by", "lot", "--by", "location"],
    "operations references": ["Consume milk"],
    "operations validate": ["FILE"],
    "watch": ["--from-beginning"],
}
"""What a command needs; a new list that needs something gets a line here."""
KNOWN_BY_NAME = {"lots", "lots list", "audit list"}
"""Whose ids may be left out: others of their columns say which thing it is."""


def listings(command: click.Command = main, name: tuple[str, ...] = ()) -> Iterator[str]:
    """The commands that show rows: whoever does takes --wide."""
    if name and any(option.name == "wide" for option in command.params):
        yield " ".join(name)
    for below, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from listings(one, (*name, below))


def test_the_walk_finds_every_list_of_the_contract() -> None:
    """One that took no --wide would be missed; these are the methods that list."""
    found = set(listings())
    groups = [one for one in main.commands.values() if isinstance(one, click.Group) and "list" in one.commands]
    assert len(groups) == 12
    assert {f"{group.name} list" for group in groups} <= found
    assert {"inventory", "inventory summary", "operations references", "operations validate", "watch"} <= found


@pytest.fixture(scope="module")
def served() -> Iterator[LotkeeperServer]:
    """The demo plant, with long names and quantities of many digits everywhere."""
    with LotkeeperServer() as server, server.client() as client:
        _fill(client)
        yield server


def _fill(client: Client) -> None:
    unit = client.save_unit_of_measure(master_data_pb2.UnitOfMeasure(name=LONG, symbol=SYMBOL))
    above = client.save_material_class(master_data_pb2.MaterialClass(name=LONG.replace("/", "-")))
    material = client.save_material(
        master_data_pb2.Material(name=LONG_WORD, material_class_id=above.id, unit_of_measure_id=unit.id)
    )
    client.save_unit_of_measure_conversion(
        master_data_pb2.UnitOfMeasureConversion(
            from_unit_id=unit.id,
            to_unit_id=client.get_unit_of_measure("kilogram").id,
            factor=1234.567891,
            material_id=material.id,
        )
    )
    client.grant_role(LONG, "admin")
    client.save_material_reason_code(master_data_pb2.MaterialReasonCode(reason_code=LONG_WORD, description=LONG))
    place = client.save_location(
        master_data_pb2.Location(
            name=LONG_WORD,
            parent_id=client.get_location("DairyCo/Plant1").id,
            storage_capacity=987654321.25,
            storage_capacity_unit_symbol=SYMBOL,
        )
    )
    order = client.save_production_order(
        master_data_pb2.ProductionOrder(
            name=LONG, product_material_id=material.id, quantity=123456789.25, unit_of_measure_symbol=SYMBOL
        )
    )
    client.save_operation(
        master_data_pb2.Operation(name=LONG, location_id=place.id, current_production_order_id=order.id)
    )
    for name in (LONG, LONG_WORD):
        definition = client.get_inventory_operation(
            next(client.list_inventory_operations(name_prefix="Consume milk")).id
        )
        copied = InventoryOperation()
        copied.CopyFrom(definition)
        copied.ClearField("id")
        copied.name = name
        client.save_inventory_operation(copied)
        client.receive(
            name,
            "123456789.000001",
            material=material.path,
            destination=place.id,
            create_lot_if_not_found=True,
            supplier_lot_name=LONG,
            production_order=LONG,
        )
        client.set_inventory_metadata(name, place.id, material_id_or_path=material.id, name=LONG)
    client.execute_inventory_operation(
        next(client.list_inventory_operations(name_prefix="Consume milk")).id, "MILK-0815", 0.000001
    )


@pytest.fixture
def environment(served: LotkeeperServer) -> dict[str, str]:
    """The variables of a command."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    return inherited | {"LOTKEEPER_ADDRESS": served.address, "LOTKEEPER_TOKEN": served.token, "TERM": "xterm"}


@pytest.fixture
def arguments(tmp_path: Path) -> Callable[[str], list[str]]:
    """A whole command line of a command."""
    file = tmp_path / "definition.json"
    file.write_text(json.dumps({"name": LONG, "sourceLocationPath": LONG, "operationType": "CONSUME"}))

    def of(listing: str) -> list[str]:
        return [*listing.split(), *(str(file) if word == "FILE" else word for word in ARGUMENTS.get(listing, []))]

    return of


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., Result]:
    """Runs a command without a terminal, in this process."""
    return lambda *words: CliRunner().invoke(main, words, env=environment)


@pytest.mark.parametrize("listing", sorted(set(listings()) - FOLLOWS))
def test_nothing_is_cut_and_no_line_is_longer_than_the_screen(
    listing: str,
    run: Callable[..., Result],
    arguments: Callable[[str], list[str]],
    environment: dict[str, str],
) -> None:
    """Ids and quantities stand whole on one line; what is left out is named; --wide shows every column."""
    words = arguments(listing)
    rows = [json.loads(line) for line in run("--json", *words).stdout.splitlines()]
    assert rows, "a list without rows shows nothing"
    titles = _cells(run(*words).stdout)
    terminals = {columns: _terminal(words, environment, columns) for columns in WIDTHS}
    wide = _terminal([*words, "--wide"], environment, WIDTHS[0])
    for columns, terminal in terminals.items():
        shown = STYLE.sub("", terminal.text())
        lines = shown.splitlines()
        assert "…" not in shown
        assert max(map(len, lines)) <= columns, max(lines, key=len)
        left_out = [title for title in titles if title not in _cells(shown)]
        told = " ".join(lines[_below(lines) :])
        assert told.startswith(f"Without {', '.join(left_out)}: " if left_out else "")
        assert bool(told) == bool(left_out)
        ids = [row["id"] for row in rows if "id" in row] if "entityId" not in rows[0] else []  # ID is that of the thing
        assert listing in KNOWN_BY_NAME or "ID" not in left_out
        if "ID" in _cells(shown):
            found_ids = [found for line in lines for found in IDS.findall(line)]
            assert found_ids[: len(ids)] == ids
            assert {row["entityId"] for row in rows if IDS.fullmatch(row.get("entityId") or "")} <= {*found_ids, None}
        for row in rows:
            for title, quantity in _quantities(row):
                assert title in left_out or any(quantity in line for line in lines), quantity
    assert _cells(STYLE.sub("", wide.text())) == titles


def test_a_watch_fits_a_screen_of_80_columns(environment: dict[str, str]) -> None:
    """Its widths are decided before the first record comes; names wrap then."""
    watching = _terminal(["watch", *ARGUMENTS["watch"]], environment, 80)
    try:
        lines = [STYLE.sub("", watching.line())]
        while "123456789.000001" not in lines[-1]:
            lines.append(STYLE.sub("", watching.line()))
        assert f"123456789.000001 {SYMBOL}" in lines[-1]
        assert max(map(len, lines[:-1])) <= 80
    finally:
        watching.process.kill()
        watching.process.wait()


def _terminal(words: list[str], environment: dict[str, str], columns: int) -> Terminal:
    return Terminal([BINARIES / "lotkeeper", *words], environment, columns)


def _cells(shown: str) -> list[str]:
    """Those of the first line."""
    return re.split(r" {2,}", shown.splitlines()[0].strip())


def _below(lines: list[str]) -> int:
    return next((place for place, line in enumerate(lines) if line.startswith("Without ")), len(lines))


def _quantities(row: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Those of a table, by their exact text with the unit behind, and the titles that they stand under."""
    for title, name, unit in (
        ("QUANTITY", "exactQuantity", "unitOfMeasureSymbol"),
        ("ADDED", "exactTotalQuantity", "unitOfMeasureSymbol"),
        ("PRODUCED", "exactQuantityProduced", "unitOfMeasureSymbol"),
        ("CAPACITY", "exactStorageCapacity", "storageCapacityUnitSymbol"),
        ("FACTOR", "exactFactor", ""),
    ):
        if row.get(name) is not None:
            yield title, f"{row[name]} {row.get(unit) or ''}".rstrip()


@pytest.fixture(scope="module")
def plain() -> Iterator[LotkeeperServer]:
    """The demo plant, with a lot that expires."""
    with LotkeeperServer() as server, server.client() as client:
        expires = datetime.now(UTC) + timedelta(days=30)
        client.receive(
            "MILK-0900",
            1.0,
            material=MILK,
            destination=STORE,
            create_lot_if_not_found=True,
            lot_expiration_date=expires,
        )
        yield server


@pytest.mark.parametrize(
    ("listing", "titles", "left_out"),
    [
        ("audit list", ["WHEN", "WHO", "METHOD", "RESULT"], "ID"),
        ("lots list", ["NAME", "MATERIAL", "STATUS", "ADDED", "EXPIRES"], "ID"),
    ],
)
def test_what_a_reader_looks_for_stays_on_80_columns(
    listing: str, titles: list[str], left_out: str, environment: dict[str, str], plain: LotkeeperServer
) -> None:
    """With names of usual length: when and with what result, of what and until when; a word is broken nowhere."""
    here = environment | {"LOTKEEPER_ADDRESS": plain.address, "LOTKEEPER_TOKEN": plain.token}
    lines = STYLE.sub("", _terminal(listing.split(), here, 80).text()).splitlines()
    shown = _cells(lines[0])
    assert [title for title in shown if title in titles] == titles
    assert left_out not in shown
    assert left_out in lines[_below(lines)]
    words = {word for line in lines[1 : _below(lines)] for word in line.split()}
    if listing == "audit list":
        assert {"ExecuteInventoryActions", "DONE"} <= words
    else:
        assert "AVAILABLE" in words
