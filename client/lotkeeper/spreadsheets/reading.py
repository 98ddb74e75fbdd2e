"""Reads CSV files into one document, and remembers which cell each of its values came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lotkeeper.spreadsheets.cells import Cell, FaultList
from lotkeeper.spreadsheets.decoding import NotCells, NotText, Row, decoded, rows_in
from lotkeeper.spreadsheets.options import CsvOptions, OptionFault
from lotkeeper.spreadsheets.sections import SECTIONS, Kind, plain_form, section_named
from lotkeeper.spreadsheets.values import Unfit, Values

_SUFFIX: Final = ".csv"
_PLACE: Final = re.compile(r"([a-z_]+)(?:\[([0-9]+)\](?:\.([a-z0-9_]+))?)?.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file.

    Attributes:
        number: from 1; 0 for a value that every row has.
        header: as the file has it.
        field: of the section; empty where the column has no header, and so must have no cells.
        kind: how its cells are read.
        value: that every row has, for number 0.
    """

    number: int
    header: str
    field: str
    kind: Kind
    value: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as an entry of its section.

    Attributes:
        line: where it begins, from 1.
        cells: as they were read, by field; empty ones are left out.
        values: what they mean, as JSON, by field.
        shown: the same for people.
    """

    line: int
    cells: Mapping[str, str]
    values: Mapping[str, str]
    shown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """One file: a section's entries."""

    section: str
    file: str
    columns: Mapping[str, Column]
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class PlantTables:
    """Files that make up a document, or a part of one."""

    tables: Mapping[str, Table] = field(default_factory=dict)

    def document(self) -> bytes:
        """The document, as JSON, for `import_master_data`."""
        return "".join(self._pieces()).encode()

    def cell_at(self, place: str) -> Cell | None:
        """The cell behind a place of the document, `lots[3].name`; None if it is not one of these files."""
        match = _PLACE.fullmatch(place)
        table = None if match is None else self.tables.get(match[1])
        if match is None or table is None:
            return None
        if match[2] is None or int(match[2]) >= len(table.entries):
            return Cell(table.file, 1)
        entry = table.entries[int(match[2])]
        if match[3] is None:
            return Cell(table.file, entry.line)
        column = table.columns.get(match[3])
        if column is None:
            return Cell(table.file, entry.line, 0, match[3])
        return Cell(table.file, entry.line, column.number, column.header, entry.cells.get(match[3], ""))

    def _pieces(self) -> Iterator[str]:
        before = "{"
        for section in SECTIONS:
            if (table := self.tables.get(section)) is None:
                continue
            yield f"{before}{json.dumps(section)}:["
            for number, entry in enumerate(table.entries):
                fields = ",".join(f"{json.dumps(name)}:{value}" for name, value in entry.values.items())
                yield f"{',' if number else ''}\n{{{fields}}}"
            yield "]"
            before = ",\n"
        yield "{}\n" if before == "{" else "}\n"


def read_plant(folder: Path, options: CsvOptions | None = None) -> PlantTables:
    """Reads every CSV file of a folder: `locations.csv` is the section `locations`, `opening_stock.csv` opening stock.

    Args:
        folder: what does not end with `.csv`, or begins with a dot, is left alone.
        options: how the files are to be read.

    Raises:
        SpreadsheetFaults: with the first faults of all files.
        OptionFault: for an option that fits none of them.
        OSError: where a file cannot be read.
    """
    faults = FaultList()
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() != _SUFFIX or path.name.startswith((".", "~")):
            continue
        section = section_named(path.stem)
        if section is None:
            faults.note(Cell(path.name, 1), f"{path.stem} is not a section; the sections are {', '.join(SECTIONS)}")
        elif section in files:
            faults.note(Cell(path.name, 1), f"is the same section as {files[section].name}")
        else:
            files[section] = path
    if not files:
        faults.note(Cell(folder.name or str(folder), 1), "has no CSV file that is named after a section")
    faults.check()
    read = {section: (files[section].name, files[section].read_bytes()) for section in SECTIONS if section in files}
    return _read(read, options, faults)


def read_section(section: str, data: bytes, file: str, options: CsvOptions | None = None) -> PlantTables:
    """Reads one CSV file as a section.

    Args:
        section: its name, `opening_stock`.
        data: the whole file.
        file: its name, for what is said about it.
        options: how it is to be read.

    Raises:
        SpreadsheetFaults: with its first faults.
        OptionFault: for a section that there is not, or an option that does not fit.
    """
    known = section_named(section)
    if known is None:
        raise OptionFault(f"{section} is not a section; the sections are {', '.join(SECTIONS)}")
    return _read({known: (file, data)}, options, FaultList())


def _read(files: Mapping[str, tuple[str, bytes]], options: CsvOptions | None, faults: FaultList) -> PlantTables:
    given = options or CsvOptions()
    reading = _Reading(given, faults, _values_of(given, files))
    tables = {section: table for section, one in files.items() if (table := reading.table(section, *one)) is not None}
    reading.check_mapped()
    faults.check()
    return PlantTables(tables)


def _values_of(options: CsvOptions, sections: Mapping[str, object]) -> Mapping[str, Mapping[str, str]]:
    """The values that every row of a section has, by section and field.

    Raises:
        OptionFault: where no section has the field, or several have.
    """
    found: dict[str, dict[str, str]] = {section: {} for section in sections}
    for name, value in options.values.items():
        before, _, rest = name.rpartition(".")
        fields = plain_form(rest)
        named = section_named(before) if before else None
        having = {
            section: one
            for section in sections
            for one in SECTIONS[section]
            if plain_form(one) == fields and (not before or section == named)
        }
        if not having:
            raise OptionFault(f"{name} is not a field of {' or '.join(sections)}")
        if len(having) > 1:
            raise OptionFault(f"{name} is a field of {', '.join(having)}: name one, {next(iter(having))}.{rest}")
        for section, one in having.items():
            found[section][one] = value
    return found


class _Reading:
    """Files that are being read by the same options."""

    def __init__(self, options: CsvOptions, faults: FaultList, values: Mapping[str, Mapping[str, str]]) -> None:
        self._options = options
        self._faults = faults
        self._same = values
        self._values = Values(options)
        self._mapped = {plain_form(header): target for header, target in options.columns.items()}
        self._unmapped: dict[str, None] = dict.fromkeys(options.columns)

    def check_mapped(self) -> None:
        """Looks for a mapped header that no file has.

        Raises:
            OptionFault: for the first one.
        """
        if self._unmapped:
            raise OptionFault(f"no file has a column {next(iter(self._unmapped))}")

    def table(self, section: str, file: str, data: bytes) -> Table | None:
        """One file; None where it is not one, which is noted."""
        try:
            text = decoded(data, self._options.encoding)
            _, rows = rows_in(text, self._options.delimiter, lambda header: self._is_known(section, header))
            return self._table(section, file, rows)
        except NotText as fault:
            self._faults.note(Cell(file, fault.line), fault.why)
        except NotCells as fault:
            self._faults.note(Cell(file, fault.line, fault.column), fault.why)
        return None

    def _table(self, section: str, file: str, rows: Iterator[Row]) -> Table | None:
        filled = (row for row in rows if not row.is_blank)
        header = next(filled, None)
        if header is None:
            self._faults.note(Cell(file, 1), "has no header")
            return None
        columns = self._columns(section, file, header)
        entries = [self._entry(file, columns, row, len(header.cells)) for row in filled]
        return Table(section, file, {one.field: one for one in columns if one is not None and one.field}, entries)

    def _is_known(self, section: str, header: str) -> bool:
        form = plain_form(header)
        return form in self._mapped or any(plain_form(name) == form for name in SECTIONS[section])

    def _columns(self, section: str, file: str, header: Row) -> list[Column | None]:
        """The column of each cell, then those of the values that every row has; None: left out."""
        kinds = SECTIONS[section]
        fields = {plain_form(name): name for name in kinds}
        columns: list[Column | None] = []
        seen: dict[str, str] = {}
        for number, cell in enumerate(header.cells, 1):
            text = cell.strip()
            target = self._target(text)
            if target is None:
                columns.append(None)
                continue
            name = fields.get(plain_form(target)) if target else ""
            if name is None:
                why = f"is not a field of {section}, which has {', '.join(kinds)}; it can be mapped to one, or left out"
                self._faults.note(Cell(file, header.line, number, "", text), why)
            elif name and name in seen:
                self._faults.note(Cell(file, header.line, number, "", text), f"is {name}, as {seen[name]} is")
            elif name in self._same[section]:
                raise OptionFault(f"{name} is a column of {file}: it cannot be the same in every row")
            columns.append(None if name is None else Column(number, text, name, kinds.get(name, Kind.TEXT)))
            if name:
                seen[name] = text
        columns.extend(Column(0, name, name, kinds[name], value) for name, value in self._same[section].items())
        return columns

    def _target(self, header: str) -> str | None:
        """The field that a header stands for, as it is written; empty where there is no header, None: left out."""
        form = plain_form(header)
        if form not in self._mapped:
            return header
        self._unmapped = {one: None for one in self._unmapped if plain_form(one) != form}
        return self._mapped[form] or None

    def _entry(self, file: str, columns: Sequence[Column | None], row: Row, width: int) -> Entry:
        cells: dict[str, str] = {}
        values: dict[str, str] = {}
        shown: dict[str, str] = {}
        for number, cell in enumerate(row.cells[width:], width + 1):
            if cell.strip():
                self._faults.note(Cell(file, row.line, number, "", cell), "stands beyond the last header")
        # Spreadsheets leave out empty cells at the end of a row.
        read = row.cells[:width] + [""] * (width - len(row.cells))
        read += [column.value for column in columns[width:] if column is not None]
        for column, cell in zip(columns, read, strict=True):
            if column is None or not cell:
                continue
            place = Cell(file, row.line, column.number, column.header, cell)
            if not column.field:
                if cell.strip():
                    self._faults.note(place, "stands below no header")
                continue
            try:
                values[column.field], shown[column.field] = self._values.read(column.kind, cell)
            except Unfit as unfit:
                self._faults.note(place, str(unfit))
            cells[column.field] = cell
        return Entry(row.line, cells, values, shown)
