"""The bytes of a document: hostile ones end in a word about what is wrong, good ones in a tree."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lotkeeper_server.catalog.breathing import Breath, Stopped
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import ExportFormat
from lotkeeper_server.domain.model.quantity import QuantityOutOfRange, millionths_of_text
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.plant import document
from lotkeeper_server.plant.reading import read_plant
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
    begun = time.thread_time()
    with pytest.raises(Unfit):
        number(Plain(text))
    assert time.thread_time() - begun < 0.1


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


@pytest.mark.parametrize(
    "text",
    [
        *(
            "1_",
            "1__000",
            "12_.5",
            "1_e3",
            "1_000",
            "+1",
            ".5",
            "5.",
            "1.2.3",
            "0x10",
            "0o17",
            "0b1",
            "1:30",
            "1e",
            "e3",
        ),
        *(
            "1e-99999999999999999999",
            "1e99999999999999999999",
            "1e400",
            "1e13",
            "1e-10",
            ".inf",
            "-.inf",
            ".nan",
            "nan",
        ),
        *("inf", "true", "\u0661", "\uff11", "1 000", "1,5", "'1'", "[1]", "{a: 1}", "1" * 401, "-1e"),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        "inventory[0].quantity",
        "opening_stock[0].quantity",
        "unit_of_measure_conversions[0].factor",
        "locations[0].storage_capacity",
        "locations[0].sort_order",
        "materials[0].shelf_life_days",
        "production_orders[0].quantity",
        "inventory_operations[0].quantity_overflow_value",
    ],
)
def test_what_is_not_a_number_is_refused_at_its_place(place: str, text: str) -> None:
    """YAML's other notations are texts; nothing of the kind is an error of the server."""
    section, _, field = place.partition("[0].")
    others = {
        "inventory": "location: A\n  material: M\n  lot: L",
        "opening_stock": "location: A\n  material: M\n  lot: L",
        "unit_of_measure_conversions": "from_unit: a\n  to_unit: b",
    }.get(section, "name: A")
    with pytest.raises(Refused) as refused:
        read_plant(f"{section}:\n- {others}\n  {field}: {text}\n".encode(), YAML)
    assert refused.value.refusal.reason == "INVALID_ARGUMENT"
    assert [violation.field for violation in refused.value.refusal.violations] == [place]


@pytest.mark.parametrize(
    ("text", "millionths"),
    [
        ("1", 10**6),
        ("007", 7 * 10**6),
        ("1.50", 1_500_000),
        ("1e3", 10**9),
        ("1E+3", 10**9),
        ("25e-1", 2_500_000),
        ("0", 0),
    ],
)
def test_a_number_is_read_with_all_its_digits(text: str, millionths: int) -> None:
    """In YAML, and in JSON where that can write it."""
    entry = "{{location: A, material: M, lot: L, quantity: {}}}"
    assert read_plant(f"opening_stock: [{entry.format(text)}]".encode(), YAML).stock[0].millionths == millionths
    if text != "007":
        written = f'{{"inventory": [{{"location": "A", "material": "M", "lot": "L", "quantity": {text}}}]}}'
        assert read_plant(written.encode(), JSON).stock[0].millionths == millionths


@pytest.mark.parametrize(("text", "value"), [("-7", -7), ("1e2", 100), ("3.0", 3)])
def test_a_whole_number_is_a_number_without_a_fraction(text: str, value: int) -> None:
    """However it is written."""
    plant = read_plant(f"locations: [{{name: A, sort_order: {text}}}]".encode(), YAML)
    assert plant.entries["location"][0].message.sort_order == value


def test_a_day_is_its_last_millisecond_in_the_plants_zone() -> None:
    """A time is itself; a day that there is not, or in another form, is refused at its place."""
    text = "lots: [{{name: L, material: M, expiration_date: {0}}}]\n"
    text += "opening_stock: [{{location: A, material: M, lot: L, quantity: 1, expiration_date: {0}}}]"

    def read(written: str, zone: str = "UTC") -> tuple[str, int | None]:
        plant = read_plant(text.format(written).encode(), YAML, zone=ZoneInfo(zone))
        return plant.entries["lot"][0].message.expiration_date.ToJsonString(), plant.stock[0].expiration_millis

    assert read("2039-12-31") == ("2039-12-31T23:59:59.999Z", 2_208_988_799_999)
    assert read("2039-12-31", "America/New_York") == ("2040-01-01T04:59:59.999Z", 2_208_988_799_999 + 5 * 3_600_000)
    assert read("2026-03-29", "Europe/Vienna")[0] == "2026-03-29T21:59:59.999Z"
    assert read("2039-12-31T08:00:00+02:00", "Asia/Tokyo")[0] == "2039-12-31T06:00:00Z"
    for wrong in ("2039-02-30", "31.12.2039", "20391231", "2039-12-31T08:00:00", "1969-12-30", "0000-01-01"):
        with pytest.raises(Refused) as refused:
            read(wrong)
        assert {violation.field for violation in refused.value.refusal.violations} == {
            "lots[0].expiration_date",
            "opening_stock[0].expiration_date",
        }
