r"""Text that others wrote, as a terminal or a log may show it: it cannot hide, reorder or imitate what is beside it.

What is seen, and changes nothing but itself, is shown as it is, in every script. All else is shown as Python would
write it: `\n`, `\x1b`, `\u202e`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_HIDING: Final = (
    "\x7f-\x9f"  # the control characters that JSON leaves as they are
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb"  # formats
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\u2028\u2029"  # line and paragraph separators
    r"\ud800-\udfff"  # halves of characters: bytes of an argument that are not UTF-8 (raw: some mypy fails on one)
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159"  # what is seen as nothing
)
_SPACES: Final = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Other spaces than the usual one: they look like it, or like the gap between two columns."""
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"
)
"""Marks that are drawn over the character before them: a heap of them covers the lines above and below."""
_HIDES_IN_JSON: Final = re.compile(f"[{_HIDING}]")
_NOT_SHOWN: Final = re.compile(f"[\x00-\x1f{_HIDING}{_SPACES}]|^[{_MARKS}]|(?<=[{_MARKS}]{{4}})[{_MARKS}]+")
_MORE_SPACES: Final = re.compile(r"(?<= ) +|^ +| +$")


def visible(text: str) -> str:
    """A text on one line, every character of which is seen, and where it stands in the text."""
    if text.isascii() and text.isprintable():
        return text
    return _NOT_SHOWN.sub(_escaped, text)


def visible_cell(text: str) -> str:
    r"""The same for a field beside others: spaces that look like the gap to the next field are written `\x20`."""
    shown = visible(text)
    if "  " in shown or shown[:1] == " " or shown[-1:] == " ":
        return _MORE_SPACES.sub(lambda match: r"\x20" * len(match[0]), shown)
    return shown


def visible_lines(text: str) -> str:
    """The same for a text of several lines, with tabs; those stay."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON that a terminal may show: what would hide or reorder is escaped, so that a reader gets the exact text.

    Args:
        value: of JSON's types.
        indent: spaces for each level; None writes one line.
    """
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    if written.isascii() and "\x7f" not in written:
        return written
    return _HIDES_IN_JSON.sub(lambda match: json.dumps(match[0])[1:-1], written)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
