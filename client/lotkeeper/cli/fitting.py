"""Fits a table into a terminal: texts wrap, columns are left out, and nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import combining, east_asian_width

from lotkeeper.cli.columns import Column, Kind

GAP: Final = "  "
WRAPPED_CHARACTERS_MIN: Final = 16
"""A text is wrapped to no less, unless its title and all its values are shorter."""
BROKEN_CHARACTERS_MIN: Final = 8
"""The same where there would be no room otherwise."""
WORD_CHARACTERS_MAX: Final = 26
"""A part of a path or a name is kept on one line if it is no longer than this, and columns can be left out."""
_PARTS: Final = re.compile(r"[^/ ]*[/ ]|[^/ ]+")


@dataclass(frozen=True)
class Fit:
    """What is shown.

    Attributes:
        places: of the columns that are shown.
        widths: their widths, in the same order.
    """

    places: Sequence[int]
    widths: Sequence[int]


def fit(columns: Sequence[Column], cells: Sequence[Sequence[str]], screen: int) -> Fit:
    """Decides which columns are shown on a terminal, and how wide.

    Args:
        columns: all columns.
        cells: those of each column, with its title first.
        screen: the width of the terminal.
    """
    wanted = [max(map(width_of, column)) for column in cells]
    measured = list(zip(columns, wanted, cells, strict=True))
    least = [_least(*column, WRAPPED_CHARACTERS_MIN, WORD_CHARACTERS_MAX) for column in measured]
    places = list(range(len(columns)))
    empty = [place for place in places if not any(cells[place][1:]) and columns[place].rank]
    while empty and _line_width(wanted, places) > screen:
        places.remove(empty.pop())
    while _line_width(least, places) > screen:
        spare = [place for place in places if columns[place].rank]
        if not spare:
            break
        places.remove(max(spare, key=lambda place: (columns[place].rank, place)))
    for characters in (WRAPPED_CHARACTERS_MIN, BROKEN_CHARACTERS_MIN):
        if _line_width(least, places) > screen:  # rather a broken word than a line that is too long
            least = [_least(*column, characters, characters) for column in measured]
    return Fit(places, _shrunk(wanted, least, places, screen))


def _least(column: Column, wanted: int, texts: Sequence[str], characters_min: int, word_characters_max: int) -> int:
    if column.kind is not Kind.TEXT:
        return wanted
    longest = max(width_of(part.rstrip()) for text in texts for part in _PARTS.findall(text) or [""])
    return min(wanted, max(characters_min, width_of(texts[0]), min(longest, word_characters_max)))


def _line_width(widths: Sequence[int], places: Sequence[int]) -> int:
    return sum(widths[place] for place in places) + len(GAP) * (len(places) - 1)


def _shrunk(wanted: Sequence[int], least: Sequence[int], places: Sequence[int], screen: int) -> list[int]:
    """The widest columns that can shrink do so until a line fits."""
    widths = list(wanted)
    excess = _line_width(widths, places) - screen
    while excess > 0:
        able = [place for place in places if widths[place] > least[place]]
        if not able:
            break
        widths[max(able, key=widths.__getitem__)] -= 1
        excess -= 1
    return [widths[place] for place in places]


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, broken after `/` and at spaces, and elsewhere only where a part is longer than a line."""
    if width_of(text) <= width:
        return [text]
    lines = [""]
    for part in _PARTS.findall(text):
        if width_of(lines[-1]) + width_of(part.rstrip(" ")) <= width:
            lines[-1] += part
            continue
        if lines[-1]:
            lines.append("")
        for character in part:
            if width_of(lines[-1]) + width_of(character) > width and character != " ":
                lines.append("")
            lines[-1] += character
    return [line.rstrip(" ") for line in lines]


def width_of(text: str) -> int:
    """How many columns a terminal gives it."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
