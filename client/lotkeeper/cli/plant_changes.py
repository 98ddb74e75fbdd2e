"""What an import of a plant did, or would do: as lines, as a table, and by the row of a file that says it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Final

import click

from lotkeeper.cli.output import Output
from lotkeeper.inventory.v1.master_data_service_pb2 import ImportMasterDataResponse, MasterDataChange
from lotkeeper.spreadsheets import PlantTables
from lotkeeper.spreadsheets.reading import Entry
from lotkeeper.spreadsheets.sections import INVENTORY, OPENING_STOCK
from lotkeeper.visible_text import visible

NOT_APPLIED: Final = "NOT_APPLIED"
_SIGNS: Final = {"CREATE": ("+", "green"), "UPDATE": ("~", "yellow"), NOT_APPLIED: ("!", "red")}
_LOT: Final = "lot"
_ENTITIES: Final = {
    "units_of_measure": "unit_of_measure",
    "material_classes": "material_class",
    "materials": "material",
    "unit_of_measure_conversions": "unit_of_measure_conversion",
    "material_reason_codes": "material_reason_code",
    "locations": "location",
    "production_orders": "production_order",
    "operations": "operation",
    "inventory_operations": "inventory_operation",
    "lots": _LOT,
}
_PARENTS: Final = {"material_classes": "parent", "materials": "material_class", "locations": "parent"}


def show_lines(response: ImportMasterDataResponse) -> None:
    """A line for each change, as a diff has them."""
    for change in response.changes:
        sign, colour = _SIGNS.get(change.change, ("?", "white"))
        click.secho(visible(f"{sign} {_words(change.entity)} {change.key}{_said(change)}"), fg=colour)


def show_table(output: Output, response: ImportMasterDataResponse, tables: PlantTables | None) -> None:
    """A row for each change; of files also where it stands, and what was read there."""
    if tables is None:
        rows = ([_words(one.change), _words(one.entity), one.key, _said(one, "")] for one in response.changes)
        output.table(("CHANGE", "WHAT", "WHICH", "FIELDS"), rows)
        return
    sources = _Sources(tables)
    output.table(("FILE", "CHANGE", "WHAT", "WHICH", "AS READ"), map(sources.row, response.changes))


def show_counts(response: ImportMasterDataResponse, *, would: bool) -> None:
    """The last line: how many of each."""
    left_out = response.created + response.updated + response.not_applied - len(response.changes)
    if left_out > 0:
        click.echo(f"  and {left_out} more")
    to_do = "to create, {} to update" if would else "created, {} updated"
    counts = f"{response.created} {to_do.format(response.updated)}, {response.unchanged} unchanged"
    click.echo(f"{counts}, {response.not_applied} not applied" if response.not_applied else counts)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _said(change: MasterDataChange, before: str = ": ") -> str:
    if change.change == NOT_APPLIED:
        return f"{before}{', '.join(change.fields)} is {change.stored or 'not set'}, not {change.given}"
    return f"{before}{', '.join(change.fields)}" if change.fields else ""


class _Sources:
    """The rows of files, by what they make; several may have one name."""

    def __init__(self, tables: PlantTables) -> None:
        self._rows: dict[tuple[str, str], deque[tuple[str, str, str]]] = defaultdict(deque)
        for section, table in tables.tables.items():
            for entry in table.entries:
                source = f"{table.file}:{entry.line}", section, _read(entry)
                for key in _keys(section, entry.shown):
                    self._rows[key].append(source)

    def row(self, change: MasterDataChange) -> tuple[str, str, str, str, str]:
        """A change as a row of a table."""
        rows = self._rows.get((change.entity, change.key))
        file, section, read = rows.popleft() if rows else ("", "", "")
        if change.change == NOT_APPLIED:
            read = _said(change, "")
        elif change.entity == _LOT and section == OPENING_STOCK:
            read = ""
        elif change.fields:
            read = f"{', '.join(change.fields)} of {read}"
        return file, _words(change.change), _words(change.entity), change.key, read


def _read(entry: Entry) -> str:
    return ", ".join(f"{name} {value}" for name, value in entry.shown.items())


def _keys(section: str, shown: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the server calls the things that a row makes."""
    name = shown.get("name", "")
    if section == OPENING_STOCK:
        lot = shown.get(_LOT, "")
        stock = f"{lot} at {shown.get('location', '').removeprefix('/')}"
        yield from ((INVENTORY, stock), (OPENING_STOCK, stock), (_LOT, lot))
    elif section == "unit_of_measure_conversions":
        units = f"{shown.get('from_unit', '')} to {shown.get('to_unit', '')}"
        material = shown.get("material", "").removeprefix("/")
        yield _ENTITIES[section], f"{units} for {material}" if material else units
    elif section in _PARENTS:
        parent = shown.get(_PARENTS[section], "").removeprefix("/")
        yield _ENTITIES[section], f"{parent}/{name}" if parent else name
    else:
        yield _ENTITIES[section], shown.get("reason_code", name)
