"""The physical lines of a file of definitions as text: UTF-8, or UTF-16 with a byte order mark."""

import codecs
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from lotkeeper_server.domain import limits

_UTF8_MARK: Final = codecs.BOM_UTF8
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BLANK: Final = frozenset({b"\n", b"\r\n"})
_PIECE_BYTES: Final = 64 * 1024
EachLine = Callable[[], None]
"""Called before each physical line is read: a file may have blank lines only."""


class RowTooLong(Exception):
    """A row has more bytes than a row may have."""


class TooManyBlankLines(Exception):
    """More lines are blank than may be."""


class NotUtf16(Exception):
    """The bytes behind a mark of UTF-16 are something else."""


class _HasLines(Protocol):
    def readline(self, size: int, /) -> bytes:
        """The next line, or so many bytes of it; empty at the end."""
        ...


class Lines:
    """The physical lines of a file as text, counted.

    Attributes:
        count: how many were read.
        row_bytes: of the row that was begun, as UTF-8.
        not_utf8: whether the row that was begun has bytes that are not UTF-8.
    """

    def __init__(self, file: BinaryIO, each_line: EachLine) -> None:
        mark = file.read(2)
        file.seek(-len(mark), 1)
        self._file: _HasLines = _FromUtf16(file) if mark in _UTF16_MARKS else file
        self._each_line = each_line
        self.count = 0
        self.row_bytes = 0
        self.not_utf8 = False
        self._blank = 0

    def begin_row(self) -> None:
        """Begins the next row: its bytes are counted from here."""
        self.row_bytes = 0
        self.not_utf8 = False

    def count_blank(self) -> None:
        """Counts a line on which nothing stands.

        Raises:
            TooManyBlankLines: where there are too many.
        """
        self._blank += 1
        if self._blank > limits.IMPORT_BLANK_LINES_MAX:
            raise TooManyBlankLines

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self._each_line()
        line = self._file.readline(limits.IMPORT_ROW_BYTES_MAX + 1)
        if not line:
            raise StopIteration
        if self.count == 0:
            line = line.removeprefix(_UTF8_MARK)
        self.count += 1
        if line in _BLANK:
            self.count_blank()
        self.row_bytes += len(line)
        if self.row_bytes > limits.IMPORT_ROW_BYTES_MAX:
            raise RowTooLong
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.not_utf8 = True
            return line.decode(errors="replace")

    def skip_line(self) -> None:
        """Skips the rest of a line that was too long."""
        while (piece := self._file.readline(limits.IMPORT_ROW_BYTES_MAX)) and not piece.endswith(b"\n"):
            pass


class _FromUtf16:
    """A file of UTF-16, as lines of UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")()
        self._text = b""
        self._at = 0

    def readline(self, size: int, /) -> bytes:
        while self._text.find(b"\n", self._at) < 0 and len(self._text) - self._at < size:
            piece = self._file.read(_PIECE_BYTES)
            try:
                more = self._decoder.decode(piece, final=not piece).encode()
            except UnicodeError:
                raise NotUtf16 from None
            self._text, self._at = self._text[self._at :] + more, 0
            if not piece:
                break
        end = self._text.find(b"\n", self._at) + 1 or len(self._text)
        line = self._text[self._at : min(end, self._at + size)]
        self._at += len(line)
        return line
