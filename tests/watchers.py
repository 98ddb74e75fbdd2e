"""Those who watch a server, in threads of their own, and what they saw."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType

from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

WAIT_SECONDS = 120


@dataclass
class SteadyWatcher:
    """Watches until it is left; the client finds the server again by itself."""

    address: str
    token: str
    from_beginning: bool = False
    records: list[InventoryLotRecord] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _begun: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> SteadyWatcher:
        self._client = Client(self.address, token=self.token)
        self._stream = self._client.watch_inventory_lot_records(from_beginning=self.from_beginning)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._begun.wait(WAIT_SECONDS)
        return self

    def _run(self) -> None:
        try:
            for message in self._stream:
                self._begun.set()
                if message.HasField("inventory_lot_record"):
                    with self._news:
                        self.records.append(message.inventory_lot_record)
                        self._news.notify_all()
        except (LotkeeperError, ValueError) as error:  # a closed client says the latter
            self._failed.append(error)
            self._begun.set()

    def seen(self, count: int) -> list[InventoryLotRecord]:
        """The records, once there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.records) >= count, WAIT_SECONDS), (
                f"{len(self.records)} of {count}, {self._failed}"
            )
            return list(self.records)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()
        self._thread.join(WAIT_SECONDS)


def watch_in_pieces(addresses: Sequence[str], token: str, last_id: str, resume_token: str) -> list[str]:
    """Watches a few messages at a time, each time of another server, until the last record has come; the ids."""
    dice = random.Random(11)
    ids: list[str] = []
    while last_id not in ids:
        with (
            Client(dice.choice(addresses), token=token) as client,
            closing(client.watch_inventory_lot_records(resume_token=resume_token)) as stream,
        ):
            for _ in range(dice.randrange(1, 60)):
                message = next(stream)
                resume_token = message.resume_token
                if message.HasField("inventory_lot_record"):
                    ids.append(message.inventory_lot_record.id)
                    if ids[-1] == last_id:
                        break
    return ids


def replayed(records: Iterable[InventoryLotRecord]) -> dict[tuple[str, str], float]:
    """Stock by location and lot after these records in this order; it never falls below zero on the way."""
    stock: dict[tuple[str, str], float] = defaultdict(float)
    for record in records:
        for place, change in (
            (record.source_location_id, record.source_quantity_change),
            (record.destination_location_id, record.destination_quantity_change),
        ):
            if change:
                key = (place, record.inventory_lot_name)
                stock[key] = round(stock[key] + change, 6)
                assert stock[key] >= 0, (record.id, key, stock[key])
    return {key: quantity for key, quantity in stock.items() if quantity}
