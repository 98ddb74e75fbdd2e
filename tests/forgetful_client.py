"""A program for clients/crashes with a fault: whatever it repeats has another request id."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from lotkeeper import Client, LotkeeperError, Retries
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord

from clients.crashes.order import Order, told_of_record


def main() -> None:
    """Makes the calls, and tells how each has ended."""
    order, printing = Order.of(sys.argv[1:]), threading.Lock()

    def executed(client: Client, number: int) -> InventoryLotRecord:
        while True:
            try:
                return client.execute_inventory_operation(
                    order.operation_id, order.lot(number), "1", start_date_millis=order.first_millis + number
                )
            except LotkeeperError:
                continue  # this is the fault: the client makes a new request id for it

    def call(client: Client, number: int) -> None:
        line = told_of_record(number, executed(client, number))
        with printing:
            print(line, flush=True)

    with (
        Client(order.address, timeout_seconds=5.0, retries=Retries(attempts_max=1), coalesce=True) as client,
        ThreadPoolExecutor(order.in_flight) as pool,
    ):
        for ended in [pool.submit(call, client, number) for number in range(order.calls)]:
            ended.result()


if __name__ == "__main__":
    main()
