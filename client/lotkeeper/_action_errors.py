"""What is said of a single action names its arguments, not the fields of a request that holds many."""

from __future__ import annotations

import re
from typing import Final

from lotkeeper._errors import FieldViolation, LotkeeperError

_ARGUMENTS: Final = {
    "lot_id_or_name": "lot",
    "material_id_or_path": "material",
    "exact_quantity": "quantity",
    "unit_of_measure_symbol": "unit",
    "source_location_id_or_path": "source",
    "destination_location_id_or_path": "destination",
    "secondary_lot_id_or_name": "secondary_lot",
    "secondary_material_id_or_path": "secondary_material",
    "production_order_id_or_name": "production_order",
    "material_reason_code_id": "reason_code_id",
}
"""The argument of each field that has another name."""
_PLACE: Final = re.compile(r"\bactions\[0\]\.?(?=\w|$|[ :,])")
_FIELD: Final = re.compile(rf"\b(?:{'|'.join(_ARGUMENTS)})\b")


def argument_of(field: str) -> str:
    """The argument of the functions in `lotkeeper.actions` that fills a field of an action."""
    return _ARGUMENTS.get(field, field)


def of_single_action(error: LotkeeperError) -> LotkeeperError:
    """The refusal of a call with one action, in the words of whoever made that call."""
    return error.saying(
        _in_arguments(error.message),
        tuple(
            FieldViolation(_in_arguments(one.field), _in_arguments(one.description), one.reason)
            for one in error.field_violations
        ),
    )


def _in_arguments(text: str) -> str:
    return _FIELD.sub(lambda match: _ARGUMENTS[match[0]], _PLACE.sub("", text))
