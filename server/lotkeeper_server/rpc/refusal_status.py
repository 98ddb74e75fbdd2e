"""A refusal as google.rpc.Status: code, message, ErrorInfo, BadRequest and RetryInfo, within what clients can take."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import FieldViolation, Refusal

DOMAIN: Final = "lotkeeper"
STATUS_DETAILS_KEY: Final = "grpc-status-details-bin"


def status_of(refusal: Refusal, index: int | None = None) -> status_pb2.Status:
    """The refusal as sent: at most `limits.REFUSAL_BYTES_MAX` with its message, the first violations that fit.

    Args:
        refusal: what was refused.
        index: which item of a batch was the first at fault.
    """
    refusal = replace(refusal, violations=tuple(_cut_violation(violation) for violation in refusal.violations))
    metadata = {key: _cut(value) for key, value in refusal.metadata.items()}
    if index is not None:
        metadata["index"] = str(index)
    count = len(refusal.violations)
    fitting = _as_status(refusal, metadata, refusal.violations)
    while count and _sent_bytes(fitting) > limits.REFUSAL_BYTES_MAX:
        count = count // 2 if count > 8 else count - 1
        left_out = {"violations_left_out": str(len(refusal.violations) - count)}
        fitting = _as_status(refusal, metadata | left_out, refusal.violations[:count])
    return fitting


def _as_status(refusal: Refusal, metadata: dict[str, str], violations: Sequence[FieldViolation]) -> status_pb2.Status:
    details = [
        _packed(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=metadata)),
    ]
    if refusal.violations:
        bad_request = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(field=_cut(one.field), description=one.description)
                for one in violations
            ]
        )
        details.append(_packed(bad_request))
    if refusal.retry_after_millis is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(refusal.retry_after_millis)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    message = replace(refusal, violations=tuple(violations)).message
    return status_pb2.Status(code=refusal.code.value, message=_cut(message, 1_000), details=details)


def _packed(
    detail: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo,
) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)
    return packed


def _sent_bytes(status: status_pb2.Status) -> int:
    """The details in base 64, and the message, which is percent-encoded."""
    details_bytes: int = status.ByteSize() * 4 // 3
    return details_bytes + len(quote(status.message, safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}"))


def _cut_violation(violation: FieldViolation) -> FieldViolation:
    return FieldViolation(violation.field, _cut(violation.description, 400))


def _cut(text: str, code_points_max: int = limits.REFUSAL_VALUE_CODE_POINTS_MAX) -> str:
    return text if len(text) <= code_points_max else text[: code_points_max - 1] + "…"
