"""Two processes write to the same lots at full speed: whoever watches either sees each record once, in one order."""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

from lotkeeper import Client
from lotkeeper.inventory.v1 import inventory_operation_service_pb2 as pb

from tests.plants import ServedPlant
from tests.server_process import ServerProcess
from tests.watchers import SteadyWatcher, replayed, watch_in_pieces

WRITERS = 4
LOTS = 3
BATCHES = 25
BATCH_CALLS = 12
STOPPED_SECONDS = 4.0


def write_batches(server: ServerProcess, produce: str, consume: str, seed: int) -> list[str]:
    """Batches of calls on few lots, many of which are refused for want of stock; the records of the others."""
    dice = random.Random(seed)
    written: list[str] = []
    with Client(server.address, token=server.token, timeout_seconds=60) as client:
        for _ in range(BATCHES):
            requests = [
                pb.ExecuteInventoryOperationRequest(
                    inventory_operation_id=dice.choice([produce, consume, consume]),
                    primary_lot_id_or_name=f"L{dice.randrange(LOTS)}",
                    quantity=float(dice.randrange(1, 4)),
                )
                for _ in range(BATCH_CALLS)
            ]
            results = client.batch_execute_inventory_operations(requests)
            written += [record.id for one in results for record in one.response.inventory_lot_records]
    return written


def test_each_record_once_and_each_lot_in_the_order_of_its_stock(two_servers: list[ServerProcess]) -> None:
    """Watchers of both, and one that goes on with its token at the one or the other; none sees stock below zero."""
    check_feed_of(two_servers)


def check_feed_of(servers: list[ServerProcess]) -> None:
    """Full load through all, watchers of each: all see every record once, in one order that replays to the stock."""
    first = servers[0]
    addresses = [one.address for one in servers]
    with Client(first.address, token=first.token) as client, ExitStack() as stack:
        plant = ServedPlant(client)
        operations = plant.operation("PRODUCE").id, plant.operation("CONSUME").id
        watchers = [stack.enter_context(SteadyWatcher(one.address, one.token)) for one in servers]
        stream = stack.enter_context(closing(client.watch_inventory_lot_records()))
        pool = stack.enter_context(ThreadPoolExecutor(WRITERS + 1))
        begin = next(stream).resume_token
        writers = [pool.submit(write_batches, servers[at % len(servers)], *operations, at) for at in range(WRITERS)]
        written = [record_id for writer in writers for record_id in writer.result()]
        seen = watchers[0].seen(len(written))
        ids = [record.id for record in seen]
        assert len(ids) > WRITERS * BATCHES
        assert sorted(ids) == sorted(written)
        for other in watchers[1:]:
            assert [record.id for record in other.seen(len(written))] == ids
        assert watch_in_pieces(addresses, first.token, ids[-1], begin) == ids
        rows = client.list_inventory(page_size=1_000)
        assert replayed(seen) == {
            (row.location_id, row.inventory_lot_name): row.quantity for row in rows if row.quantity
        }
    first.verify()


def test_a_process_that_is_stopped_holds_no_watcher_up_for_long(two_servers: list[ServerProcess]) -> None:
    """Wherever it was stopped, while it was numbering, too: the others go on, and nothing is missing in the end."""
    here, there = two_servers
    with Client(there.address, token=there.token, timeout_seconds=60) as client:
        plant = ServedPlant(client)
        produce, consume = plant.operation("PRODUCE").id, plant.operation("CONSUME").id
        alone = plant.operation("PRODUCE").id
        with (
            SteadyWatcher(here.address, here.token) as one,
            SteadyWatcher(there.address, there.token) as other,
            ThreadPoolExecutor(1) as pool,
        ):
            writer = pool.submit(write_batches, here, produce, consume, 1)
            other.seen(20)
            assert here.process is not None
            here.process.send_signal(signal.SIGSTOP)
            try:
                begun = time.monotonic()
                mine = client.execute_inventory_operation(alone, "apart", 1.0).id
                while mine not in [record.id for record in list(other.records)]:
                    assert time.monotonic() - begun < 10
                    time.sleep(0.02)
                time.sleep(max(0.0, begun + STOPPED_SECONDS - time.monotonic()))
            finally:
                here.process.send_signal(signal.SIGCONT)
            written = [*writer.result(), mine]
            ids = [record.id for record in other.seen(len(written))]
            assert sorted(ids) == sorted(written)
            assert [record.id for record in one.seen(len(written))] == ids
