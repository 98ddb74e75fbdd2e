"""Which pages of which sites may call from a browser: CORS, by a list."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from lotkeeper_server.http.exchange import Headers, RequestHead
from lotkeeper_server.http_origins import EVERYBODY

_KEPT_SECONDS: Final = 7_200
_OWN_SITES: Final = frozenset({"", "none", "same-origin"})
"""Whose the page is, as browsers tell it: no page at all, or one of here."""
_ASKED: Final = (
    "accept-encoding, authorization, connect-accept-encoding, connect-content-encoding, connect-protocol-version, "
    "connect-timeout-ms, content-encoding, content-type, grpc-accept-encoding, grpc-encoding, grpc-timeout, "
    "traceparent, tracestate, x-grpc-web, x-user-agent"
)
_SHOWN: Final = (
    "connect-accept-encoding, content-encoding, grpc-message, grpc-status, grpc-status-details-bin, retry-after"
)


class Origins:
    """The sites that may call."""

    def __init__(self, allowed: Collection[str]) -> None:
        """Those of a list.

        Args:
            allowed: in lower case, `https://plant.example.com`, with a port where it is not the usual one; `*` for all.
        """
        self._allowed = frozenset(allowed)

    def refuses(self, head: RequestHead, *, is_call: bool) -> bool:
        """Whether a page sent this that may not: of another site that is not in the list.

        Args:
            head: of the request.
            is_call: whether it is for a method; others may link to pages.
        """
        origin = head.value("origin").lower()
        if not origin:  # a page that has something shown, by GET, does not say where it is from; newer browsers do
            return is_call and head.value("sec-fetch-site").lower() not in _OWN_SITES
        return not self._is_allowed(origin) and not _is_own(origin, head)

    def headers(self, head: RequestHead) -> Headers:
        """What an answer says to the browser; nothing where no browser asks."""
        origin = head.value("origin")
        if not origin:
            return []
        if not self._is_allowed(origin.lower()):
            return [("vary", "origin")]
        return [
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", _SHOWN),
            ("vary", "origin"),
        ]

    def preflight(self, head: RequestHead) -> Headers:
        """What the answer to a browser's question says, whether a page may call; of who may not, nothing."""
        if not self._is_allowed(head.value("origin").lower()):
            return [("vary", "origin")]
        return [
            ("access-control-allow-origin", head.value("origin")),
            ("access-control-allow-methods", "POST, GET"),
            ("access-control-allow-headers", _ASKED),
            ("access-control-max-age", str(_KEPT_SECONDS)),
            ("vary", "origin"),
        ]

    def _is_allowed(self, origin: str) -> bool:
        return origin in self._allowed or (EVERYBODY in self._allowed and bool(origin))


def _is_own(origin: str, head: RequestHead) -> bool:
    """Whether the page came from here: its host and port are those that the request is for."""
    return bool(head.authority) and urlsplit(origin).netloc == head.authority.lower()
