"""Exact quantities and conversions."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lotkeeper_server.domain.model.conversion import converted, exact_factor
from lotkeeper_server.domain.model.identifiers import UnitId
from lotkeeper_server.domain.model.quantity import (
    NotANumber,
    QuantityOutOfRange,
    TooManyDecimals,
    decimal_text,
    double_of,
    exact_millionths_of_text,
    factor_of,
    millionths_of,
    number_of_text,
)


@pytest.mark.parametrize(
    ("double", "expected"),
    [
        (0.1, 100_000),
        (100.0, 100_000_000),
        (0.0000005, 0),
        (0.0000015, 2),
        (0.0000025, 2),
        (1e-300, 0),
        (9.199999999999e12, 9_199_999_999_999_000_000),
        (123456789.123456, 123_456_789_123_456),
    ],
)
def test_a_double_is_read_through_its_shortest_text_and_rounded_half_even(double: float, expected: int) -> None:
    """0.1 is exactly 0.1."""
    assert millionths_of(double) == expected


@pytest.mark.parametrize("double", [float("nan"), float("inf"), -float("inf"), -0.1, 9.2e12, 1e300])
def test_what_is_no_quantity_is_refused(double: float) -> None:
    """Not a number, infinite, negative, too large."""
    with pytest.raises(QuantityOutOfRange):
        millionths_of(double)


def test_ten_times_a_tenth_is_one() -> None:
    """Which doubles do not say."""
    assert sum(millionths_of(0.1) for _ in range(10)) == millionths_of(1.0)


@given(st.integers(0, 2**33 * 1_000_000))
def test_what_was_answered_can_be_asked_again(millionths: int) -> None:
    """Up to 2**33 units (8.5e9) a double says all six decimals."""
    assert millionths_of(double_of(millionths)) == millionths


@pytest.mark.parametrize(
    ("millionths", "text"), [(2_000_001, "2.000001"), (-3_500_000, "-3.5"), (100_000_000, "100"), (0, "0")]
)
def test_refusals_show_plain_decimals(millionths: int, text: str) -> None:
    """Without trailing zeros."""
    assert decimal_text(millionths) == text


KG, G, T, L = (UnitId(bytes([number] * 16)) for number in range(1, 5))


def test_a_materials_own_factor_goes_first_then_the_global_one_then_inverses_then_two_legs() -> None:
    """Each leg by the same rules."""
    everywhere = {(KG, G): Decimal(1000), (T, KG): Decimal(1000)}
    assert exact_factor(KG, G, {(KG, G): Decimal(999)}, everywhere) == 999
    assert exact_factor(KG, G, {(G, KG): Decimal(5)}, everywhere) == 1000
    assert exact_factor(G, KG, {}, everywhere) == Fraction(1, 1000)
    assert exact_factor(T, G, {}, everywhere) == 1_000_000
    assert exact_factor(L, G, {(L, KG): Decimal("1.03")}, everywhere) == 1030
    assert exact_factor(L, G, {}, everywhere) is None
    assert exact_factor(L, T, {(L, G): Decimal(1)}, {(KG, G): Decimal(1000), (T, KG): Decimal(1000)}) is None


def test_of_several_units_between_the_smallest_id_counts() -> None:
    """So that the answer does not depend on chance."""
    everywhere = {(KG, G): Decimal(2), (G, L): Decimal(3), (KG, T): Decimal(5), (T, L): Decimal(7)}
    assert exact_factor(KG, L, {}, everywhere) == 6


def test_a_conversion_is_computed_exactly_and_rounded_once() -> None:
    """A third, three times."""
    assert converted(1_000_000, Fraction(1, 3)) == 333_333
    assert converted(5, Fraction(1, 10)) == 0
    assert converted(15, Fraction(1, 10)) == 2


def test_factors_keep_their_digits_and_have_limits() -> None:
    """1e-9 to 1e9."""
    assert factor_of(1.0323456789) == Decimal("1.0323456789")
    for factor in (0.0, 9.9e-10, 1.1e9, float("nan")):
        with pytest.raises(QuantityOutOfRange):
            factor_of(factor)


@pytest.mark.parametrize(
    ("text", "millionths"),
    [
        ("0", 0),
        ("0.1", 100_000),
        ("007", 7_000_000),
        ("1.5e3", 1_500_000_000),
        ("1.5E+3", 1_500_000_000),
        ("1000e-9", 1),
        ("0.0000010000000000", 1),
        ("90000000001.099997", 90_000_000_001_099_997),
        ("9199999999999.999999", 9_199_999_999_999_999_999),
        ("0e12", 0),
        ("1." + "0" * 10_000, 1_000_000),
        ("0" * 10_000 + "1", 1_000_000),
        ("1e" + "0" * 10_000 + "3", 1_000_000_000),
    ],
)
def test_a_number_is_read_exactly_however_it_is_written(text: str, millionths: int) -> None:
    assert exact_millionths_of_text(text) == millionths
    assert number_of_text(text) == Decimal(millionths).scaleb(-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        ".5",
        "5.",
        "1..5",
        "1.2.3",
        "1_000",
        "1,5",
        "+1",
        "--1",
        "1e",
        "1e1.5",
        "e5",
        "0x10",
        "NaN",
        "inf",
        "\u0661",
        "1e13",
        "1e-10",
        "1e" + "9" * 5_000,
        "-1",
        "-0",
    ],
)
def test_what_is_written_otherwise_is_no_number(text: str) -> None:
    with pytest.raises(NotANumber):
        exact_millionths_of_text(text)
    with pytest.raises(NotANumber):
        number_of_text(text)


def test_a_minus_is_read_where_a_negative_number_can_be() -> None:
    assert exact_millionths_of_text("-90000000001.099997", may_be_negative=True) == -90_000_000_001_099_997
    assert exact_millionths_of_text("-0", may_be_negative=True) == 0
    assert number_of_text("-1.5", may_be_negative=True) == Decimal("-1.5")


@pytest.mark.parametrize("text", ["0.0000001", "1.0000005", "1e-7", "0.00001e-2", "0." + "0" * 9_999 + "1"])
def test_more_than_six_decimals_are_refused_and_never_rounded(text: str) -> None:
    with pytest.raises(TooManyDecimals):
        exact_millionths_of_text(text)


@pytest.mark.parametrize("text", ["9200000000000", "9.2e12", "9" * 5_000, "10e12", "9200000000000.0"])
def test_a_number_beyond_the_largest_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityOutOfRange):
        exact_millionths_of_text(text)


@given(st.integers(min_value=-(9_200_000_000_000_000_000 - 1), max_value=9_200_000_000_000_000_000 - 1))
def test_every_stock_can_be_said_and_read_exactly(millionths: int) -> None:
    assert exact_millionths_of_text(decimal_text(millionths), may_be_negative=True) == millionths
