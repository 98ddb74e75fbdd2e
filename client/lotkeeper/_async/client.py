"""The client."""

from __future__ import annotations

from types import TracebackType

from lotkeeper._async.acting import ActionMethods
from lotkeeper._async.master_data import MasterDataMethods
from lotkeeper._async.operations import OperationMethods
from lotkeeper._async.trace import TraceMethods
from lotkeeper._async.watching import WatchMethods


class AsyncClient(OperationMethods, ActionMethods, WatchMethods, TraceMethods, MasterDataMethods):
    """Calls a Lotkeeper server. Close it, or use it in an `async with` block.

    Every call has a deadline, except a watch. On UNAVAILABLE, reads and calls with a request id are retried until the
    deadline; the client makes a request id if the caller gives none. A caller that must survive its own restart passes
    one that it stored before.

    The main arguments come by position, all others by keyword. Ids are ULIDs; times are ms since the epoch, UTC. Lists
    are iterators that read page after page. Answers are the messages of the contract; every refusal and failure is a
    subclass of `LotkeeperError`.
    """

    async def __aenter__(self) -> AsyncClient:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the client."""
        await self.close()
