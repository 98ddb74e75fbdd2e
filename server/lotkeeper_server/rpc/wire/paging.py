"""Pages: how large, and where the next one begins. Tokens are opaque and valid for the same request only."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.shape import Shape

_DIGEST_BYTES = 8
ANSWER_ITEM_BYTES_SPARE = 64


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The requested page: at most `size` items, after the key of the last one of the page before; empty at first."""

    size: int
    after: bytes


def read_page_request(request: Any, shape: Shape, key_bytes: int) -> PageRequest:
    """The page that a list request asks for.

    Args:
        request: with `page_size` and `page_token`.
        shape: where faults go.
        key_bytes: how long a key of this list is.
    """
    size = request.page_size
    if size < 0:
        shape.fault("page_size", Fault.out_of_range(f"{size} is below 0"))
    size = min(size or limits.PAGE_SIZE_DEFAULT, limits.PAGE_SIZE_MAX)
    after = b""
    if request.page_token:
        after = _key_of(request, request.page_token, key_bytes)
        if not after:
            shape.fault("page_token", Fault.unknown("is not a token of this request"))
    return PageRequest(size, after)


def _key_of(request: Message, token: str, key_bytes: int) -> bytes:
    if len(token) > limits.TOKEN_CHARACTERS_MAX:
        return b""
    try:
        raw = base64.urlsafe_b64decode(token.encode() + b"==")
    except (binascii.Error, ValueError):
        return b""
    digest, key = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    right = len(key) == key_bytes and digest == _digest(request, key) and page_token(request, key) == token
    return key if right else b""


def page_token(request: Message, key: bytes | None) -> str:
    """The token of the page that begins after a key; empty if there is none, at the end of the list."""
    if not key:
        return ""
    return base64.urlsafe_b64encode(_digest(request, key) + key).decode().rstrip("=")


def _digest(request: Any, key: bytes) -> bytes:
    meaning = type(request)()
    meaning.CopyFrom(request)
    meaning.page_size = 0
    meaning.page_token = ""
    asked = request.DESCRIPTOR.full_name.encode() + meaning.SerializeToString(deterministic=True)
    return hashlib.sha256(asked + key).digest()[:_DIGEST_BYTES]


def fitting(messages: list[Any]) -> list[Any]:
    """The first messages, as many as fit in one answer."""
    weight = 0
    for count, message in enumerate(messages):
        weight += message.ByteSize() + ANSWER_ITEM_BYTES_SPARE
        if weight > limits.ANSWER_BYTES_MAX and count > 0:
            return messages[:count]
    return messages
