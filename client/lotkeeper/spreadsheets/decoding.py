"""Bytes as text, in the encoding that they have, and text as cells."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Final

DELIMITERS: Final = (",", ";", "\t")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the next one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MARK: Final = "\ufeff"
_QUOTE: Final = '"'
_TOLD: Final = re.compile(r"sep=(.)[ \t]*(?:\r\n|\r|\n)")
"""A first line by which some spreadsheets tell each other what stands between cells."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_ROWS_LOOKED_AT: Final = 50
_BLANK: Final = " " + "".join(DELIMITERS)


class NotText(Exception):
    """Bytes that are not text in their encoding.

    Attributes:
        line: on which the first such byte stands, from 1.
        why: what is wrong.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


class NotCells(Exception):
    """A quote that is never closed, or one in the wrong place.

    Attributes:
        line: on which its row begins, from 1.
        column: the number of its cell, from 1.
        why: what is wrong.
    """

    def __init__(self, line: int, column: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.column = column
        self.why = why


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: the physical line where it begins, from 1, and its cells."""

    line: int
    cells: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in any of its cells."""
        return not any(map(str.strip, self.cells))


def decoded(data: bytes, encoding: str | None) -> str:
    """The text in some bytes, without a byte order mark.

    Args:
        data: of a whole file.
        encoding: its name; None: that of its byte order mark, otherwise UTF-8.

    Raises:
        NotText: where they are something else.
    """
    name = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(name).removeprefix(_MARK)
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(data[: error.start].decode(name, errors="replace"))) + 1
        why = f"is not {name} from byte {error.start} on"
        raise NotText(line, why if encoding else f"{why}; if it has another encoding, it must be named") from None


def rows_in(text: str, delimiter: str | None, recognised: Callable[[str], bool]) -> tuple[str, Iterator[Row]]:
    """What stands between the cells of a text, and its rows.

    Args:
        text: of a whole file.
        delimiter: what stands between cells; None: what divides the first row that is not blank into the most cells
            that are recognised, otherwise into the most, otherwise like most of the rows that follow.
        recognised: whether a text is a header that is known.
    """
    told = _TOLD.match(text)
    begin, line = (told.end(), 2) if told else (0, 1)
    chosen = delimiter or (told[1] if told else None)
    if chosen is None:
        chosen = max(DELIMITERS, key=lambda one: _fitness(text, begin, one, recognised))
    return chosen, _rows(text, begin, line, chosen)


def _fitness(text: str, begin: int, delimiter: str, recognised: Callable[[str], bool]) -> tuple[int, int, int]:
    filled = (row for row in _rows(text, begin, 1, delimiter) if "".join(row.cells).strip(_BLANK))
    known = width = alike = 0
    try:
        for number, row in enumerate(islice(filled, _ROWS_LOOKED_AT)):
            if not number:
                known, width = sum(recognised(cell.strip()) for cell in row.cells), len(row.cells)
            else:
                alike += width >= len(row.cells) - _empty_at_end(row.cells)
    except NotCells:
        pass  # it is said when the file is read
    return known, width, alike


def _empty_at_end(cells: list[str]) -> int:
    return len(list(takewhile(lambda cell: not cell, reversed(cells))))


def _rows(text: str, at: int, line: int, delimiter: str) -> Iterator[Row]:
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    cells: list[str] = []
    begun = line
    while at < len(text) or cells:
        if text.startswith(_QUOTE, at):
            cell, at = _quoted(text, at, begun, len(cells) + 1)
            line += len(_LINE_END.findall(cell))
            found = plain.match(text, at)
            assert found is not None
            if not found[0].strip():
                at = found.end()
        else:
            found = plain.match(text, at)
            assert found is not None
            cell, at = found[0], found.end()
        cells.append(cell)
        if text.startswith(delimiter, at):
            at += 1
            if at < len(text):
                continue
            cells.append("")
        elif at < len(text) and (ended := _LINE_END.match(text, at)) is not None:
            at = ended.end()
            line += 1
        elif at < len(text):
            raise NotCells(begun, len(cells), "has a quote in the wrong place")
        yield Row(begun, cells)
        cells, begun = [], line


def _quoted(text: str, at: int, line: int, column: int) -> tuple[str, int]:
    """The cell whose quote stands at a place, and where it ends."""
    pieces: list[str] = []
    begin = at + 1
    while True:
        end = text.find(_QUOTE, begin)
        if end < 0:
            raise NotCells(line, column, "has a quote that is never closed")
        pieces.append(text[begin:end])
        if not text.startswith(_QUOTE, end + 1):
            return _QUOTE.join(pieces), end + 1
        begin = end + 2
