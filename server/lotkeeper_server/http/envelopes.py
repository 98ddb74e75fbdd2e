"""Messages in envelopes, as streams of Connect and all calls of gRPC-Web have them: a byte of flags, four of length."""

import base64
import binascii
import struct
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from lotkeeper_server.http import http_limits
from lotkeeper_server.http.compression import NotGzip, TooLong, unpacked
from lotkeeper_server.transport import Status
from lotkeeper_server.transport.call import INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED

PACKED: Final = 0b1
"""The flag of a message that is packed."""
_HEAD: Final = struct.Struct(">BI")
TOO_LONG: Final = Status(RESOURCE_EXHAUSTED, f"The message is longer than {http_limits.MESSAGE_BYTES_MAX} bytes.")
NOT_GZIP: Final = Status(INVALID_ARGUMENT, "The message is not gzip, or not whole.")
HALF: Final = Status(INVALID_ARGUMENT, "The body ends in the middle of a message.")
UNKNOWN_FLAGS: Final = Status(
    INVALID_ARGUMENT,
    "A message of a stream has five bytes before it: flags, 0 or 1 for packed, and its length, big-endian. "
    "These flags are others.",
)
NOT_NAMED: Final = Status(INVALID_ARGUMENT, "A message is packed, and no header says how.")
SECOND_MESSAGE: Final = Status(INVALID_ARGUMENT, "The call has more than one message.")
NOT_BASE_64: Final = Status(INVALID_ARGUMENT, "The body is not base 64.")


class Broken(Exception):
    """What the caller sent is no message; the call ends with this status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


class Received(NamedTuple):
    """A message as it came.

    Attributes:
        data: its bytes.
        is_packed: whether they have to be unpacked.
    """

    data: bytes
    is_packed: bool


def not_implemented(encoding: str) -> Status:
    """For a way to pack that is not taken."""
    return Status(UNIMPLEMENTED, f"Messages packed by {encoding[:64]!r} are not taken; gzip is.")


def in_envelope(message: bytes, flags: int = 0) -> bytes:
    """A message as sent."""
    return _HEAD.pack(flags, len(message)) + message


def unpacked_or_broken(message: bytes) -> bytes:
    """What was packed.

    Raises:
        Broken: where it is not gzip, or longer than a message may be.
    """
    if not message:
        raise Broken(NOT_GZIP)
    try:
        return unpacked(message, http_limits.MESSAGE_BYTES_MAX)
    except TooLong:
        raise Broken(TOO_LONG) from None
    except NotGzip:
        raise Broken(NOT_GZIP) from None


class EnvelopeReader:
    """Reads messages from a body."""

    def __init__(
        self, read: Callable[[], Awaitable[bytes | None]], encoding: str, note_gathered: Callable[[int], None]
    ) -> None:
        """Has read nothing yet.

        Args:
            read: the next piece of the body; None after the last.
            encoding: how messages may be packed; empty for not at all.
            note_gathered: told how many bytes it holds, the message that was asked for last included.
        """
        self._read = read
        self._note_gathered = note_gathered
        self._encoding = encoding
        self._waiting = bytearray()

    async def next(self) -> Received | None:
        """The next message; None where the body has ended. It may be cancelled and called again.

        Raises:
            Broken: where there is none.
            CallerGone: where the rest does not come.
        """
        if not await self._has(_HEAD.size):
            return None
        flags, length = _HEAD.unpack_from(self._waiting)
        if flags & ~PACKED:  # first, since bare JSON would else be told that it is too long
            raise Broken(UNKNOWN_FLAGS)
        if length > http_limits.MESSAGE_BYTES_MAX:
            raise Broken(TOO_LONG)
        if flags and not self._encoding:
            raise Broken(NOT_NAMED)
        await self._has(_HEAD.size + length)
        message = bytes(self._waiting[_HEAD.size : _HEAD.size + length])
        del self._waiting[: _HEAD.size + length]
        return Received(message, bool(flags))

    async def _has(self, size: int) -> bool:
        """Whether so much is there; False where the body has ended before the first byte of it."""
        self._note_gathered(len(self._waiting))
        while len(self._waiting) < size:
            piece = await self._read()
            if piece is None:
                if self._waiting:
                    raise Broken(HALF)
                if size == _HEAD.size:
                    return False
                raise Broken(HALF)
            self._waiting += piece
            self._note_gathered(len(self._waiting))
        return True


def base64_reader(read: Callable[[], Awaitable[bytes | None]]) -> Callable[[], Awaitable[bytes | None]]:
    """Reads a body that is base 64, in one or more pieces that are padded each by itself."""
    waiting = bytearray()

    async def next_piece() -> bytes | None:
        while len(waiting) < 4:
            piece = await read()
            if piece is None:
                if waiting:
                    raise Broken(NOT_BASE_64)
                return None
            waiting.extend(piece)
        whole = len(waiting) // 4 * 4
        text = bytes(waiting[:whole])
        del waiting[:whole]
        return _from_base_64(text)

    return next_piece


def _from_base_64(text: bytes) -> bytes:
    decoded = bytearray()
    begin = 0
    try:
        while begin < len(text):
            padding = text.find(b"=", begin)
            end = len(text) if padding < 0 else padding // 4 * 4 + 4
            decoded += base64.b64decode(text[begin:end], validate=True)
            begin = end
    except binascii.Error:
        raise Broken(NOT_BASE_64) from None
    return bytes(decoded)
