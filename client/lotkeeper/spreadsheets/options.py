"""How the CSV files of somebody are to be read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

_TIME_OF_DAY: Final = re.compile(r"%[HIMSfpcXTR]")


class OptionFault(ValueError):
    """An option that means nothing, or that fits no file."""


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """How files are to be read; the defaults suit most.

    Attributes:
        delimiter: what stands between cells; None: found out, comma, semicolon or tab.
        encoding: a name that Python knows, `cp1252`; None: found out, UTF-8 or UTF-16.
        decimal: `.` or `,`, what stands before the decimals of a number.
        dates: how times and days are written, as `strptime` reads it, `%d/%m/%Y`; None: days as `2039-12-31` or
            `20391231`, times as RFC 3339 has them.
        columns: fields by header, for headers that are not the field's name; an empty field leaves a column out.
        values: the same value for every row, by field, or by section and field: `opening_stock.location`.
        zone: the plant's time zone, for times that `dates` reads without one.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."
    dates: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise OptionFault(f"{self.delimiter!r} cannot stand between cells: give one character")
        if self.decimal not in {".", ","}:
            raise OptionFault(f"{self.decimal!r} is not a decimal mark: give . or ,")
        if self.encoding is not None:
            try:
                known = codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                raise OptionFault(f"{self.encoding} is not an encoding") from None
            if not getattr(known, "_is_text_encoding", True):
                raise OptionFault(f"{self.encoding} is not an encoding of text")
        if self.dates is not None and "%" not in self.dates:
            raise OptionFault(f"{self.dates} is not a form of dates, such as %d/%m/%Y")

    @property
    def reads_times(self) -> bool:
        """Whether `dates` reads times of a day, for which the zone counts."""
        return self.dates is not None and _TIME_OF_DAY.search(self.dates) is not None
