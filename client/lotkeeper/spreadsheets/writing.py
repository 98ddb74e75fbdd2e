"""Writes a plant's document as CSV files, which are read again as the same document."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lotkeeper.spreadsheets.sections import INVENTORY, OPENING_STOCK, SECTIONS, Kind, section_named
from lotkeeper.spreadsheets.values import as_cell

LOT_SECTIONS: Final = ("lots", OPENING_STOCK)
_SUFFIX: Final = ".csv"
_HEADER_MIN: Final[Mapping[str, Sequence[str]]] = {
    "unit_of_measure_conversions": ("from_unit", "to_unit", "factor"),
    "material_reason_codes": ("reason_code",),
    "lots": ("name", "material"),
    OPENING_STOCK: ("location", "material", "lot", "quantity"),
}
"""The columns that a file has in any case."""


def csv_files(document: bytes, *, include_lots: bool) -> dict[str, bytes]:
    """The files of a document by name: one for each section, with a header at least.

    Args:
        document: as `export_master_data` writes it in JSON.
        include_lots: whether lots and opening stock have files, too.
    """
    tree: Mapping[str, list[dict[str, Any]]] = json.loads(document, parse_int=str, parse_float=str)
    entries = {OPENING_STOCK if section == INVENTORY else section: some for section, some in tree.items()}
    wanted = [section for section in SECTIONS if include_lots or section not in LOT_SECTIONS]
    return {f"{section}{_SUFFIX}": _file(section, entries.get(section, [])) for section in wanted}


def write_plant(document: bytes, folder: Path, *, include_lots: bool) -> None:
    """Writes the files of a document into a folder, which is made if it is not there.

    Args:
        document: as `export_master_data` writes it in JSON.
        folder: its other files are left alone.
        include_lots: whether lots and opening stock have files, too.

    Raises:
        FileExistsError: where the folder has a file of a section that this would not write: it would be read with them.
        OSError: where a file cannot be written.
    """
    files = csv_files(document, include_lots=include_lots)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.suffix.lower() == _SUFFIX and path.name not in files and section_named(path.stem) is not None:
            raise FileExistsError(f"{path} would not be written, and be read with the others: take it away first")
    for name, data in files.items():
        unfinished = folder / f".{name}.part"
        unfinished.write_bytes(data)
        unfinished.replace(folder / name)


def _file(section: str, entries: Sequence[dict[str, Any]]) -> bytes:
    kinds = SECTIONS[section]
    used = {name for entry in entries for name in entry} | {*_HEADER_MIN.get(section, ("name",))}
    header = [name for name in kinds if name in used] + sorted(used - kinds.keys())
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(header)
    rows.writerows([_cell(kinds.get(name, Kind.TEXT), entry.get(name)) for name in header] for entry in entries)
    return text.getvalue().encode()


def _cell(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_cell(str(value)) if kind is Kind.TEXT else str(value)
