"""The bytes of a document: hostile ones end in a word about what is wrong, good ones in a tree."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.quantity import QuantityOutOfRange, millionths_of_text
from lotkeeper_server.plant import document
from lotkeeper_server.plant.sections import Unfit, number
from lotkeeper_server.plant.tree import Plain, Tree, Unreadable
from lotkeeper_server.plant.writing import document_pieces

YAML, JSON = ExportFormat.YAML, ExportFormat.JSON
BOMB = b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 10)) for letter in b"bcdefgh"
)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(children, max_size=3), st.dictionaries(st.text(), children, max_size=3))


def read_tree(data: bytes, document_format: ExportFormat, bytes_max: int = limits.PLANT_UNFOLDED_BYTES_MAX) -> Tree:
    """The tree in the bytes, for a caller who stays."""
    return document.read_tree(data, document_format, Breath(), bytes_max)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a: 1\na: 2", "line 2, column 1: a is given twice"),
        (b"[" * 9 + b"]" * 9, "line 1, column 9: is nested more than 8 deep"),
        (b"[" * 100_000, "nest"),
        (BOMB, "line 6, column 8: aliases unfold to more than 32 MB"),
        (b"- a: &a '" + b"x" * 50_000 + b"'\n" + b"- *a\n" * 13_000, "aliases unfold to more than 32 MB"),
        (b"\n" * 1_000_000, "has more than 262144 bytes without a value"),
        (b"a: 1\n" + b"#\n" * 1_000_000, "has more than 262144 bytes without a value"),
        (b"".join(b"%%TAG !%d! x\n" % number for number in range(100_000)), "has more than 262144 bytes without"),
        (b"a: " + b"x" * 1_000_000, "has more than 262144 bytes without a value"),
        (b"a: '" + b"x" * 70_000 + b"'", "a text is longer than 65536 characters"),
        (b"{" + b"".join(b"a%d: 1," % number for number in range(200)) + b"}", "more than 100 fields"),
        (b"a: b\xe2\x82", "is not UTF-8 from byte 4 on"),
        (b"\xff\xfea\0:\0", "is not UTF-8 from byte 0 on"),
        (b"{<<: {a: 1}, <<: {b: 1}}", "<< is given twice"),
        (b"a: &x [*x]", "line 1, column 8: the anchor x is not known here"),
        (b"a: *x", "line 1, column 4: the anchor x is not known here"),
        (b"a: !!python/object/apply:os.system [ls]", "line 1, column 4: the tag tag:yaml.org,2002:python/object/"),
        (b"a: !!int '1'", "line 1, column 4: the tag"),
        (b"a: 1\n---\nb: 2", "line 2, column 1: a second document begins"),
        (b"? [a]\n: 1", "a list or mapping cannot be a field's name"),
        (b"a: \xff", "is not UTF-8 from byte 3 on"),
        (b"a: \x00", "control characters are not allowed"),
        (b"a: 'b", "line 1, column 6: found unexpected end of stream"),
        (b"a:\n\t- b", "found character that cannot start any token"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(data: bytes, why: str) -> None:
    """Duplicate keys, depth, bombs of aliases, tags, encodings, syntax."""
    with pytest.raises(Unreadable) as refused:
        read_tree(data, YAML)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "line 1, column 18: a is given twice"),
        (b"[" * 100_000, "is nested more than 8 deep"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1', "line 1, column 8: Expecting"),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}', "line 1, column 7: a text is longer than 65536 bytes"),
        (b"{" + b",".join(b'"a%d": 1' % number for number in range(200)) + b"}", "more than 100 fields"),
        (b'{"a" 1}', "line 1, column 6: Expecting ':' delimiter"),
        (b'{"a": 1]', "Expecting ',' delimiter"),
        (b"[1}", "Expecting ',' delimiter"),
        (b"[1,]", "Expecting value"),
        (b'{"a": 1,}', "Expecting property name enclosed in double quotes"),
        (b"{1: 1}", "Expecting property name enclosed in double quotes"),
        (b"[1] 2", "line 1, column 5: Extra data"),
        (b"", "Expecting value"),
        (b"[01]", "Expecting value"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'["\\x"]', "Invalid \\escape"),
        (b'["a', "a text has no end"),
        (b'["\n"]', "a text has no end, a control character"),
        (b'["\xe2\x82"]', "is not UTF-8 from byte 2 on"),
        (b"\xe2", "Expecting value"),
    ],
)
def test_json_has_the_same_limits(data: bytes, why: str) -> None:
    """And is refused as readably."""
    with pytest.raises(Unreadable) as refused:
        read_tree(data, JSON)
    assert why in str(refused.value)


def test_a_document_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MB."""
    monkeypatch.setattr(limits, "PLANT_BYTES_MAX", 10)
    with pytest.raises(Unreadable):
        read_tree(b"a: 1234567890", YAML)


def test_a_tree_is_weighed_while_it_grows() -> None:
    """Many short entries, within the number of values, are refused where they pass the limit, at the line."""
    entries = b"- {n: 1}\n" * 10_000
    with pytest.raises(Unreadable) as refused:
        read_tree(entries, YAML, 10_000_000)
    assert "column 1: unfolds to more than 10 MB" in str(refused.value).replace("column 3", "column 1")
    with pytest.raises(Unreadable):
        read_tree(json.dumps([{"n": 1}] * 10_000).encode(), JSON, 10_000_000)


@pytest.mark.parametrize("document_format", [YAML, JSON])
def test_reading_stops_once_the_caller_has_left(document_format: ExportFormat) -> None:
    """Also within white space, where there is no value yet."""
    left = threading.Event()
    left.set()
    for data in (b"[" + b"1," * 1_000 + b"1]", b" " * 1_000_000):
        with pytest.raises(Stopped):
            document.read_tree(data, document_format, Breath(left))


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.text(), st.integers()), _nested, max_leaves=20))
def test_json_is_read_as_others_read_it(value: Any) -> None:
    """With escapes and without, indented and not; numbers stay as they are written."""
    plain = json.loads(json.dumps(value), parse_int=str)
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert read_tree(text.encode(errors="surrogatepass"), JSON) == plain


@pytest.mark.parametrize("text", ["1" * 65_000 + "x", "1_" * 32_000 + "x", "." + "1" * 65_000, "1e" + "9" * 401])
def test_a_text_of_digits_is_no_number_and_takes_no_time(text: str) -> None:
    """It was tried in every way, some two thousand million."""
    begun = time.perf_counter()
    with pytest.raises(Unfit):
        number(Plain(text))
    assert time.perf_counter() - begun < 0.1


@pytest.mark.parametrize("text", ["0e99999999999999999999", "1e-99999999999999999999", "9.2e12", "-1"])
def test_a_number_that_is_no_quantity_is_out_of_range(text: str) -> None:
    """Also one whose exponent nothing can hold."""
    with pytest.raises(QuantityOutOfRange):
        millionths_of_text(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tree_or_unreadable(data: bytes) -> None:
    """Never anything else."""
    for document_format in (YAML, JSON):
        with suppress(Unreadable):
            read_tree(data, document_format)


def test_a_document_has_so_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """In either format; those behind an alias count, too."""
    monkeypatch.setattr(limits, "PLANT_NODES_MAX", 1_000)
    for data in (b"[" + b"1," * 1_000 + b"1]", b"[&a [" + b"1," * 600 + b"1], *a]"):
        with pytest.raises(Unreadable) as refused:
            read_tree(data, YAML)
        assert "more than 1000 values" in str(refused.value)
    with pytest.raises(Unreadable) as refused:
        read_tree(b"[" + b"1," * 1_000 + b"1]", JSON)
    assert str(refused.value) == "line 1, column 2000: more than 1000 values"


def test_what_an_unquoted_word_means_is_left_to_its_field() -> None:
    """Zeros stay, `no` is no truth value; only what is nothing is nothing. An alias stands for what it names."""
    tree = read_tree(b"{a: 007, b: no, c: ~, d: '~', e: &x [1e3, null], f: *x, g: 2026-01-01, h: }", YAML)
    assert tree == {
        "a": "007",
        "b": "no",
        "c": None,
        "d": "~",
        "e": ["1e3", None],
        "f": ["1e3", None],
        "g": "2026-01-01",
        "h": None,
    }
    assert isinstance(tree, dict)
    assert isinstance(tree["a"], Plain)
    assert not isinstance(tree["d"], Plain)
    assert read_tree(b'\xef\xbb\xbf{"a": 007}'.replace(b"007", b"7.50"), JSON) == {"a": "7.50"}


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_text_is_written_so_that_it_is_read_again(texts: list[str]) -> None:
    """By us and by others, in either format; never as a number, a truth value or nothing."""
    entries = [[(f"f{number}", text) for number, text in enumerate(texts)]] if texts else []
    for document_format, loads in ((YAML, yaml.safe_load), (JSON, json.loads)):
        document = "".join(document_pieces([("things", entries)], document_format))
        expected = {"things": [dict(entry) for entry in entries]} if entries else {}
        assert loads(document) == expected
        tree = read_tree(document.encode(), document_format)
        assert tree == expected
