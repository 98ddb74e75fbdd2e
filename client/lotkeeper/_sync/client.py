# Made from _async/client.py by `python client/async_to_sync.py`; change that file instead.
"""The client."""

from __future__ import annotations

from types import TracebackType

from lotkeeper._sync.access import AccessMethods
from lotkeeper._sync.audit import AuditMethods
from lotkeeper._sync.consumption import ConsumptionMethods
from lotkeeper._sync.correction import CorrectionMethods
from lotkeeper._sync.exchange import ExchangeMethods
from lotkeeper._sync.master_data import MasterDataMethods
from lotkeeper._sync.operations import OperationMethods
from lotkeeper._sync.production import ProductionMethods
from lotkeeper._sync.rearrangement import RearrangementMethods
from lotkeeper._sync.trace import TraceMethods
from lotkeeper._sync.watching import WatchMethods


class Client(
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
    """Calls a Lotkeeper server. Close it, or use it in an `with` block.

    Every call has a deadline, except a watch. On UNAVAILABLE, reads and calls with a request id are retried until the
    deadline; the client makes a request id if the caller gives none. A caller that must survive its own restart passes
    one that it stored before.

    The main arguments come by position, all others by keyword. Ids are ULIDs. Moments are datetimes with a zone, or ms
    since the epoch, UTC, by the keyword that ends with `_millis`. Lists are iterators that read page after page.
    Answers are the messages of the contract, which `exactly` turns into decimals and datetimes; every refusal and
    failure is a subclass of `LotkeeperError`.
    """

    def __enter__(self) -> Client:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the client."""
        self.close()
