"""How a call that failed looks in the Connect protocol: an object of JSON, and the status of HTTP that goes with it."""

import base64
import json
from typing import Any, Final

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from lotkeeper_server.http.json_writing import as_json
from lotkeeper_server.transport import Status

CODES: Final = (
    ("ok", 200),
    ("canceled", 499),
    ("unknown", 500),
    ("invalid_argument", 400),
    ("deadline_exceeded", 504),
    ("not_found", 404),
    ("already_exists", 409),
    ("permission_denied", 403),
    ("resource_exhausted", 429),
    ("failed_precondition", 400),
    ("aborted", 409),
    ("out_of_range", 400),
    ("unimplemented", 501),
    ("internal", 500),
    ("unavailable", 503),
    ("data_loss", 500),
    ("unauthenticated", 401),
)
"""The names that Connect has for gRPC's codes, in the order of their numbers, and the statuses of HTTP."""
_DETAILS: Final[dict[str, type[Message]]] = {
    "google.rpc.ErrorInfo": error_details_pb2.ErrorInfo,
    "google.rpc.BadRequest": error_details_pb2.BadRequest,
    "google.rpc.RetryInfo": error_details_pb2.RetryInfo,
}


def http_status(status: Status) -> int:
    """The status of HTTP for an answer without a stream."""
    return CODES[status.code][1]


def error_object(status: Status) -> dict[str, Any]:
    """The error as Connect writes it: code, message and details, each of these also as JSON under `debug`."""
    found: dict[str, Any] = {"code": CODES[status.code][0]}
    if status.message:
        found["message"] = status.message
    if details := [_detail(one) for one in _details_of(status)]:
        found["details"] = details
    return found


def error_json(status: Status) -> bytes:
    """The same in UTF-8."""
    return json.dumps(error_object(status), ensure_ascii=False, separators=(",", ":")).encode()


def retry_after_seconds(status: Status) -> int | None:
    """In how many whole seconds to try again, where the status says so."""
    for one in _details_of(status):
        if one.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            info = error_details_pb2.RetryInfo()
            one.Unpack(info)
            return max(1, int(info.retry_delay.seconds) + bool(info.retry_delay.nanos))
    return None


def _details_of(status: Status) -> list[any_pb2.Any]:
    if status.details is None:
        return []
    try:
        return list(status_pb2.Status.FromString(status.details).details)
    except DecodeError:
        return []


def _detail(packed: any_pb2.Any) -> dict[str, Any]:
    name = packed.type_url.rpartition("/")[2]
    found: dict[str, Any] = {"type": name, "value": base64.b64encode(packed.value).decode().rstrip("=")}
    if (kind := _DETAILS.get(name)) is not None:
        found["debug"] = as_json(kind.FromString(packed.value))
    return found
