"""A refusal as google.rpc.Status: code, message, ErrorInfo, BadRequest and RetryInfo, within what clients accept."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from lotkeeper_server import transport
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import FieldViolation, Overloaded, Refusal

DOMAIN: Final = "lotkeeper"


def transport_status(refusal: Refusal, index: int | None = None) -> transport.Status:
    """The status that a call ends with.

    Args:
        refusal: what was refused.
        index: the first refused item of a batch.
    """
    return _overloaded(refusal) if isinstance(refusal, Overloaded) else _transport_status(refusal, index)


@lru_cache
def _overloaded(refusal: Overloaded) -> transport.Status:
    """Of few texts and few waits: whoever has too much to do shall not have more with refusing it."""
    return _transport_status(refusal, None)


def _transport_status(refusal: Refusal, index: int | None) -> transport.Status:
    status = status_of(refusal, index)
    limit = refusal.limit_hit if isinstance(refusal, Overloaded) else ""
    return transport.Status(status.code, status.message, status.SerializeToString(), refusal.reason, limit)


def status_of(
    refusal: Refusal, index: int | None = None, bytes_max: int = limits.REFUSAL_BYTES_MAX
) -> status_pb2.Status:
    """The refusal as sent, with the first violations that fit.

    Args:
        refusal: what was refused.
        index: the first refused item of a batch.
        bytes_max: its largest size as sent, with its message.
    """
    metadata = {key: cut(value, limits.REFUSAL_VALUE_BYTES_MAX) for key, value in refusal.metadata.items()}
    if index is not None:
        metadata["index"] = str(index)
    violations = refusal.violations
    if len(violations) <= limits.REFUSAL_VIOLATIONS_MAX:
        whole = _as_status(refusal, metadata, violations)
        if _sent_bytes(whole) <= bytes_max:
            return whole

    def with_first(count: int) -> status_pb2.Status:
        left_out = {"violations_left_out": str(len(violations) - count)}
        return _as_status(refusal, metadata | left_out, violations[:count])

    fits, too_many = 0, min(len(violations), limits.REFUSAL_VIOLATIONS_MAX + 1)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if _sent_bytes(with_first(middle)) <= bytes_max:
            fits = middle
        else:
            too_many = middle
    return with_first(fits)


def _as_status(refusal: Refusal, metadata: dict[str, str], violations: Sequence[FieldViolation]) -> status_pb2.Status:
    details = [
        _packed(error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN, metadata=metadata)),
    ]
    if violations:
        bad_request = error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=one.field,
                    description=cut(one.description, limits.REFUSAL_VALUE_BYTES_MAX),
                    reason=one.reason,
                )
                for one in violations
            ]
        )
        details.append(_packed(bad_request))
    if (retry_millis := refusal.retry_millis) is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(retry_millis)
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    message = cut(replace(refusal, violations=tuple(violations)).message, limits.REFUSAL_MESSAGE_BYTES_MAX)
    return status_pb2.Status(code=refusal.code.value, message=message, details=details)


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


def cut(text: str, bytes_max: int) -> str:
    """The text, or the beginning that fits, with an ellipsis."""
    if len(text) * 4 <= bytes_max or len(text.encode()) <= bytes_max:
        return text
    return text.encode()[: bytes_max - 3].decode(errors="ignore") + "…"
