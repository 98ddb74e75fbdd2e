"""Every refusal of the contract (errors.proto), as a server sends it, and as a client must tell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from lotkeeper.inventory.v1 import errors_pb2

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
        fields: path, description and reason of each violation.
        message: for people.
        retry_after_seconds: of its RetryInfo; None for none.
        others: more details, in front of those.
    """

    code: grpc.StatusCode
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: tuple[tuple[str, str, str], ...] = ()
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
                error_details_pb2.BadRequest.FieldViolation(field=path, description=text, reason=reason)
                for path, text, reason in self.fields
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
            "fields": [{"field": path, "description": text, "reason": reason} for path, text, reason in self.fields],
            "retry_after_seconds": self.retry_after_seconds,
        }


RETRY_SECONDS: Final = 0.25
"""The RetryInfo of those that have one."""
_PREFIX: Final = "ERROR_REASON_"
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def _catalogue() -> dict[str, Refusal]:
    """Of the contract: each reason with its code, and with all metadata that it may have."""
    refusals = {}
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values:
        info = value.GetOptions().Extensions[errors_pb2.reason_info]
        if not info.code:  # unspecified
            continue
        reason, code = value.name.removeprefix(_PREFIX), _CODES[info.code]
        fields = (("quantity", "must be above zero", "OUT_OF_RANGE"), ("request_id", "has 129 characters", ""))
        refusals[reason] = Refusal(
            code,
            reason,
            {key: f"the {key}: Käse/№ 7" for key in info.metadata_keys},
            fields if code is grpc.StatusCode.INVALID_ARGUMENT else (),
            f"{reason} is what happened: 100 % of „Käse“; nothing was done.",
            RETRY_SECONDS if info.has_retry_info else None,
        )
    return refusals


CATALOGUE: Final = _catalogue()
"""Each of them by its reason."""
