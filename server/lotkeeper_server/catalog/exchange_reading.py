"""Reads a file of definitions row by row: CSV, or one JSON object on each line; only one row is in memory.

A row becomes a message and the names of the given fields: an import of the row is a Save of that message with that
mask. So a column that the file does not have stays as it is, and an empty cell means what an empty field means.
"""

import csv
import json
import re
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Final

from google.protobuf.message import Message

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.exchange_columns import Column, NumberText, Unreadable, imported_columns
from lotkeeper_server.catalog.exchange_lines import EachLine, Lines, NotUtf16, RowTooLong, TooManyBlankLines
from lotkeeper_server.catalog.name_forms import name_forms
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault

# Of the process; a longer row is not read. A cell beyond its field's limit then fails its row alone.
csv.field_size_limit(limits.IMPORT_ROW_BYTES_MAX)
_DELIMITERS: Final = (",", ";", "\t")
_HEADERS_LOOKED_AT: Final = 1_000
_SPREADSHEETS_DELIMITER: Final = re.compile(r"sep=(.)\s*")
"""A first line by which some spreadsheets tell each other what stands between cells."""
_NOT_UTF8: Final = "is not UTF-8"
_NOT_UTF16: Final = "is not UTF-16, as its byte order mark says"
_TOO_LONG: Final = f"is longer than {limits.IMPORT_ROW_BYTES_MAX} bytes"
_TOO_BLANK: Final = f"more than {limits.IMPORT_BLANK_LINES_MAX} lines are blank"
_TOO_NESTED: Final = f"has more than {limits.IMPORT_ROW_BRACKETS_MAX} brackets"
_REST: Final = "; what follows in the file was not read"
_KEY_FIELD: Final = "name"


@dataclass(slots=True)
class Row:
    """One row of a file.

    Attributes:
        line: the physical line where it begins, the first being 1.
        message: what its cells say.
        given: the fields that it has cells for.
        misread: what is wrong with unreadable cells, by field.
        fault: why it is not a row at all, else empty.
        fault_column: the wrong header, if it is one.
    """

    line: int
    message: Any
    given: frozenset[str] = frozenset()
    misread: dict[str, Fault] = field(default_factory=dict)
    fault: str = ""
    fault_column: str = ""


def read_csv(file: BinaryIO, description: Description, each_line: EachLine) -> Iterator[Row]:
    """The rows of a CSV file, with commas, semicolons or tabs between cells; rows without any content do not count.

    A wrong header is one wrong row, and the only one. A quote that is never closed, or one in the wrong place, ends the
    reading, because it is then not known where the next row begins.
    """
    lines = Lines(file, each_line)
    try:
        yield from _csv_rows(lines, description)
    except _Ended as ended:
        yield _fault(description, ended.line, ended.why)
    except TooManyBlankLines:
        yield _fault(description, lines.count, _TOO_BLANK + _REST)
    except NotUtf16:
        yield _fault(description, lines.count + 1, _NOT_UTF16 + _REST)


class _Ended(Exception):
    """The reading ends within a row; says where that begins, and why."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        self.why = why


def _csv_rows(lines: Lines, description: Description) -> Iterator[Row]:
    columns: list[Column] | None = None
    for line, cells in _cells(lines, description):
        if columns is None:
            names = [cell.strip() for cell in cells]
            if (fault := _header_fault(line, names, description, lines)) is not None:
                yield fault
                return
            columns = [imported_columns(description)[name] for name in names]
            given = frozenset(column.field for column in columns)
        elif lines.not_utf8:
            yield _fault(description, line, _NOT_UTF8)
        elif len(cells) != len(columns):
            yield _fault(description, line, f"has {len(cells)} cells; the header has {len(columns)}")
        else:
            yield _row(description, line, zip(columns, cells, strict=True), given, _of_cell)
    if columns is None:
        yield _fault(description, 1, "has no header")


def _cells(lines: Lines, description: Description) -> Iterator[tuple[int, list[str]]]:
    """The rows that have any content, each with the physical line where it begins.

    Raises:
        _Ended: where no more can be read.
        TooManyBlankLines: where too many have none.
    """
    try:
        first, delimiter = _first_line(lines, description)
    except RowTooLong:
        raise _Ended(lines.count, _TOO_LONG + _REST) from None
    reader = csv.reader(chain(first, lines), strict=True, delimiter=delimiter)
    line = max(lines.count, 1)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except RowTooLong:
            raise _Ended(line, _TOO_LONG + _REST) from None
        except csv.Error as error:
            raise _Ended(line, f"is not CSV: {error}{_REST}") from None
        if any(map(str.strip, cells)):
            yield line, cells
        elif cells:  # a line without even a delimiter is counted already
            lines.count_blank()
        line = lines.count + 1
        lines.begin_row()


def _first_line(lines: Lines, description: Description) -> tuple[list[str], str]:
    """The first line with any content, in a list that is empty where there is none, and what stands between its cells.

    That is what divides it into the most names of columns.
    """
    known = imported_columns(description)
    told: str | None = None
    for text in lines:
        if told is None and (match := _SPREADSHEETS_DELIMITER.fullmatch(text)) is not None:
            told = match[1]
        elif text.strip(" \r\n" + "".join(_DELIMITERS)):
            return [text], told or max(
                _DELIMITERS, key=lambda one: _names_in(text.split(one, _HEADERS_LOOKED_AT), known)
            )
        lines.begin_row()
    return [], ","


def _names_in(cells: list[str], known: Container[str]) -> tuple[int, int]:
    return sum(cell.strip().strip('"').strip() in known for cell in cells), len(cells)


def read_json(file: BinaryIO, description: Description, each_line: EachLine) -> Iterator[Row]:
    """The rows of a file of JSON objects, one on each line; blank lines do not count."""
    lines = Lines(file, each_line)
    known = _by_json_or_proto_name(description)
    while True:
        lines.begin_row()
        try:
            text = next(lines).strip(" \t\r\n")
        except StopIteration:
            return
        except RowTooLong:
            lines.skip_line()
            yield _fault(description, lines.count, _TOO_LONG)
            continue
        except TooManyBlankLines:
            yield _fault(description, lines.count, _TOO_BLANK + _REST)
            return
        except NotUtf16:
            yield _fault(description, lines.count + 1, _NOT_UTF16 + _REST)
            return
        if lines.not_utf8:
            yield _fault(description, lines.count, _NOT_UTF8)
        elif text:
            yield _json_row(description, lines.count, text, known)


READERS: Final[dict[str, Callable[[BinaryIO, Description, EachLine], Iterator[Row]]]] = {
    "CSV": read_csv,
    "JSON": read_json,
}
"""By format."""


def _json_row(description: Description, line: int, text: str, known: dict[str, Column]) -> Row:
    if text.count("[") + text.count("{") > limits.IMPORT_ROW_BRACKETS_MAX:
        return _fault(description, line, _TOO_NESTED)
    try:
        pairs = json.loads(
            text, object_pairs_hook=_Pairs, parse_int=NumberText, parse_float=NumberText, parse_constant=NumberText
        )
    except (ValueError, RecursionError) as error:
        return _fault(description, line, f"is not JSON: {error}")
    if not isinstance(pairs, _Pairs):
        return _fault(description, line, "is not a JSON object")
    cells: list[tuple[Column, Any]] = []
    given: set[str] = set()
    for name, value in pairs:
        column = known.get(name)
        if column is None:
            return _fault(description, line, "is not a field of a definition", name)
        if column.field in given:
            return _fault(description, line, "is there twice", name)
        given.add(column.field)
        cells.append((column, value))
    return _row(description, line, cells, frozenset(given), _of_json)


class _Pairs(list[tuple[str, Any]]):
    """An object's names and values as written, also repeated ones."""


def _by_json_or_proto_name(description: Description) -> dict[str, Column]:
    columns = imported_columns(description)
    return {column.field: column for column in columns.values()} | columns


def _header_fault(line: int, cells: list[str], description: Description, lines: Lines) -> Row | None:
    known = imported_columns(description)
    if lines.not_utf8:
        return _fault(description, line, _NOT_UTF8)
    for number, name in enumerate(cells):
        if name not in known:
            text = f"{name} is not a column of a definition" if name else f"column {number + 1} has no name"
            return _fault(description, line, text, name)
        if name in cells[:number]:
            return _fault(description, line, "is there twice", name)
    if _KEY_FIELD not in cells:
        return _fault(description, line, "does not have this column", _KEY_FIELD)
    return None


def _of_cell(column: Column, cell: str) -> Any:
    return column.of_cell(cell)


def _of_json(column: Column, value: Any) -> Any:
    return column.of_json(value)


def _row(
    description: Description,
    line: int,
    cells: Iterable[tuple[Column, Any]],
    given: frozenset[str],
    read: Callable[[Column, Any], Any],
) -> Row:
    message: Message = description.message()
    forms = name_forms(description)
    row = Row(line, message, given)
    for column, cell in cells:
        try:
            if (value := read(column, cell)) is not None:
                form_of = forms.get(column.field)
                setattr(message, column.field, value if form_of is None else form_of(value))
        except Unreadable as error:
            row.misread[column.field] = Fault.malformed(str(error))
        except ValueError:  # of protobuf: half a surrogate pair
            row.misread[column.field] = Fault.malformed("is not Unicode text")
    return row


def _fault(description: Description, line: int, text: str, column: str = "") -> Row:
    return Row(line, description.message(), fault=text, fault_column=column)
