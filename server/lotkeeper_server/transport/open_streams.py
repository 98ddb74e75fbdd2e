"""Streams of callers who need no token: so many at once. Where one more comes, the oldest ends.

A newcomer that were refused would let anybody keep everybody else out; an old one can come again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from lotkeeper_server.transport.call import RESOURCE_EXHAUSTED, Status, Stream

CROWDED_OUT: Final = Status(RESOURCE_EXHAUSTED, "Others have opened too many streams since; call again.")


class OpenStreams:
    """The open streams of one kind. Used on one event loop."""

    def __init__(self, most: int) -> None:
        """There are none.

        Args:
            most: how many there may be.
        """
        self._most = most
        self._ends: dict[asyncio.Timeout, None] = {}

    @asynccontextmanager
    async def held(self, stream: Stream) -> AsyncIterator[None]:
        """Serves a stream while the block runs; ends it with RESOURCE_EXHAUSTED once it is the oldest of too many."""
        if len(self._ends) >= self._most:
            oldest = next(iter(self._ends))
            del self._ends[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(None) as end:
                self._ends[end] = None
                try:
                    yield
                finally:
                    self._ends.pop(end, None)
        except TimeoutError:
            if not end.expired():
                raise
            stream.refuse(CROWDED_OUT)
