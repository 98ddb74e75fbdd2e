"""Python's program, with the client on asyncio: `python -m clients.crashes.program_async ORDER`, as README.md says."""

from __future__ import annotations

import asyncio
import sys

from lotkeeper import AsyncClient, LotkeeperError

from clients.crashes.order import Order, told_of_error, told_of_record


async def run(order: Order) -> None:
    """Makes the calls, and tells how each has ended."""
    numbers = iter(range(order.calls))

    async def calls(client: AsyncClient) -> None:
        for number in numbers:
            try:
                record = await client.execute_inventory_operation(
                    order.operation_id, order.lot(number), "1", start_date_millis=order.first_millis + number
                )
            except LotkeeperError as error:
                print(told_of_error(number, error), flush=True)
            else:
                print(told_of_record(number, record), flush=True)

    async with AsyncClient(order.address, timeout_seconds=order.timeout_seconds, coalesce=True) as client:
        await asyncio.gather(*(calls(client) for _ in range(order.in_flight)))


if __name__ == "__main__":
    asyncio.run(run(Order.of(sys.argv[1:])))
