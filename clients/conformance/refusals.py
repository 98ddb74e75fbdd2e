"""Every refusal of the catalogue (docs/errors.md), as a server sends it, and as a client must tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from clients.conformance.http2 import Call

DOMAIN: Final = "lotkeeper"
RETRIED_WITH_REQUEST_ID: Final = frozenset({"OVERLOADED", "SHUTTING_DOWN", "CONTENTION", "STORE_UNAVAILABLE"})
"""Those after which a call that carries a request id is made again."""
RETRIED_WITHOUT: Final = RETRIED_WITH_REQUEST_ID - {"STORE_UNAVAILABLE"}
"""The same of a call without one: those that say that nothing was done."""


@dataclass(frozen=True)
class Refusal:
    """A refusal.

    Attributes:
        code: of gRPC.
        reason: of its ErrorInfo; empty for none.
        metadata: of its ErrorInfo.
        fields: path and description of each violation.
        message: for people.
        retry_after_seconds: of its RetryInfo; None for none.
        others: more details, in front of those.
    """

    code: grpc.StatusCode
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[tuple[str, str], ...] = ()
    message: str = "It was refused."
    retry_after_seconds: float | None = None
    others: tuple[any_pb2.Any, ...] = ()

    def status(self) -> status_pb2.Status:
        """The google.rpc.Status."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.extend(self.others)
        if self.reason:
            info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
            status.details.add().Pack(info)
        if self.fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=path, description=text) for path, text in self.fields
            ]
            status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
        if self.retry_after_seconds is not None:
            delay = duration_pb2.Duration()
            delay.FromMilliseconds(round(self.retry_after_seconds * 1000))
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        return status

    def send(self, call: Call) -> None:
        """Refuses a call."""
        call.refuse(self.code.value[0], self.message, self.status().SerializeToString())

    def told(self) -> dict[str, Any]:
        """What a program must tell of it."""
        return {
            "code": self.code.name,
            "reason": self.reason,
            "message": self.message,
            "metadata": dict(self.metadata),
            "fields": [{"field": path, "description": text} for path, text in self.fields],
            "retry_after_seconds": self.retry_after_seconds,
        }


_KEYS: Final = {
    "INVALID_ARGUMENT": {
        "INVALID_ARGUMENT": "",
        "LOT_REQUIRED": "field strategy",
        "MATERIAL_REQUIRED": "",
        "UNIT_REQUIRED": "",
        "MATERIAL_CONFLICT": "configured given",
        "LOT_MATERIAL_MISMATCH": "lot material",
        "REQUEST_ID_REUSED": "request_id",
    },
    "NOT_FOUND": {
        "LOT_NOT_FOUND": "name",
        "INVENTORY_LOT_RECORD_NOT_FOUND": "id archived",
        "INVENTORY_NOT_FOUND": "name",
        "INVENTORY_OPERATION_NOT_FOUND": "id",
        "OPERATION_NOT_FOUND": "name",
        "LOCATION_NOT_FOUND": "path",
        "MATERIAL_NOT_FOUND": "path",
        "MATERIAL_CLASS_NOT_FOUND": "path",
        "MATERIAL_REASON_CODE_NOT_FOUND": "code",
        "PRODUCTION_ORDER_NOT_FOUND": "name",
        "UNIT_OF_MEASURE_NOT_FOUND": "symbol",
        "UNIT_OF_MEASURE_CONVERSION_NOT_FOUND": "id",
        "ROLE_NOT_FOUND": "name",
        "TOKEN_NOT_FOUND": "id",
        "GRANT_NOT_FOUND": "name",
    },
    "FAILED_PRECONDITION": {
        "OPERATION_DISABLED": "inventory_operation_id",
        "OPERATION_ALREADY_RUNNING": "inventory_operation_id status",
        "OPERATION_NOT_RUNNING": "inventory_operation_id status",
        "START_NOT_SUPPORTED": "operation_type",
        "LOCATION_REQUIRED": "role operation_type",
        "DISABLED": "entity id",
        "LOT_STATUS_FORBIDS": "lot lot_status operation_type",
        "INSUFFICIENT_INVENTORY": "lot location available requested unit at",
        "COUNT_SUPERSEDED": "inventory_lot_record_id at",
        "LOT_EXPIRED": "lot expiration_date",
        "LOT_DIFFERS": "lot field stored given",
        "LOCATION_CAPACITY_EXCEEDED": "location capacity stored requested unit",
        "LOCATION_HOLDS_ANOTHER_LOT": "location lot",
        "MERGE_NOT_POSSIBLE": "location lot other_lot cause",
        "UNIT_NOT_CONVERTIBLE": "from to material",
        "COMMENTS_REQUIRED": "reason_code",
        "TOO_MANY_RECORDS": "count limit",
        "NOT_WHOLE": "lot location quantity",
        "TRACE_TRUNCATED": "lot depth",
        "LOCATION_NOT_EMPTY": "location lots",
        "IMMUTABLE_FIELD": "entity field",
        "HIERARCHY_CYCLE": "entity id",
        "ALREADY_REVERSED": "inventory_lot_record_id",
        "NOT_REVERSIBLE": "inventory_lot_record_id cause",
        "ADMIN_STAYS": "",
        "REFERENCED": "entity count",
    },
    "ALREADY_EXISTS": {"NAME_TAKEN": "entity name"},
    "ABORTED": {"VERSION_CONFLICT": "expected actual", "CONTENTION": ""},
    "OUT_OF_RANGE": {
        "QUANTITY_OVERFLOW": "",
        "AS_OF_ARCHIVED": "oldest",
        "RESUME_TOKEN_EXPIRED": "oldest",
    },
    "PERMISSION_DENIED": {"PERMISSION_DENIED": "permission scope limit"},
    "UNAUTHENTICATED": {"UNAUTHENTICATED": "cause"},
    "RESOURCE_EXHAUSTED": {"OVERLOADED": "", "NO_TEMPORARY_SPACE": "limit"},
    "UNAVAILABLE": {"SHUTTING_DOWN": "", "STORE_UNAVAILABLE": ""},
    "DEADLINE_EXCEEDED": {"DEADLINE_EXCEEDED": ""},
    "CANCELLED": {"CANCELLED": ""},
    "INTERNAL": {"INTERNAL": "error_id"},
}
_RETRY_SECONDS: Final = {"OVERLOADED": 0.25}


def _catalogue() -> dict[str, Refusal]:
    refusals = {}
    for code, reasons in _KEYS.items():
        for reason, keys in reasons.items():
            fields = (("quantity", "must be above zero"), ("request_id", "has 129 characters"))
            refusals[reason] = Refusal(
                grpc.StatusCode[code],
                reason,
                {key: f"the {key}: Käse/№ 7" for key in keys.split()},
                fields if code == "INVALID_ARGUMENT" else (),
                f"{reason} is what happened: 100 % of „Käse“; nothing was done.",
                _RETRY_SECONDS.get(reason),
            )
    return refusals


CATALOGUE: Final = _catalogue()
"""Each of them by its reason, with all the metadata that it may have."""
