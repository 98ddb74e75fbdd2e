"""Reads a file of definitions row by row: CSV, or one JSON object on each line; only one row is in memory.

A row becomes a message and the names of the given fields: an import of the row is a Save of that message with that
mask. So a column that the file does not have stays as it is, and an empty cell means what an empty field means.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from google.protobuf.message import Message

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.exchange_columns import Column, Unreadable, imported_columns
from lotkeeper_server.catalog.name_forms import name_forms
from lotkeeper_server.domain import limits

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_NOT_UTF8: Final = "is not UTF-8"
_TOO_LONG: Final = f"is longer than {limits.IMPORT_ROW_BYTES_MAX} bytes"
_TOO_BLANK: Final = f"more than {limits.IMPORT_BLANK_LINES_MAX} lines are blank"
_TOO_NESTED: Final = f"has more than {limits.IMPORT_ROW_BRACKETS_MAX} brackets"
_REST: Final = "; what follows in the file was not read"
_KEY_FIELD: Final = "name"
EachLine = Callable[[], None]
"""Called before each physical line is read: a file may have blank lines only."""


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
    misread: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    fault_column: str = ""


class _RowTooLong(Exception):
    pass


class _TooManyBlankLines(Exception):
    pass


class _Lines:
    """The physical lines of a file as text, counted; bytes that are not UTF-8 are noted."""

    def __init__(self, file: BinaryIO, each_line: EachLine) -> None:
        self._file = file
        self._each_line = each_line
        self.count = 0
        self.row_bytes = 0
        self.not_utf8 = False
        self._blank = 0

    def begin_row(self) -> None:
        """Begins the next row: its bytes are counted from here."""
        self.row_bytes = 0
        self.not_utf8 = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self._each_line()
        line = self._file.readline(limits.IMPORT_ROW_BYTES_MAX + 1)
        if not line:
            raise StopIteration
        if self.count == 0:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        self.count += 1
        if line in _BLANK:
            self._blank += 1
            if self._blank > limits.IMPORT_BLANK_LINES_MAX:
                raise _TooManyBlankLines
        self.row_bytes += len(line)
        if self.row_bytes > limits.IMPORT_ROW_BYTES_MAX:
            raise _RowTooLong
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.not_utf8 = True
            return line.decode(errors="replace")

    def skip_line(self) -> None:
        """Skips the rest of a line that was too long."""
        while (piece := self._file.readline(limits.IMPORT_ROW_BYTES_MAX)) and not piece.endswith(b"\n"):
            pass


def read_csv(file: BinaryIO, description: Description, each_line: EachLine) -> Iterator[Row]:
    """The rows of a CSV file; blank lines do not count.

    A wrong header is one wrong row, and the only one. A quote that is never closed, or one in the wrong place, ends the
    reading, because it is then not known where the next row begins.
    """
    lines = _Lines(file, each_line)
    reader = csv.reader(lines, strict=True)
    columns: list[Column] | None = None
    line = 1
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            break
        except _RowTooLong:
            yield _fault(description, line, _TOO_LONG + _REST)
            return
        except _TooManyBlankLines:
            yield _fault(description, lines.count, _TOO_BLANK + _REST)
            return
        except csv.Error as error:
            yield _fault(description, line, f"is not CSV: {error}{_REST}")
            return
        if cells:
            if columns is None:
                if (fault := _header_fault(cells, description, lines)) is not None:
                    yield fault
                    return
                columns = [imported_columns(description)[name] for name in cells]
                given = frozenset(column.field for column in columns)
            elif lines.not_utf8:
                yield _fault(description, line, _NOT_UTF8)
            elif len(cells) != len(columns):
                yield _fault(description, line, f"has {len(cells)} cells; the header has {len(columns)}")
            else:
                yield _row(description, line, zip(columns, cells, strict=True), given, _of_cell)
        line = lines.count + 1
    if columns is None:
        yield _fault(description, 1, "has no header")


def read_json(file: BinaryIO, description: Description, each_line: EachLine) -> Iterator[Row]:
    """The rows of a file of JSON objects, one on each line; blank lines do not count."""
    lines = _Lines(file, each_line)
    known = _by_json_or_proto_name(description)
    while True:
        lines.begin_row()
        try:
            text = next(lines).strip(" \t\r\n")
        except StopIteration:
            return
        except _RowTooLong:
            lines.skip_line()
            yield _fault(description, lines.count, _TOO_LONG)
            continue
        except _TooManyBlankLines:
            yield _fault(description, lines.count, _TOO_BLANK + _REST)
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
        pairs = json.loads(text, object_pairs_hook=_Pairs)
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


def _header_fault(cells: list[str], description: Description, lines: _Lines) -> Row | None:
    known = imported_columns(description)
    if lines.not_utf8:
        return _fault(description, 1, _NOT_UTF8)
    for number, name in enumerate(cells):
        if name not in known:
            text = f"{name} is not a column of a definition" if name else f"column {number + 1} has no name"
            return _fault(description, 1, text, name)
        if name in cells[:number]:
            return _fault(description, 1, "is there twice", name)
    if _KEY_FIELD not in cells:
        return _fault(description, 1, "does not have this column", _KEY_FIELD)
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
            row.misread[column.field] = str(error)
        except ValueError:  # of protobuf: half a surrogate pair
            row.misread[column.field] = "is not Unicode text"
    return row


def _fault(description: Description, line: int, text: str, column: str = "") -> Row:
    return Row(line, description.message(), fault=text, fault_column=column)
