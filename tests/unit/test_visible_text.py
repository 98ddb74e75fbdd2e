"""What of a text is shown as it is, and what is escaped."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from lotkeeper.redaction import without_secrets
from lotkeeper.visible_text import json_text, visible, visible_cell, visible_lines

MOVES_OR_HIDES = {"Cc", "Cf", "Zl", "Zp", "Cs"}


def test_no_character_that_moves_or_hides_is_shown_as_it_is() -> None:
    """Of all that there are: also in JSON, whose reader gets the exact text."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        category = unicodedata.category(character)
        if category in MOVES_OR_HIDES or (category == "Zs" and character != " "):
            assert character not in visible(f"a{character}b"), hex(number)
        if category in MOVES_OR_HIDES:
            written = json_text({"a": character})
            assert character not in written, hex(number)
            assert json.loads(written) == {"a": character}


@pytest.mark.parametrize("text", ["Silo 1", "牛奶", "Молоко", "Crème brûlée", "बिस्किट", "שוקו", "حليب", "Sữa", "นม"])
def test_names_of_every_script_are_shown_as_they_are(text: str) -> None:
    """Composed or not."""
    for form in ("NFC", "NFD"):
        normal = unicodedata.normalize(form, text)  # type: ignore[arg-type]
        assert visible_cell(normal) == normal
        assert json.loads(json_text(normal)) == normal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\tc\r\x1b[2J\x00", r"a\nb\tc\r\x1b[2J\x00"),
        ("5\u202e1 gk", r"5\u202e1 gk"),
        ("LOT\u200b-1", r"LOT\u200b-1"),
        ("\U000e0041\u3164\u2800\ufe0f", r"\U000e0041\u3164\u2800\ufe0f"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + r"\u0301" * 2),
        ("\u0301e", r"\u0301e"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_misleads_is_escaped(text: str, shown: str) -> None:
    """And what is escaped stays as it is when it is shown again."""
    assert visible(text) == visible(visible(text)) == shown


def test_a_cell_holds_nothing_that_looks_like_the_gap_to_the_next() -> None:
    """Spaces at the ends, several of them, and those of other scripts."""
    assert visible_cell("A  5 kg   OPEN") == r"A \x205 kg \x20\x20OPEN"
    assert visible_cell(" A ") == r"\x20A\x20"
    assert visible_cell("A\u3000B") == r"A\u3000B"


def test_lines_stay_lines_where_they_are_meant_to_be() -> None:
    """A file on a terminal."""
    assert visible_lines("a\tb\x1b[1m\n\u202ec\n") == "a\tb\\x1b[1m\n\\u202ec\n"


@pytest.mark.parametrize(
    "text",
    [
        "no lk_SECRETsecretSECRETsecret here",
        "Authorization: Bearer SECRET",
        "postgresql+psycopg://u:SECRET@host/db",
        "postgresql+psycopg://u:p@SECRET@host/db",
        "postgresql+psycopg://u:p SECRET@host/db",
        "mariadb+pymysql://host/db?ssl_key_password=SECRET&charset=utf8",
        "password=SECRET host=db",
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str) -> None:
    """Wherever it stands."""
    assert "SECRET" not in without_secrets(f"x {text}\ny")
