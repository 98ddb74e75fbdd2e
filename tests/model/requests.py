"""What callers ask, and step 2: the shape of it."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, TypeVar

from tests.model.plant import ById, Reference
from tests.model.quantities import TOO_LARGE, exact, exact_text, rounded
from tests.model.refusal import Refusal

Asked = TypeVar("Asked", bound=Any)
FIRST_MILLIS, LAST_MILLIS = 0, 253_402_300_799_999
"""The years 1970 to 9999."""


@dataclass(frozen=True)
class Execute:
    """ExecuteInventoryOperation; what is empty or None is absent."""

    inventory_operation_id: Reference
    primary_lot_id_or_name: Reference = ""
    quantity: float | None = None
    secondary_lot_id_or_name: Reference = ""
    material_id_or_path: Reference = ""
    inventory_name: str = ""
    start_date_millis: int | None = None
    end_date_millis: int | None = None
    request_id: str = ""
    validate_only: bool = False
    lot_expiration_date_millis: int | None = None
    supplier_lot_name: str = ""
    exact_quantity: str | None = None


@dataclass(frozen=True)
class Start:
    """StartInventoryOperation."""

    inventory_operation_id: Reference
    primary_lot_id_or_name: Reference = ""
    secondary_lot_id_or_name: Reference = ""
    material_id_or_path: Reference = ""
    inventory_name: str = ""
    start_date_millis: int | None = None
    request_id: str = ""
    validate_only: bool = False
    lot_expiration_date_millis: int | None = None
    supplier_lot_name: str = ""


@dataclass(frozen=True)
class Stop:
    """StopInventoryOperation."""

    inventory_operation_id: Reference
    quantity: float | None = None
    inventory_name: str = ""
    end_date_millis: int | None = None
    request_id: str = ""
    validate_only: bool = False
    exact_quantity: str | None = None


@dataclass(frozen=True)
class Cancel:
    """CancelInventoryOperation."""

    inventory_operation_id: Reference
    request_id: str = ""


@dataclass(frozen=True)
class Batch:
    """BatchExecuteInventoryOperations."""

    requests: tuple[Execute, ...]
    all_or_nothing: bool = False
    validate_only: bool = False


Single = Execute | Start | Stop | Cancel
Request = Single | Batch

IDS = {
    "inventory_operation_id",
    "inventory_lot_record_id",
    "operation_id",
    "material_reason_code_id",
    "unit_of_measure_id",
}
NO_NAMES = {"notes", "spare1", "spare2", "spare3", "request_id", "type", "lot_status", "exact_quantity"}
"""Texts that name nothing."""
REQUIRED = {"inventory_operation_id", "inventory_lot_record_id"}


def one_form(name: str) -> str:
    """A name as it is read: what looks the same is the same."""
    letters = (" " if unicodedata.category(letter) == "Zs" else letter for letter in name)
    return unicodedata.normalize("NFC", "".join(letters)).replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")


def as_read(request: Asked) -> Asked:
    """A request with all that names something in its one form."""
    changes: dict[str, Any] = {}
    for field in fields(request):
        value = getattr(request, field.name)
        if isinstance(value, tuple):
            changes[field.name] = tuple(map(as_read, value))
        elif isinstance(value, str) and field.name not in NO_NAMES:
            changes[field.name] = one_form(value)
    return replace(request, **changes)


def quantity_told(request: Any) -> Fraction | None:
    """The quantity that a request of a correct shape gives: exactly, else as a double, rounded."""
    if request.exact_quantity is not None:
        return exact_text(request.exact_quantity, negative=True)
    return None if request.quantity is None else rounded(exact(request.quantity))


def faults_of_shape(request: Any) -> set[str]:
    """The fields at fault, but for those that hold more than one value."""
    faults = {field.name for field in fields(request) if _is_malformed(field.name, getattr(request, field.name))}
    text = getattr(request, "exact_quantity", None)
    if text is not None:
        faults = _with_faults_of_exact(request, text, faults)
    start, end = getattr(request, "start_date_millis", None), getattr(request, "end_date_millis", None)
    in_range = not faults & {"start_date_millis", "end_date_millis"}
    if start is not None and end is not None and in_range and end < start:
        faults |= {"start_date_millis", "end_date_millis"}
    return faults


def check_shape(request: Any) -> None:
    """Refuses with all faults at once."""
    faults = faults_of_shape(request)
    if faults:
        raise Refusal("INVALID_ARGUMENT", faults)


def _with_faults_of_exact(request: Any, text: str, faults: set[str]) -> set[str]:
    """Only an EDIT may say less than nothing; the double beside it is another way to say the same."""
    value = exact_text(text, negative=getattr(request, "type", "") == "EDIT")
    if value is None or (request.quantity is not None and float(text) != request.quantity):
        return faults | {"exact_quantity"}
    return faults - {"quantity"}


def _is_malformed(name: str, value: object) -> bool:
    match value:
        case float():
            return not math.isfinite(value) or value < 0 or exact(value) >= TOO_LARGE
        case str() if name == "exact_quantity":
            return False
        case str() if name in IDS:
            return value != "" or name in REQUIRED
        case str() if name == "notes":
            return len(value) > 4_000 or any(map(_is_control, value.replace("\t", "").replace("\n", "")))
        case str() if name == "request_id":
            return len(value) > 128 or not all("!" <= letter <= "~" or letter == " " for letter in value)
        case str():
            longest = 750 if name.endswith("_path") else 255
            return len(value) > longest or value != value.strip() or any(map(_has_no_name, value))
        case bool() | None | ById() | tuple():
            return False
        case int():
            return not FIRST_MILLIS <= value <= LAST_MILLIS
    raise AssertionError(name)


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc"


def _has_no_name(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp", "Cn", "Cs"}


def meaning(request: Any) -> object:
    """What makes two requests the same: quantities in millionths, paths without a leading slash."""
    values = []
    for field in fields(request):
        value = getattr(request, field.name)
        if field.name == "quantity":
            value = quantity_told(request)
        if isinstance(value, str) and field.name.endswith("_path"):
            value = value.removeprefix("/")
        if isinstance(value, tuple):
            value = tuple(meaning(item) for item in value)
        if field.name not in {"request_id", "validate_only", "exact_quantity"}:
            values.append((field.name, value))
    return type(request).__name__, tuple(values)
