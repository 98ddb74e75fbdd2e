"""Shows a list, once or, with --watch, again and again: what is new, what has changed, what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from threading import Event
from typing import Any, Final

from google.protobuf.message import Message

from lotkeeper._errors import DeadlineExceeded, Unavailable
from lotkeeper._json import to_dict
from lotkeeper._pages import Pages
from lotkeeper.cli.columns import Column, Row, word
from lotkeeper.cli.output import Output

Read = Callable[[], "Pages[Any]"]
Prepare = Callable[[Any], Message]
_CHANGE: Final = "change"
_CHANGES: Final = word("CHANGE", _CHANGE, rank=0)
LISTED, NEW, CHANGED, GONE = "LISTED", "NEW", "CHANGED", "GONE"
_KEYS: Final = (
    ("id",),
    ("principal", "role"),
    ("name",),
    ("locationId", "inventoryLotId"),
    ("materialId", "inventoryLotId", "locationId", "lotStatus"),
)
"""What tells rows apart: an id, or where they have none what they are about."""


def show_list(
    output: Output, read: Read, columns: Sequence[Column], limit: int | None, prepare: Prepare | None = None
) -> None:
    """Shows a list.

    Args:
        output: how.
        read: asks for it.
        columns: what a table shows.
        limit: how many rows at most; None: all.
        prepare: what is done with each message before it is shown.
    """
    found = read()
    message_class = found.message_class

    def rows(pages: Pages[Any]) -> Iterator[Any]:
        taken = islice(pages, limit)
        return taken if prepare is None else map(prepare, taken)

    if output.poll_seconds is None:
        output.many(rows(found), columns, message_class)
        return
    pieces = _polled(output, rows(found), lambda: rows(read()), limit, output.poll_seconds)
    output.live(pieces, columns, message_class.DESCRIPTOR, [_CHANGES])


def _polled(
    output: Output, found: Iterator[Message], read: Callable[[], Iterator[Message]], limit: int | None, seconds: float
) -> Iterator[Sequence[Row]]:
    """What there is, then what is different each time; it never ends."""
    known = _by_key(found)
    yield [_said(LISTED, row) for row in known.values()]
    pause, told = Event(), False
    while not pause.wait(seconds):  # nobody sets it: Ctrl-C ends it
        try:
            now = _by_key(read())
        except (Unavailable, DeadlineExceeded) as error:
            if not told:
                output.note(f"unreachable: {error.message}; the list is read again every {seconds:g} s")
            told = True
            continue
        told = False
        changes = [_said(CHANGED if key in known else NEW, row) for key, row in now.items() if known.get(key) != row]
        if limit is None or len(now) < limit:  # otherwise others have only taken their place
            changes += [_said(GONE, row) for key, row in known.items() if key not in now]
        known = now
        yield changes


def _by_key(messages: Iterator[Message]) -> dict[tuple[Any, ...], Row]:
    return {_key(row): row for row in map(to_dict, messages)}


def _key(row: Row) -> tuple[Any, ...]:
    names = next((names for names in _KEYS if all(row.get(name) for name in names)), _KEYS[-1])
    return tuple(row.get(name) for name in names)


def _said(change: str, row: Row) -> Row:
    return {_CHANGE: change, **row}
