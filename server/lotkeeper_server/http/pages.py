"""What is read by GET: the contract as OpenAPI, and a page to try it on. Nothing of it is fetched from elsewhere."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from lotkeeper_server.http.exchange import Exchange, Headers
from lotkeeper_server.http.openapi import document
from lotkeeper_server.http.served_methods import ServedMethod

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_SAFE: Final = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
)
_FILES: Final = {
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/docs/page.js": ("docs.js", "text/javascript; charset=utf-8"),
    "/docs/page.css": ("docs.css", "text/css; charset=utf-8"),
}
_DEPTH_MAX: Final = 3
_EXAMPLES: Final[dict[int, Any]] = {
    FieldDescriptor.TYPE_BOOL: False,
    FieldDescriptor.TYPE_DOUBLE: 0,
    FieldDescriptor.TYPE_FLOAT: 0,
    FieldDescriptor.TYPE_INT32: 0,
    FieldDescriptor.TYPE_UINT32: 0,
}
_EXAMPLES_BY_MESSAGE: Final[dict[str, Any]] = {
    "google.protobuf.Timestamp": "2026-11-30T08:00:00Z",
    "google.protobuf.FieldMask": "",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        body: whole.
        content_type: of it.
        tag: changes with it.
    """

    body: bytes
    content_type: str
    tag: str

    @classmethod
    def of(cls, body: bytes, content_type: str) -> "Page":
        """Of a body."""
        return cls(body, content_type, f'"{hashlib.sha256(body).hexdigest()[:16]}"')


class Pages:
    """The pages of a server."""

    def __init__(self, methods: Iterable[ServedMethod]) -> None:
        """Makes none before it is asked for.

        Args:
            methods: of the contract.
        """
        self._methods = list(methods)

    def answer(self, exchange: Exchange, more: Headers) -> None:
        """Answers a GET or HEAD."""
        head = exchange.head
        if head.path == "/":
            exchange.respond(302, [("location", "/docs"), *more])
            return
        page = self._page(head.path)
        if page is None:
            text = b"There are /docs and /openapi.json, and the methods of the contract by POST.\n"
            exchange.respond(404, [("content-type", "text/plain; charset=utf-8"), *_SAFE, *more], text)
            return
        tag = [("etag", page.tag), ("cache-control", "no-cache"), *_SAFE, *more]
        if page.tag in head.value("if-none-match"):
            exchange.start(304, tag)
            exchange.end()
        else:
            exchange.respond(200, [("content-type", page.content_type), *tag], page.body)

    def _page(self, path: str) -> Page | None:
        if path == "/openapi.json":
            return _openapi()
        if path == "/docs/methods.json":
            return Page.of(json.dumps(_listed(self._methods)).encode(), "application/json")
        return _file(*_FILES[path]) if path in _FILES else None


@cache
def _openapi() -> Page:
    return Page.of(document(), "application/json")


@cache
def _file(name: str, content_type: str) -> Page:
    return Page.of(files("lotkeeper_server.http").joinpath("page", name).read_bytes(), content_type)


def _listed(methods: list[ServedMethod]) -> list[dict[str, Any]]:
    """The methods as the page shows them."""
    return [
        {
            "path": one.path,
            "service": one.descriptor.containing_service.name,
            "method": one.descriptor.name,
            "permission": one.permission,
            "answersWithStream": bool(one.descriptor.server_streaming),
            "takesStream": one.takes_stream,
            "example": example_of(one.descriptor.input_type),
        }
        for one in methods
    ]


def example_of(descriptor: Descriptor, depth: int = 0) -> dict[str, Any]:
    """A request with every field, to be filled in; of a choice the first."""
    found: dict[str, Any] = {}
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof is not None and oneof.fields[0].name != field.name:
            continue
        if field.message_type is not None and depth >= _DEPTH_MAX:
            continue
        value = _example(field, depth)
        found[field.json_name] = [value] if field.is_repeated else value
    return found


def _example(field: FieldDescriptor, depth: int) -> Any:
    if field.message_type is not None:
        known = _EXAMPLES_BY_MESSAGE.get(field.message_type.full_name)
        return example_of(field.message_type, depth + 1) if known is None else known
    if field.enum_type is not None:
        return field.enum_type.values[0].name
    return _EXAMPLES.get(field.type, "")
