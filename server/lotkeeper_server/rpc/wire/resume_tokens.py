"""Resume tokens: positions of the feed as opaque texts, with how far records were archived at that time."""

import base64
import binascii
import hashlib
from typing import Final, NamedTuple, Protocol

from lotkeeper_server.domain import limits
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.feed.entries import FeedPosition

_DIGEST_BYTES: Final = 4
"""Finds tokens that were cut or mistyped; not against forgery: any position may be requested."""
_FILES_BYTES: Final = 5


class Positions(Protocol):
    """A feed, as far as tokens name places in it."""

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """The position with these bytes; None if they are not one of this feed."""


class WatchPosition(NamedTuple):
    """How far a watch has come.

    Attributes:
        feed: after one record of the feed, and before the next.
        archive_files: how many files of archived records there were. A watch misses what is archived in later files, if
            that comes after its position.
    """

    feed: FeedPosition
    archive_files: int = 0


def resume_token(feed: FeedPosition, archive_files: int = 0) -> str:
    """The token of a position; it marks everything before that as seen."""
    raw = feed.to_bytes()
    if archive_files:  # otherwise a token is as it was before there were archives
        raw += archive_files.to_bytes(_FILES_BYTES, "big")
    return base64.urlsafe_b64encode(raw + _digest(raw)).decode().rstrip("=")


def read_resume_token(text: str, feed: Positions, shape: Shape) -> WatchPosition | None:
    """The position of a token; None where absent or wrong, for example from another kind of store."""
    if not text:
        return None
    position = _position_of(text, feed)
    if position is None:
        shape.fault("resume_token", "is not a token of a watch")
    return position


def _position_of(text: str, feed: Positions) -> WatchPosition | None:
    if len(text) > limits.TOKEN_CHARACTERS_MAX:
        return None
    try:
        signed = base64.urlsafe_b64decode(text.encode() + b"==")
    except (binascii.Error, ValueError):
        return None
    raw = signed[:-_DIGEST_BYTES]
    position, files = feed.position_of(raw), 0
    if position is None:
        position, files = feed.position_of(raw[:-_FILES_BYTES]), int.from_bytes(raw[-_FILES_BYTES:], "big")
    # Strictly: the usual reading of base 64 skips characters that do not belong to it.
    return WatchPosition(position, files) if position is not None and resume_token(position, files) == text else None


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(b"resume_token" + raw).digest()[:_DIGEST_BYTES]
