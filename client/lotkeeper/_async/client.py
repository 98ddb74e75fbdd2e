"""The client."""

from __future__ import annotations

from types import TracebackType

from lotkeeper._async.access import AccessMethods
from lotkeeper._async.audit import AuditMethods
from lotkeeper._async.consumption import ConsumptionMethods
from lotkeeper._async.correction import CorrectionMethods
from lotkeeper._async.exchange import ExchangeMethods
from lotkeeper._async.master_data import MasterDataMethods
from lotkeeper._async.operations import OperationMethods
from lotkeeper._async.production import ProductionMethods
from lotkeeper._async.rearrangement import RearrangementMethods
from lotkeeper._async.trace import TraceMethods
from lotkeeper._async.watching import WatchMethods


class AsyncClient(
    OperationMethods,
    ConsumptionMethods,
    ProductionMethods,
    ExchangeMethods,
    RearrangementMethods,
    CorrectionMethods,
    WatchMethods,
    TraceMethods,
    AuditMethods,
    AccessMethods,
    MasterDataMethods,
):
    """Calls a Lotkeeper server. Close it, or use it in an `async with` block.

    Every call has a deadline, except a watch. On UNAVAILABLE, reads and calls with a request id are retried until the
    deadline; the client makes a request id if the caller gives none. A caller that must survive its own restart passes
    one that it stored before.

    The main arguments come by position, all others by keyword. Ids are ULIDs. Moments are datetimes with a zone, or ms
    since the epoch, UTC, by the keyword that ends with `_millis`. Lists are iterators that read page after page.
    Answers are the messages of the contract, which `exactly` turns into decimals and datetimes; every refusal and
    failure is a subclass of `LotkeeperError`.
    """

    async def __aenter__(self) -> AsyncClient:
        """The client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the client."""
        await self.close()
