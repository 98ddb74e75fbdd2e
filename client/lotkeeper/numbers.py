"""What a number is where people write one: in a file, in a document, on the command line.

A digit comes first and last, one point at most stands between digits, an exponent is from -9 to 12, a `-` comes first
where the number may be negative. The server decides by the same rule; here it is told earlier, and nearer to its place.
"""

from __future__ import annotations

import re
from typing import Final

CHARACTERS_MAX: Final = 400
EXPONENT_MIN: Final = -9
EXPONENT_MAX: Final = 12

# ASCII digits only: \d would take those of every script.
_NUMBER: Final = re.compile(r"(-?)[0-9]+(?:\.[0-9]+)?(?:[eE]([+-]?)0*([0-9]{1,2}))?")


def number_fault(text: str, *, may_be_negative: bool = False) -> str | None:
    """Why a text is not a number, or None.

    Args:
        text: as it is written.
        may_be_negative: whether a `-` may come first.
    """
    if len(text) > CHARACTERS_MAX:
        return f"is not a number: it has more than {CHARACTERS_MAX} characters"
    match = _NUMBER.fullmatch(text)
    if match is None:
        return "is not a number: digits, one point at most between them, an exponent from -9 to 12"
    sign, exponent_sign, exponent = match.groups(default="")
    if sign and not may_be_negative:
        return "is negative"
    if not EXPONENT_MIN <= int(exponent_sign + (exponent or "0")) <= EXPONENT_MAX:
        return f"has an exponent that is not from {EXPONENT_MIN} to {EXPONENT_MAX}"
    return None
