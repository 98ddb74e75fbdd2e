"""Names, paths and free texts: which are accepted, and why others are not."""

import unicodedata
from typing import Final

from lotkeeper_server.domain import limits

_WHITE_SPACE: Final = frozenset(
    map(
        chr,
        [*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000],
    )
)
"""Unicode's White_Space."""


def name_fault(text: str, code_points_max: int = limits.NAME_CODE_POINTS_MAX) -> str | None:
    """Why a text is not a name, or None: 1 to 255 code points, no control characters, no white space at either end."""
    if len(text) > code_points_max:
        return f"is longer than {code_points_max} code points"
    if not text:
        return "must be given"
    if text[0] in _WHITE_SPACE or text[-1] in _WHITE_SPACE:
        return "has white space at an end"
    if not (text.isascii() and text.isprintable()) and any(unicodedata.category(c) == "Cc" for c in text):
        return "has a control character"
    return None


def text_fault(text: str, code_points_max: int) -> str | None:
    """Why a free text is refused, or None: tab and line feed are allowed, other control characters are not."""
    if len(text) > code_points_max:
        return f"is longer than {code_points_max} code points"
    if not (text.isascii() and text.isprintable()) and any(
        unicodedata.category(c) == "Cc" and c not in "\t\n" for c in text
    ):
        return "has a control character"
    return None


def path_fault(path: str) -> str | None:
    """Why a text is not a path, or None: names joined by slashes, up to 750 code points."""
    return name_fault(path, limits.PATH_CODE_POINTS_MAX)
