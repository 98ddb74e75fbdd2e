"""What the headers of a call say: its deadline, its metadata, its encoding."""

import base64
import binascii
import re
import time
from typing import Final

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.envelopes import Broken, not_implemented
from lotkeeper_server.http.exchange import Headers, RequestHead
from lotkeeper_server.transport import Status
from lotkeeper_server.transport.call import INVALID_ARGUMENT

_NOT_METADATA: Final = re.compile(
    r"accept.*|access-control-.*|cache-control|connect-.*|connection|content-.*|cookie|expect|forwarded|grpc-.*|host"
    r"|keep-alive|origin|pragma|referer|sec-.*|te|trailer|transfer-encoding|upgrade.*|x-grpc-web|x-user-agent",
    re.ASCII,
)
"""Headers that are HTTP's own, or of the protocol: the gate does not see them."""
_MILLIS: Final = re.compile(rf"\d{{1,{http_limits.TIMEOUT_DIGITS_MAX}}}", re.ASCII)
_GRPC: Final = re.compile(rf"(\d{{1,{http_limits.GRPC_TIMEOUT_DIGITS_MAX}}})([HMSmun])", re.ASCII)
_SECONDS: Final = {"H": 3_600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_BAD_TIMEOUT: Final = Status(INVALID_ARGUMENT, "Connect-Timeout-Ms is not a whole number of at most ten digits.")
_BAD_GRPC_TIMEOUT: Final = Status(INVALID_ARGUMENT, "grpc-timeout is not a number of at most eight digits and a unit.")
_BAD_BINARY: Final = Status(INVALID_ARGUMENT, "A header whose name ends in -bin is not base 64.")


def deadline_of(head: RequestHead) -> float | None:
    """When the caller stops waiting, by `time.monotonic()`; None where it does not say.

    Raises:
        Broken: where it cannot be read.
    """
    if text := head.value("connect-timeout-ms"):
        if not _MILLIS.fullmatch(text):
            raise Broken(_BAD_TIMEOUT)
        return time.monotonic() + int(text) / 1_000
    if text := head.value("grpc-timeout"):
        found = _GRPC.fullmatch(text)
        if found is None:
            raise Broken(_BAD_GRPC_TIMEOUT)
        return time.monotonic() + int(found[1]) * _SECONDS[found[2]]
    return None


def metadata_of(headers: Headers) -> tuple[tuple[str, str | bytes], ...]:
    """What the gate sees of the headers.

    Raises:
        Broken: where binary values cannot be read.
    """
    return tuple(
        (name, _binary(value) if name.endswith("-bin") else value)
        for name, value in headers
        if not _NOT_METADATA.fullmatch(name)
    )


def packing_of(head: RequestHead, header: str) -> str:
    """How messages are packed: gzip, or empty for not at all.

    Args:
        head: of the request.
        header: which says so.

    Raises:
        Broken: where it is another way.
    """
    encoding = head.value(header).strip().lower()
    if encoding in {"", "identity"}:
        return ""
    if encoding != "gzip":
        raise Broken(not_implemented(encoding))
    return encoding


def takes_gzip(head: RequestHead) -> bool:
    """Whether the caller unpacks answers."""
    for one in head.value("accept-encoding").lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def content_type_of(head: RequestHead) -> str:
    """Without its parameters; empty where they name a character set that is not UTF-8."""
    name, _, parameters = head.value("content-type").partition(";")
    parameters = parameters.replace(" ", "").replace('"', "").lower()
    if parameters and parameters not in {"charset=utf-8", "charset=utf8"}:
        return ""
    return name.strip().lower()


def _binary(value: str) -> bytes:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Broken(_BAD_BINARY) from None
