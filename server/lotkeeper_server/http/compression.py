"""gzip, within limits: a megabyte of zeros unpacks to a gigabyte."""

import gzip
import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 1


class TooLong(Exception):
    """More comes out than is taken."""


class NotGzip(Exception):
    """The bytes are not gzip, or not whole."""


def unpacked(data: bytes, bytes_max: int) -> bytes:
    """What was packed.

    Args:
        data: gzip, one stream.
        bytes_max: the most that may come out; no more is ever unpacked.

    Raises:
        TooLong: where more would come out.
        NotGzip: where it is none.
    """
    unpacking = zlib.decompressobj(_GZIP)
    try:
        whole = unpacking.decompress(data, bytes_max + 1)
    except zlib.error:
        raise NotGzip from None
    if len(whole) > bytes_max:
        raise TooLong
    if not unpacking.eof or unpacking.unused_data:
        raise NotGzip
    return whole


def packed(data: bytes) -> bytes:
    """The same as gzip, without a moment in it."""
    return gzip.compress(data, _LEVEL, mtime=0)
