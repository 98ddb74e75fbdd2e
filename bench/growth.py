"""What must not depend on the size of the store: B7 (Execute) and B13 (lists of records)."""

import random
import statistics
import time
from collections.abc import Iterator
from typing import Final

import grpc
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1 import inventory_service_pb2_grpc

from bench.figures import Figure, Result, interleaved, ratio
from bench.grown_store import RECORDS_A_LOT, Definitions, grown
from bench.served import EXECUTE, LOTS, Bench, Conditions, falling, lots_named, plant_of_lots, rate, served

SMALL_RECORDS: Final = 10_000
DEEP_PAGE: Final = 10_000
PAGE_SIZE: Final = 50
WALKED_PAGE_SIZE: Final = 1_000
CALLS: Final = 100
_ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024


def measure(conditions: Conditions) -> Iterator[Result]:
    """Both, on one grown store."""
    with grown(conditions, conditions.records) as (large, definitions):
        if conditions.want("B7"):
            yield from _execute(large, definitions, conditions)
        if conditions.want("B13"):
            with grown(conditions, SMALL_RECORDS) as (small, _):
                yield from _lists(small, large, conditions)
        yield large.audit()


def _execute(large: Bench, definitions: Definitions, conditions: Conditions) -> Iterator[Result]:
    """On some lots drawn at random from all, compared with a store that has no others."""
    lots = conditions.records // RECORDS_A_LOT
    names = random.Random(1).sample(lots_named(lots), LOTS)
    bodies = [falling(definitions.consume, name) for name in names]
    with served("SQLite near empty") as empty:
        measurements = {
            "large": rate(large, EXECUTE, bodies, conditions.seconds),
            "empty": rate(empty, EXECUTE, plant_of_lots(empty), conditions.seconds),
        }
        found = interleaved(conditions.runs, measurements)
        what = f"Execute with {conditions.records:,} records and {lots:,} lots there, SQLite"
        yield ratio("B7", what, "B1 near empty", found["large"], found["empty"], "/s")
        yield empty.audit()


def _lists(small: Bench, large: Bench, conditions: Conditions) -> Iterator[Result]:
    """Pages of records: the first of few, the first of many, and a deep one of many, in turn."""
    deep_page = min(DEEP_PAGE, conditions.records // PAGE_SIZE)
    with _Asked(small) as asked_small, _Asked(large) as asked_large:
        token = _deep(asked_large, (deep_page - 1) * PAGE_SIZE)
        cases = (
            (asked_small, ""),
            (asked_large, ""),
            (asked_large, token),
        )
        rounds = [[_page_millis(asked, begins) for asked, begins in cases] for _ in range(conditions.runs + 1)][1:]
    referred = [taken[0] for taken in rounds]
    for index, name in ((1, "first page"), (2, f"page {deep_page:,}")):
        measured = [taken[index] for taken in rounds]
        yield Figure(
            f"B13 {name}",
            f"ListInventoryLotRecords, {name} of {conditions.records:,}, SQLite; rate of one caller",
            f"first page of {SMALL_RECORDS:,}",
            [other / one for one, other in zip(measured, referred, strict=True)],
            "ms",
            measured,
            referred,
        )


class _Asked:
    """A server's lists over one connection."""

    def __init__(self, bench: Bench) -> None:
        options = [("grpc.max_receive_message_length", _ANSWER_BYTES_MAX)]
        self._channel = grpc.insecure_channel(bench.server.address, options=options)
        self._stub = inventory_service_pb2_grpc.InventoryServiceStub(self._channel)
        self._metadata = (("authorization", f"Bearer {bench.server.token}"),)

    def __enter__(self) -> "_Asked":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def page(self, token: str, size: int = PAGE_SIZE) -> pb.ListInventoryLotRecordsResponse:
        """One page."""
        request = pb.ListInventoryLotRecordsRequest(page_size=size, page_token=token)
        answer: pb.ListInventoryLotRecordsResponse = self._stub.ListInventoryLotRecords(
            request, metadata=self._metadata
        )
        return answer


def _deep(asked: _Asked, records: int) -> str:
    """The token of the page that begins after so many records."""
    token, left = "", records
    while left > 0:
        page = asked.page(token, min(left, WALKED_PAGE_SIZE))
        token, left = page.next_page_token, left - len(page.inventory_lot_records)
        assert token or left <= 0, f"the list ends {left} records early"
    return token


def _page_millis(asked: _Asked, token: str) -> float:
    """The median of some calls."""
    taken = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        page = asked.page(token)
        taken.append((time.perf_counter() - begun) * 1e3)
        assert len(page.inventory_lot_records) == PAGE_SIZE
    return statistics.median(taken)
