"""The bytes of a document: hostile ones end in a word about what is wrong, good ones in a tree."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.plant.document import Plain, Unreadable, read_tree
from lotkeeper_server.plant.writing import document_pieces

YAML, JSON = ExportFormat.YAML, ExportFormat.JSON
BOMB = b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 10)) for letter in b"bcdefgh"
)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a: 1\na: 2", "line 2, column 1: a is given twice"),
        (b"[" * 9 + b"]" * 9, "line 1, column 9: is nested more than 8 deep"),
        (b"[" * 100_000, "nest"),
        (BOMB, "line 7, column 8: more than 2000000 values"),
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
        (b'{"a": 1, "b": 2, "a": 3}', "a is given twice in one object"),
        (b"[" * 100_000, "is nested more than 8 deep"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1', "line 1, column 8: Expecting"),
        (b"[" + b"," * 2_000_001 + b"]", "has more than 2000000 values"),
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
