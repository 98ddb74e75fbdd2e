"""Python's program for the suite, with the client that blocks: `python -m clients.conformance.program`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lotkeeper import Client, LotkeeperError, actions
from lotkeeper.inventory.v1 import master_data_pb2

from clients.conformance import told

Arguments = dict[str, Any]
Value = dict[str, Any]


def _execution(client: Client, one: Arguments) -> Value:
    written = client.execute_inventory_operation(
        one["operation_id"], one["lot"], one["quantity"], request_id=one.get("request_id")
    )
    return told.record(written)


def _result(client: Client, one: Arguments) -> Value:
    try:
        return _execution(client, one)
    except LotkeeperError as refused:
        return {"error": told.error(refused)}


def _sequence(client: Client, arguments: Arguments, value: Value) -> None:
    value["results"] = [_result(client, one) for one in arguments["executions"]]


def _coalesced(client: Client, arguments: Arguments, value: Value) -> None:
    executions = arguments["executions"]
    with ThreadPoolExecutor(len(executions)) as pool:
        value["results"] = list(pool.map(lambda one: _result(client, one), executions))


def _execute(client: Client, arguments: Arguments, value: Value) -> None:
    value.update(_execution(client, arguments))


def _batch(client: Client, arguments: Arguments, value: Value) -> None:
    requests = told.batch_requests(arguments["executions"])
    value["results"] = told.batch_results(client.batch_execute_inventory_operations(requests))


def _actions(client: Client, arguments: Arguments, value: Value) -> None:
    asked = [
        actions.consume(one["lot"], one["quantity"], material=one["material"], source=one["source"])
        for one in arguments["actions"]
    ]
    value["records"] = [record.id for record in client.execute_inventory_actions(asked).inventory_lot_records]


def _save_unit(client: Client, arguments: Arguments, value: Value) -> None:
    unit = master_data_pb2.UnitOfMeasure(name=arguments["name"], symbol=arguments["symbol"])
    value["id"] = client.save_unit_of_measure(unit).id


def _get_unit(client: Client, arguments: Arguments, value: Value) -> None:
    value["id"] = client.get_unit_of_measure(arguments["name"]).id


def _list_units(client: Client, arguments: Arguments, value: Value) -> None:
    value["names"] = []
    for unit in client.list_units_of_measure(page_size=arguments.get("page_size", 0)):
        value["names"].append(unit.name)


def _watch(client: Client, arguments: Arguments, value: Value) -> None:
    value["records"] = []
    messages = client.watch_inventory_lot_records(
        from_beginning=arguments.get("from_beginning", False), resume_token=arguments.get("resume_token")
    )
    for message in messages:
        value["resume_token"] = message.resume_token
        if message.HasField("inventory_lot_record"):
            value["records"].append(message.inventory_lot_record.id)
        if len(value["records"]) == arguments["count"]:
            messages.close()
            return


DO: dict[str, Callable[[Client, Arguments, Value], None]] = {
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


def outcome_of(order: dict[str, Any]) -> dict[str, Any]:
    """What comes out of an order."""
    do = DO.get(order["do"])
    if do is None:
        return {"skipped": f"this program does not know {order['do']}"}
    value: Value = {}
    with Client(order["address"], coalesce=order["do"] == "coalesced", **told.options(order)) as client:
        try:
            do(client, order["arguments"], value)
        except LotkeeperError as refused:
            return {"error": told.error(refused), "value": value}
    return {"value": value}


def main() -> None:
    """Reads orders, and writes what came out."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            outcome = outcome_of(order)
        except Exception as error:
            outcome = {"crashed": repr(error)}
        print(json.dumps({"scenario": order["scenario"], **outcome}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
