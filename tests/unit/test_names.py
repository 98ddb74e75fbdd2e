"""Names have one form: what looks the same is the same, what cannot be seen is in none, and digits are a name."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form, path_fault, path_form, unnameable
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.rpc.wire.shape import Shape

from tests.model.requests import one_form

DIGITS = "01040123456789011012345678"
ULID = "01JPAND53P-BZ61RZHZ-V7C6EEHG"
SPACES = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Zs"]
MARKS = [chr(code) for code in range(0x300, 0x345)]


@given(
    st.text() | st.text(st.sampled_from([*SPACES, *MARKS, "a", "\u00b5", "\u0f73", "\u0958", "\u212a"]), max_size=300)
)
@example("\u00b5\u0301" * 100)
def test_the_one_form_is_one_and_final(text: str) -> None:
    """The form of a form is itself; it is what the rules say, also of texts that are long or full of marks."""
    form = name_form(text)
    assert name_form(form) == form
    assert form == one_form(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_in_its_form(text: str) -> None:
    assert name_form(text) is text


@pytest.mark.parametrize("space", SPACES)
def test_each_space_is_one_space(space: str) -> None:
    """And at an end it is white space at an end."""
    assert name_form(f"a{space}1") == "a 1"
    assert (
        name_fault(name_form(f"{space}a"))
        == name_fault(name_form(f"a{space}"))
        == Fault.malformed("has white space at an end")
    )


def test_letters_with_marks_and_micro_signs_have_one_spelling() -> None:
    assert name_form("Ka\u0308se-1") == "K\u00e4se-1"
    assert name_form("\u00b5g") == "\u03bcg"
    assert name_form("\u212b") == "\u00c5"


@pytest.mark.parametrize(
    ("character", "what"),
    [
        ("\u200b", "has an invisible character, U+200B"),
        ("\u00ad", "has an invisible character, U+00AD"),
        ("\u202e", "has an invisible character, U+202E"),
        ("\ufeff", "has an invisible character, U+FEFF"),
        ("\x7f", "has a control character, U+007F"),
        ("\t", "has a control character, U+0009"),
        ("\u2028", "has a line separator, U+2028"),
        ("\u2029", "has a paragraph separator, U+2029"),
        ("\u0378", "has an unassigned character, U+0378"),
        ("\U0010ffff", "has an unassigned character, U+10FFFF"),
        ("\ud800", "has half a character, a surrogate, U+D800"),
    ],
)
def test_what_cannot_be_seen_is_in_no_name(character: str, what: str) -> None:
    """Nor in a path, nor in the beginning of a name."""
    form = name_form(f"a{character}b")
    assert name_fault(form) == path_fault(form) == unnameable(form) == Fault.malformed(what)


def test_private_use_is_a_plants_own_affair() -> None:
    assert name_fault(name_form("\ue000\U000f0000")) is None


def test_length_is_that_of_the_form() -> None:
    """A name of 255 letters may be written with as many marks; one of 256 may not."""
    assert name_fault(name_form("a\u0308" * 255)) is None
    assert name_fault(name_form("a\u0308" * 256)) == Fault.too_long("is longer than 255 code points")
    assert name_fault(name_form("\u1f82" * 256)) == Fault.too_long("is longer than 255 code points")
    assert name_fault(name_form("\u0958" * 128)) == Fault.too_long("is longer than 255 code points")
    assert path_fault(path_form("/" + "a\u0308" * 750)) is None


def test_a_name_of_marks_takes_no_longer_than_another() -> None:
    """Sorting them by pairs would take the square of their number."""
    began = time.thread_time()
    for _ in range(100):
        name_form("\u0f73" * 1_020)
    assert time.thread_time() - began < 0.2


def test_digits_are_a_name() -> None:
    """With hyphens, too; a letter anywhere makes an id of them."""
    hyphenated = f"{DIGITS[:10]}-{DIGITS[10:18]}-{DIGITS[18:]}"
    assert parse_id(DIGITS) is parse_id(hyphenated) is parse_id("0" * 26) is None
    assert parse_id(DIGITS[:-1] + "a") is not None
    shape = Shape()
    assert shape.id_or_name("lot", DIGITS) == DIGITS
    assert shape.id_or_name("lot", hyphenated) == hyphenated
    assert shape.id_or_path("location", f"/{DIGITS}") == DIGITS
    shape.check()
    shape.required_id("id", DIGITS)
    assert shape.has_faults


def test_a_name_is_brought_to_its_form_before_it_may_be_an_id() -> None:
    """So nothing can be saved under what another spelling would find as an id."""
    assert Shape().id_or_name("lot", ULID.replace("P", "\u212a")) == parse_id(ULID.replace("P", "K"))


def test_ids_have_a_letter() -> None:
    """Of now by their time; where that has none, digits alone are passed over."""
    source = IdSource()
    assert format_id(source())[2].isalpha()
    last = int("7" + "1" * 23 + "19", 32)
    source._last = last
    following = [format_id(source()) for _ in range(3)]
    assert [one[-2:] for one in following] == ["1A", "1B", "1C"]
    source._last = int("7" + "9" * 25, 32)
    assert format_id(source())[-1] == "A"
