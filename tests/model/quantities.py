"""Exact quantities, and what one unit is in another."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tests.model.plant import Plant
from tests.model.refusal import Refusal

SMALLEST = Fraction(1, 1_000_000)
TOO_LARGE = Fraction(9_200_000_000_000)


def exact(number: float) -> Fraction:
    """A double, through its shortest decimal text."""
    return Fraction(Decimal(repr(number)))


def exact_text(text: str, *, negative: bool) -> Fraction | None:
    """What a caller wrote exactly; None where that is no number, or would have to be rounded, or is too large."""
    body = text.removeprefix("-") if negative else text
    mantissa, has_power, power = body.lower().partition("e")
    whole, has_point, fraction = mantissa.partition(".")
    power_digits = power[1:] if power[:1] in {"+", "-"} else power
    parts = [whole, *([fraction] if has_point else []), *([power_digits] if has_power else [])]
    if not all(part and set(part) <= set("0123456789") for part in parts):
        return None
    tens = int(power or "0")
    if not -9 <= tens <= 12:
        return None
    value = Fraction(int(whole + fraction)) * Fraction(10) ** (tens - len(fraction))
    if (value / SMALLEST).denominator != 1 or value >= TOO_LARGE:
        return None
    return -value if body != text else value


def rounded(quantity: Fraction) -> Fraction:
    """To 6 decimals, half to even."""
    return Fraction(round(quantity / SMALLEST)) * SMALLEST


def in_range(quantity: Fraction) -> Fraction:
    """The quantity, if it can be stored."""
    if abs(quantity) >= TOO_LARGE:
        raise Refusal("QUANTITY_OVERFLOW")
    return quantity


def is_whole(quantity: Fraction) -> bool:
    """Whether nothing is broken."""
    return quantity.denominator == 1


def text(quantity: Fraction) -> str:
    """A plain decimal without trailing zeros."""
    decimal = Decimal(quantity.numerator) / Decimal(quantity.denominator)
    return f"{decimal.quantize(Decimal('0.000001')):f}".rstrip("0").rstrip(".")


def factor(plant: Plant, source: str, target: str, material: str | None) -> Fraction | None:
    """How many of `target` one `source` is; None where nothing says so."""
    if source == target:
        return Fraction(1)
    direct = _direct_factor(plant, source, target, material)
    if direct is not None:
        return direct
    for unit in plant.units.values():
        if unit.enabled:
            first = _direct_factor(plant, source, unit.key, material)
            second = _direct_factor(plant, unit.key, target, material)
            if first is not None and second is not None:
                return first * second
    return None


def _direct_factor(plant: Plant, source: str, target: str, material: str | None) -> Fraction | None:
    known = {(one.source, one.target, one.material): one.factor for one in plant.conversions if one.enabled}
    for owner in (material, None):
        if (source, target, owner) in known:
            return known[source, target, owner]
    for owner in (material, None):
        if (target, source, owner) in known:
            return 1 / known[target, source, owner]
    return None


def converted_exactly(plant: Plant, quantity: Fraction, source: str, target: str, material: str) -> Fraction:
    """The quantity in another unit, not rounded."""
    how_many = factor(plant, source, target, material)
    if how_many is None:
        raise Refusal(
            "UNIT_NOT_CONVERTIBLE",
            None,
            **{"from": plant.units[source].symbol, "to": plant.units[target].symbol},
            material=plant.materials[material].path,
        )
    return quantity * how_many


def converted(plant: Plant, quantity: Fraction, source: str, target: str, material: str) -> Fraction:
    """The quantity in another unit, rounded once."""
    return in_range(rounded(converted_exactly(plant, quantity, source, target, material)))
