"""Names, paths and free texts: the one form of a name, which texts are accepted, and why others are not."""

import unicodedata
from typing import Final

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault

_WHITE_SPACE: Final = frozenset(
    map(
        chr,
        [*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000],
    )
)
"""Unicode's White_Space."""
_LOOKS_THE_SAME: Final = {0xB5: "\u03bc"} | dict.fromkeys(
    [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " "
)
"""The micro sign, and the spaces: what NFC alone leaves in two spellings."""
_NEVER_IN_A_NAME: Final = {
    "Cc": "has a control character",
    "Cf": "has an invisible character",
    "Zl": "has a line separator",
    "Zp": "has a paragraph separator",
    "Cn": "has an unassigned character",
    "Cs": "has half a character, a surrogate",
}
"""By category. Private use is a plant's own affair."""
_DECOMPOSED_MAX: Final = 4
"""So many code points at most become one in NFC."""
_SORTED_FROM: Final = 64
"""In longer texts marks are sorted here: what the library takes for that grows with the square of their number."""


def name_form(text: str, code_points_max: int = limits.NAME_CODE_POINTS_MAX) -> str:
    """The one form of a name, code or symbol: NFC, each space as U+0020, the micro sign as the Greek letter.

    Args:
        text: as somebody wrote it.
        code_points_max: how long the form may be; a text that is too long in any form comes back as it is.
    """
    if text.isascii() or len(text) > _DECOMPOSED_MAX * code_points_max:
        return text
    text = text.translate(_LOOKS_THE_SAME)
    return unicodedata.normalize("NFC", text if len(text) <= _SORTED_FROM else _with_sorted_marks(text))


def path_form(text: str) -> str:
    """The one form of a path: that of its names, without a leading slash."""
    return name_form(text, limits.PATH_CODE_POINTS_MAX).removeprefix("/")


def name_fault(form: str, code_points_max: int = limits.NAME_CODE_POINTS_MAX) -> Fault | None:
    """Why a text in its one form is not a name, or None.

    A name has 1 to 255 code points, no white space at either end, and only what can be seen: no control and format
    characters, no separators of lines and paragraphs, nothing unassigned.
    """
    if len(form) > code_points_max:
        return Fault.too_long(f"is longer than {code_points_max} code points")
    if not form:
        return Fault.required()
    if form[0] in _WHITE_SPACE or form[-1] in _WHITE_SPACE:
        return Fault.malformed("has white space at an end")
    return unnameable(form)


def path_fault(form: str) -> Fault | None:
    """Why a text in its one form is not a path, or None: names joined by slashes, up to 750 code points."""
    return name_fault(form, limits.PATH_CODE_POINTS_MAX)


def unnameable(form: str) -> Fault | None:
    """What a text has that no name may have, or None; also of a part of a name."""
    if form.isascii() and form.isprintable():
        return None
    for character in form:
        if (fault := _NEVER_IN_A_NAME.get(unicodedata.category(character))) is not None:
            return Fault.malformed(f"{fault}, U+{ord(character):04X}")
    return None


def text_fault(text: str, code_points_max: int) -> Fault | None:
    """Why a free text is refused, or None: tab and line feed are allowed, other control characters are not."""
    if len(text) > code_points_max:
        return Fault.too_long(f"is longer than {code_points_max} code points")
    if not (text.isascii() and text.isprintable()) and any(
        unicodedata.category(c) == "Cc" and c not in "\t\n" for c in text
    ):
        return Fault.malformed("has a control character")
    return None


def _with_sorted_marks(text: str) -> str:
    """The text decomposed, the marks after each character in Unicode's order."""
    characters: list[str] = []
    marks: list[str] = []
    for composed in text:
        for character in unicodedata.normalize("NFD", composed):
            if unicodedata.combining(character):
                marks.append(character)
            else:
                characters += sorted(marks, key=unicodedata.combining)
                marks.clear()
                characters.append(character)
    return "".join(characters + sorted(marks, key=unicodedata.combining))
