"""Server processes on one store under load, and a check that every call counts as it was answered."""

from __future__ import annotations

import time

from lotkeeper import Client

from tests.auditor import Auditor
from tests.callers import Callers, Request
from tests.plants import ServedPlant
from tests.server_process import ServerProcess

ALLOWED = {"STORE_UNAVAILABLE", "DEADLINE_EXCEEDED", "CONTENTION", "UNAVAILABLE"}
SERVED_SECONDS_MAX = 30


class Site:
    """Processes, what they do, and callers of all that are never two on one lot.

    Attributes:
        besides: what a test has put there itself.
    """

    def __init__(self, processes: list[ServerProcess], audited_url: str) -> None:
        self.processes = processes
        self.auditor = Auditor(audited_url)
        with Client(processes[0].address, token=processes[0].token) as client:
            self.operation = ServedPlant(client).operation("PRODUCE")
        self.callers: list[Callers] = []
        self.besides = 0.0

    def load(self, repeats: int = 3, timeout_seconds: float = 3.0, count: int = 8) -> Callers:
        """Load on all; what is not answered is asked for again, at the next process."""

        def request(number: int) -> Request:
            return Request(inventory_operation_id=self.operation.id, primary_lot_id_or_name=f"L{number}", quantity=1.0)

        made = Callers(
            [one.address for one in self.processes],
            self.processes[0].token,
            request,
            count=count,
            repeats=repeats,
            timeout_seconds=timeout_seconds,
        )
        self.callers.append(made)
        return made

    def seconds_until_served(self, callers: Callers, since: float) -> float:
        """Until each process has answered a call that began after a moment.

        Raises:
            AssertionError: they have not after 30 s.
        """
        while True:
            ended = callers.ended_after(since)
            addresses = {one.address for one in ended}
            first = {where: min(one.ended for one in ended if one.address == where) for where in addresses}
            if len(first) == len(self.processes):
                return max(first.values()) - since
            assert time.monotonic() < since + SERVED_SECONDS_MAX, f"not served: {first}, {callers.reasons}"
            time.sleep(0.02)

    def check(self) -> None:
        """Every call counts as it was answered."""
        acknowledged = [one for callers in self.callers for one in callers.acknowledged]
        refused = [one for callers in self.callers for one in callers.refused]
        unknown = [one for callers in self.callers for one in callers.unknown]
        assert not refused, refused[:3]
        for callers in self.callers:
            assert set(callers.reasons) <= ALLOWED, callers.reasons
        taken = self.auditor.check_answers(acknowledged, refused, unknown)
        self.auditor.check_books()
        in_stock = sum(self.auditor.stock().values())
        counted = len(acknowledged) + taken + self.besides
        assert in_stock == counted, f"{in_stock:g} in stock, {counted:g} acknowledged, taken or put there"
