"""A call by GET, as Connect has it for methods that only read: the query says what headers and body say else."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from lotkeeper_server.http.call_protocols import ConnectUnary
from lotkeeper_server.http.codecs import CODECS
from lotkeeper_server.http.envelopes import Broken, Received, not_implemented
from lotkeeper_server.http.exchange import Exchange, Headers
from lotkeeper_server.transport import Status
from lotkeeper_server.transport.call import INVALID_ARGUMENT

PARAMETERS_MAX: Final = 32
_VERSION: Final = "v1"
_BYTES: Final = "latin-1"  # a character for each byte: what was escaped need not be text


@dataclass(frozen=True, slots=True)
class Query:
    """What stands in one.

    Attributes:
        encoding: how the message is written, and the answer: `json`, `proto`, or what is not taken.
        message: as it came, packed or not.
        is_packed: whether it has to be unpacked.
    """

    encoding: str
    message: bytes
    is_packed: bool


def query_of(text: str) -> Query:
    """Reads a query; parameters that Connect does not have are passed over.

    Args:
        text: of the target, without its question mark.

    Raises:
        Broken: where it is no call.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=_BYTES, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise _broken(f"The query has more than {PARAMETERS_MAX} parameters.") from None
    found = dict(pairs)
    for name in ("message", "encoding"):
        if name not in found:
            raise _broken(f"The query has no {name}: ?connect=v1&encoding=json&message=...")
    if len(found) < len(pairs):
        raise _broken("The query has a parameter twice.")
    if found.get("connect", _VERSION) != _VERSION:
        raise _broken("The query's connect must be v1.")
    compression = found.get("compression", "")
    if compression not in {"", "identity", "gzip"}:
        raise Broken(not_implemented(compression))
    message = found["message"].encode(_BYTES)
    if (is_base_64 := found.get("base64", "0")) not in {"0", "1"}:
        raise _broken("The query's base64 must be 1, or left out.")
    if is_base_64 == "1":
        message = _from_base_64(message)
    return Query(found["encoding"], message, compression == "gzip")


def _from_base_64(text: bytes) -> bytes:
    text = text.rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise _broken("The query's message is not base 64 for URLs.") from None


def _broken(text: str) -> Broken:
    return Broken(Status(INVALID_ARGUMENT, text))


class ConnectGet(ConnectUnary):
    """Connect by GET: answered as by POST."""

    def __init__(self, exchange: Exchange, query: Query, more: Headers) -> None:
        """Nothing has been sent.

        Args:
            exchange: the request.
            query: of it; its encoding is one of `CODECS`.
            more: headers of every answer.
        """
        super().__init__(exchange, CODECS[query.encoding], f"application/{query.encoding}", more)
        self._query = query

    async def receive(self) -> Received | None:
        if self._is_received:
            return None
        while (piece := await self._exchange.read()) is not None:
            if piece:
                raise _broken("A GET has its message in the query, and no body.")
        self._is_received = True
        return Received(self._query.message, self._query.is_packed)
