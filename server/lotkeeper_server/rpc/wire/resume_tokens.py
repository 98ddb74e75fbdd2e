"""Resume tokens: positions of the feed as opaque texts, with the store's epoch and how far records were archived."""

import base64
import binascii
import hashlib
from typing import Final, NamedTuple, Protocol

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.feed.entries import FeedPosition
from lotkeeper_server.store.feed.places import EPOCH_BYTES

_DIGEST_BYTES: Final = 4
"""Finds tokens that were cut or mistyped; not against forgery: any position may be requested."""
_FILES_BYTES: Final = 5


class Positions(Protocol):
    """A feed, as far as tokens name places in it."""

    @property
    def beginning(self) -> FeedPosition:
        """Before everything."""

    def position_of(self, raw: bytes) -> FeedPosition | None:
        """The position with these bytes; None if they are not one of this feed."""


class WatchPosition(NamedTuple):
    """How far a watch has come.

    Attributes:
        feed: after one record of the feed, and before the next.
        archive_files: how many files of archived records there were. A watch misses what is archived in later files, if
            that comes after its position.
        epoch: of the store; empty in a token of before there were epochs.
    """

    feed: FeedPosition
    archive_files: int = 0
    epoch: bytes = b""


def resume_token(position: WatchPosition) -> str:
    """The token of a position; it marks everything before that as seen."""
    raw = position.feed.to_bytes()
    if position.epoch:
        raw = position.epoch + raw + position.archive_files.to_bytes(_FILES_BYTES, "big")
    elif position.archive_files:  # a token is as it was before there were archives, or epochs
        raw += position.archive_files.to_bytes(_FILES_BYTES, "big")
    return base64.urlsafe_b64encode(raw + _digest(raw)).decode().rstrip("=")


def read_resume_token(text: str, feed: Positions, shape: Shape) -> WatchPosition | None:
    """The position of a token; None where absent or wrong, for example from another kind of store."""
    if not text:
        return None
    position = _position_of(text, feed)
    if position is None:
        shape.fault("resume_token", Fault.unknown("is not a token of a watch"))
    return position


def _position_of(text: str, feed: Positions) -> WatchPosition | None:
    if len(text) > limits.TOKEN_CHARACTERS_MAX:
        return None
    try:
        signed = base64.urlsafe_b64decode(text.encode() + b"==")
    except (binascii.Error, ValueError):
        return None
    position = _read(signed[:-_DIGEST_BYTES], feed)
    # Strictly: the usual reading of base 64 skips characters that do not belong to it.
    return position if position is not None and resume_token(position) == text else None


def _read(raw: bytes, feed: Positions) -> WatchPosition | None:
    """By its length: a place, a place and files, or an epoch, a place and files."""
    more = len(raw) - len(feed.beginning.to_bytes())
    if more not in {0, _FILES_BYTES, EPOCH_BYTES + _FILES_BYTES}:
        return None
    begin = max(more - _FILES_BYTES, 0)
    end = len(raw) - (_FILES_BYTES if more else 0)
    place = feed.position_of(raw[begin:end])
    return None if place is None else WatchPosition(place, int.from_bytes(raw[end:], "big"), raw[:begin])


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(b"resume_token" + raw).digest()[:_DIGEST_BYTES]
