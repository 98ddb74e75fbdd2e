"""Resume tokens: positions of the feed as opaque texts."""

import base64
import binascii
import hashlib
from typing import Final

from lotkeeper_server.rpc.shape import Shape
from lotkeeper_server.store.feed_entries import FeedPosition
from lotkeeper_server.store.record_feed import RecordFeed

_DIGEST_BYTES: Final = 4
"""Against what was cut or mistyped, not against forgery: any position may be asked for."""


def resume_token(position: FeedPosition) -> str:
    """The token that stands for all that came before a position."""
    raw = position.to_bytes()
    return base64.urlsafe_b64encode(raw + _digest(raw)).decode().rstrip("=")


def read_resume_token(text: str, feed: RecordFeed, shape: Shape) -> FeedPosition | None:
    """The position of a token; None where absent or at fault, as one of another kind of store is."""
    if not text:
        return None
    position = _position_of(text, feed)
    if position is None:
        shape.fault("resume_token", "is no token of a watch")
    return position


def _position_of(text: str, feed: RecordFeed) -> FeedPosition | None:
    try:
        signed = base64.urlsafe_b64decode(text.encode() + b"==")
    except (binascii.Error, ValueError):
        return None
    position = feed.position_of(signed[:-_DIGEST_BYTES])
    # Whole: base 64 as it is read passes over what is none of its letters.
    return position if position is not None and resume_token(position) == text else None


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(b"resume_token" + raw).digest()[:_DIGEST_BYTES]
