"""Quantities as the client's arguments, and as they are sent."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import pytest
from google.type import decimal_pb2
from lotkeeper import Quantity, actions, decimal_of
from lotkeeper_server.domain.model.quantity import exact_millionths_of_text


@pytest.mark.parametrize(
    ("given", "double", "exact"),
    [
        (0.1, 0.1, None),
        (5, 5.0, None),
        (2**53 - 1, 2.0**53 - 1, None),
        (2**53 + 1, None, "9007199254740993"),
        (Decimal("1E+3"), None, "1000"),
        (Decimal("0.10"), None, "0.10"),
        (Decimal("1E-300"), None, "1E-300"),
        (Decimal("NaN"), None, "NaN"),
        ("1.5e3", None, "1.5e3"),
        ("nonsense", None, "nonsense"),
    ],
)
def test_a_quantity_is_sent_as_a_double_or_exactly(given: Quantity, double: float | None, exact: str | None) -> None:
    """Whole numbers go as doubles while these can say them; whether a text is a number is the server's to say."""
    action = actions.receive("L", given, destination="Silo")
    assert (action.quantity if action.HasField("quantity") else None) == double
    assert (action.exact_quantity.value if action.HasField("exact_quantity") else None) == exact


def test_a_decimal_is_sent_in_the_form_that_servers_read() -> None:
    """Whatever its exponent."""
    for number in ("1E+9", "1.5E-5", "-90000000001.099997", "0E-6"):
        sent = actions.edit_quantity("L", Decimal(number), source="Silo").exact_quantity.value
        assert exact_millionths_of_text(sent, may_be_negative=True) == Decimal(number).scaleb(6)


def test_an_exact_quantity_of_an_answer_is_a_decimal() -> None:
    """An old server sends none."""
    assert decimal_of(decimal_pb2.Decimal(value="-90000000001.099997")) == Decimal("-90000000001.099997")
    with pytest.raises(InvalidOperation):
        decimal_of(decimal_pb2.Decimal())
