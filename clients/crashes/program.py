"""Python's program, with the client that blocks: `python -m clients.crashes.program ORDER`, as README.md says."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from lotkeeper import Client, LotkeeperError

from clients.crashes.order import Order, told_of_error, told_of_record


def main() -> None:
    """Makes the calls, and tells how each has ended."""
    order, printing = Order.of(sys.argv[1:]), threading.Lock()

    def call(client: Client, number: int) -> None:
        try:
            record = client.execute_inventory_operation(
                order.operation_id, order.lot(number), "1", start_date_millis=order.first_millis + number
            )
            line = told_of_record(number, record)
        except LotkeeperError as error:
            line = told_of_error(number, error)
        with printing:
            print(line, flush=True)

    with (
        Client(order.address, timeout_seconds=order.timeout_seconds, coalesce=True) as client,
        ThreadPoolExecutor(order.in_flight) as pool,
    ):
        for ended in [pool.submit(call, client, number) for number in range(order.calls)]:
            ended.result()


if __name__ == "__main__":
    main()
