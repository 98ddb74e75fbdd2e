"""Python's program for the suite, with the client on asyncio: `python -m clients.conformance.program_async`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

from lotkeeper import AsyncClient, LotkeeperError, actions
from lotkeeper.inventory.v1 import master_data_pb2

from clients.conformance import told

Arguments = dict[str, Any]
Value = dict[str, Any]


async def _execution(client: AsyncClient, one: Arguments) -> Value:
    written = await client.execute_inventory_operation(
        one["operation_id"], one["lot"], one["quantity"], request_id=one.get("request_id")
    )
    return told.record(written)


async def _result(client: AsyncClient, one: Arguments) -> Value:
    try:
        return await _execution(client, one)
    except LotkeeperError as refused:
        return {"error": told.error(refused)}


async def _sequence(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value["results"] = [await _result(client, one) for one in arguments["executions"]]


async def _coalesced(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value["results"] = await asyncio.gather(*(_result(client, one) for one in arguments["executions"]))


async def _execute(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value.update(await _execution(client, arguments))


async def _batch(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    requests = told.batch_requests(arguments["executions"])
    value["results"] = told.batch_results(await client.batch_execute_inventory_operations(requests))


async def _actions(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    asked = [
        actions.consume(one["lot"], one["quantity"], material=one["material"], source=one["source"])
        for one in arguments["actions"]
    ]
    response = await client.execute_inventory_actions(asked)
    value["records"] = [record.id for record in response.inventory_lot_records]


async def _save_unit(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    unit = master_data_pb2.UnitOfMeasure(name=arguments["name"], symbol=arguments["symbol"])
    value["id"] = (await client.save_unit_of_measure(unit)).id


async def _get_unit(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value["id"] = (await client.get_unit_of_measure(arguments["name"])).id


async def _list_units(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value["names"] = []
    async for unit in client.list_units_of_measure(page_size=arguments.get("page_size", 0)):
        value["names"].append(unit.name)


async def _watch(client: AsyncClient, arguments: Arguments, value: Value) -> None:
    value["records"] = []
    watching = client.watch_inventory_lot_records(
        from_beginning=arguments.get("from_beginning", False), resume_token=arguments.get("resume_token")
    )
    async with aclosing(watching) as messages:
        async for message in messages:
            value["resume_token"] = message.resume_token
            if message.HasField("inventory_lot_record"):
                value["records"].append(message.inventory_lot_record.id)
            if len(value["records"]) == arguments["count"]:
                return


DO: dict[str, Callable[[AsyncClient, Arguments, Value], Awaitable[None]]] = {
    "execute": _execute,
    "sequence": _sequence,
    "coalesced": _coalesced,
    "batch": _batch,
    "actions": _actions,
    "save_unit": _save_unit,
    "get_unit": _get_unit,
    "list_units": _list_units,
    "watch": _watch,
}


async def outcome_of(order: dict[str, Any]) -> dict[str, Any]:
    """What comes out of an order."""
    do = DO.get(order["do"])
    if do is None:
        return {"skipped": f"this program does not know {order['do']}"}
    value: Value = {}
    async with AsyncClient(order["address"], coalesce=order["do"] == "coalesced", **told.options(order)) as client:
        try:
            await do(client, order["arguments"], value)
        except LotkeeperError as refused:
            return {"error": told.error(refused), "value": value}
    return {"value": value}


async def _serve() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        try:
            outcome = await outcome_of(order)
        except Exception as error:
            outcome = {"crashed": repr(error)}
        print(json.dumps({"scenario": order["scenario"], **outcome}, ensure_ascii=False), flush=True)


def main() -> None:
    """Reads orders, and writes what came out."""
    asyncio.run(_serve())


if __name__ == "__main__":
    main()
