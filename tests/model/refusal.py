"""A call that was refused."""

from __future__ import annotations

from collections.abc import Iterable

CODES = {
    "INVALID_ARGUMENT": "INVALID_ARGUMENT",
    "LOT_REQUIRED": "INVALID_ARGUMENT",
    "MATERIAL_REQUIRED": "INVALID_ARGUMENT",
    "UNIT_REQUIRED": "INVALID_ARGUMENT",
    "MATERIAL_CONFLICT": "INVALID_ARGUMENT",
    "LOT_MATERIAL_MISMATCH": "INVALID_ARGUMENT",
    "REQUEST_ID_REUSED": "INVALID_ARGUMENT",
    "LOT_NOT_FOUND": "NOT_FOUND",
    "MATERIAL_NOT_FOUND": "NOT_FOUND",
    "INVENTORY_OPERATION_NOT_FOUND": "NOT_FOUND",
    "LOCATION_NOT_FOUND": "NOT_FOUND",
    "UNIT_OF_MEASURE_NOT_FOUND": "NOT_FOUND",
    "PRODUCTION_ORDER_NOT_FOUND": "NOT_FOUND",
    "OPERATION_NOT_FOUND": "NOT_FOUND",
    "MATERIAL_REASON_CODE_NOT_FOUND": "NOT_FOUND",
    "INVENTORY_LOT_RECORD_NOT_FOUND": "NOT_FOUND",
    "INVENTORY_NOT_FOUND": "NOT_FOUND",
    "NAME_TAKEN": "ALREADY_EXISTS",
    "QUANTITY_OVERFLOW": "OUT_OF_RANGE",
}


ANYTHING: frozenset[str] = frozenset()
"""A metadata value that the rules leave open; the key may be absent, too."""


class Refusal(Exception):
    """A reason, its metadata, and the fields at fault.

    Attributes:
        reason: as in the table of refusals.
        metadata: keys with the expected value, or a set of the values that will do.
        fields: the paths of the violations; None where the rules leave them open.
    """

    def __init__(self, reason: str, fields: Iterable[str] | None = None, **metadata: str | frozenset[str]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.metadata: dict[str, str | frozenset[str]] = dict(metadata)
        self.fields = None if fields is None else set(fields)

    @property
    def code(self) -> str:
        """The gRPC status; what is not listed is a precondition that failed."""
        return CODES.get(self.reason, "FAILED_PRECONDITION")

    def of_item(self, index: int, *, items: str = "requests", whole_batch: bool) -> Refusal:
        """The same refusal of one request of a batch, or of one action."""
        fields = None if self.fields is None else {f"{items}[{index}].{name}" for name in self.fields}
        has_index = whole_batch and self.reason != "TOO_MANY_RECORDS"
        index_of_it: dict[str, str | frozenset[str]] = {"index": str(index)} if has_index else {}
        return Refusal(self.reason, fields, **(self.metadata | index_of_it))

    def __str__(self) -> str:
        return f"{self.reason} {self.metadata} {sorted(self.fields or [])}"
