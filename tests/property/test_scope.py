"""What a limited caller sees by every read is what somebody without a limit sees, without what lies elsewhere."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import pytest
from lotkeeper import Client, LotkeeperError
from lotkeeper.inventory.v1 import enums_pb2, inventory_operation_pb2, master_data_pb2

from tests.plants import ServedPlant, operation_type
from tests.scoped import (
    Sees,
    edge_in,
    edges_of,
    ends_of,
    exactly,
    limited_client,
    places_of,
    reached,
    reached_from,
    sums_by_lot,
    within,
)
from tests.server_process import ServerProcess

JSON: Final = enums_pb2.EXPORT_FORMAT_JSON
BY_LOT: Final = [enums_pb2.INVENTORY_GROUP_BY_LOT]
BY_PLACE: Final = [enums_pb2.INVENTORY_GROUP_BY_MATERIAL, enums_pb2.INVENTORY_GROUP_BY_LOCATION]
MAKING: Final = {enums_pb2.LOT_RECORD_TYPE_RECEIVE, enums_pb2.LOT_RECORD_TYPE_PRODUCE}
EXPECTED: Final = {
    "ALREADY_REVERSED",
    "INSUFFICIENT_INVENTORY",
    "INVALID_ARGUMENT",
    "LOT_NOT_FOUND",
    "LOT_NOT_USABLE",
    "NOT_REVERSIBLE",
}
SEEDS: Final = range(3)
ACTIONS: Final = 70
KINDS: Final = ("receive", "receive", "receive", "move", "consume", "consume", "produce", "order", "split", "undo")
SCOPES: Final = 3


@dataclass
class Played:
    """A random plant, after some random actions.

    Attributes:
        plant: what its things are made by.
        locations: all of them.
        lots: the ids of those that something came into.
    """

    plant: ServedPlant
    locations: list[Any] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)


def play(client: Client, seed: int) -> Played:
    """A tree of locations, definitions between them, and movements of lots that go into one another."""
    draw = random.Random(seed)
    played = Played(ServedPlant(client))
    plant = played.plant
    for number in range(9):
        parent = draw.choice([None, *played.locations])
        more = {"parent_id": parent.id} if parent is not None else {}
        name = f"{plant.prefix} {number}" if parent is None else f"{number}"
        played.locations.append(client.save_location(master_data_pb2.Location(name=name, **more)))
    orders = [
        client.save_production_order(master_data_pb2.ProductionOrder(name=f"{plant.prefix} O{number}", quantity=9))
        for number in range(2)
    ]
    for number in range(3):
        place = draw.choice([None, *played.locations])
        more = {"location_id": place.id} if place is not None else {}
        client.save_operation(master_data_pb2.Operation(name=f"{plant.prefix} Process {number}", **more))
    for number in range(8):
        places = {"source_location_id": draw.choice(played.locations).id}
        if draw.random() < 0.5:
            places["destination_location_id"] = draw.choice(played.locations).id
        client.save_inventory_operation(
            inventory_operation_pb2.InventoryOperation(
                name=f"{plant.prefix} D{number}",
                operation_type=operation_type("CONSUME"),
                material_id=plant.milk.id,
                **places,
            )
        )
    for _ in range(ACTIONS):
        try:
            _act(client, played, orders, draw)
        except LotkeeperError as error:
            if error.reason not in EXPECTED:
                raise
    return played


def _act(client: Client, played: Played, orders: Sequence[Any], draw: random.Random) -> None:
    plant = played.plant
    here, there = draw.choice(played.locations[:5]).id, draw.choice(played.locations).id
    names = [f"L{number}" for number in range(8)]
    lot, other = draw.sample(names, 2)
    kind = draw.choice(
        ["receive", "receive", "move", "move", "consume", "consume", "produce", "order", "split", "undo"]
    )
    of: dict[str, Any] = {"material": plant.milk.id}
    with_other = of | {"secondary_lot": other, "secondary_material": plant.milk.id, "create_lot_if_not_found": True}
    records: Sequence[Any]
    if kind == "receive":
        records = client.receive(lot, draw.randint(3, 30), destination=here, create_lot_if_not_found=True, **of)
    elif not played.lots:
        return
    elif kind == "move":
        records = client.move(lot, draw.randint(1, 5), source=here, destination=there, **of)
    elif kind == "consume":
        records = client.consume(lot, 1, source=here, **with_other)
    elif kind == "produce":
        records = client.produce(lot, 2, destination=here, **with_other)
    elif kind == "order":
        order = {"production_order": draw.choice(orders).id}
        if draw.random() < 0.5:
            records = client.consume(lot, 1, source=here, **of, **order)
        else:
            records = client.produce(lot, 1, destination=here, create_lot_if_not_found=True, **of, **order)
    elif kind == "split":
        name = f"S{draw.randint(0, 10**9)}"
        records = client.split(lot, 1, new_lot_name=name, source=here, **of)
    else:
        last = list(client.list_inventory_lot_records(lot_id_or_name=draw.choice(played.lots), page_size=5))
        records = [client.reverse_inventory_lot_record(draw.choice(last).id)]
    played.lots += [record.inventory_lot_id for record in records if record.inventory_lot_id not in played.lots]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_limited_caller_sees_the_part_within_of_what_there_is(
    server: ServerProcess, client: Client, seed: int
) -> None:
    """By each list, total, export, trace and watch; in small pages, too."""
    played = play(client, seed)
    draw = random.Random(seed)
    for _ in range(SCOPES):
        chosen = draw.sample(played.locations, draw.choice([1, 1, 2, 3]))
        with limited_client(server, chosen) as limited:
            _compare(client, limited, within(one.path for one in chosen), chosen[0], played)


def _compare(client: Client, limited: Client, sees: Sees, place: Any, played: Played) -> None:
    plant = played.plant
    (last,) = client.receive("Last", 1, destination=place.id, material=plant.milk.id, create_lot_if_not_found=True)
    for size in ({}, {"page_size": 3}):
        _compare_lists(client, limited, sees, size)
    assert _watched(limited, last.id) == [one for one in _watched(client, last.id) if sees(places_of(one))]
    _compare_exports(client, limited, sees)
    _compare_lots(client, limited, sees, played)


def _compare_lists(client: Client, limited: Client, sees: Sees, size: dict[str, Any]) -> None:
    assert list(limited.list_locations(**size)) == [one for one in client.list_locations() if sees([one.path])]
    assert list(limited.list_operations(**size)) == [
        one for one in client.list_operations() if sees([one.location_path])
    ]
    assert list(limited.list_inventory_operations(**size)) == [
        one for one in client.list_inventory_operations() if sees(places_of(one))
    ]
    records = [one for one in client.list_inventory_lot_records() if sees(places_of(one))]
    assert list(limited.list_inventory_lot_records(**size)) == records
    middle = records[len(records) // 2].end_date
    for more in ({"include_empty": True}, {"include_empty": True, "as_of_millis": middle.ToMilliseconds()}):
        rows = [row for row in client.list_inventory(**more) if sees([row.location_path])]
        assert list(limited.list_inventory(**more, **size)) == rows
        sums = list(limited.summarize_inventory(BY_LOT, **more, **size))
        assert {one.inventory_lot_id: (exactly(one.exact_quantity), one.rows) for one in sums} == sums_by_lot(rows)
        assert list(limited.summarize_inventory(BY_PLACE, **more, **size)) == [
            one for one in client.summarize_inventory(BY_PLACE, **more) if sees([one.location_path])
        ]


def _watched(client: Client, last_id: str) -> list[Any]:
    """What a watch gives from the beginning to a record."""
    found: list[Any] = []
    watch = client.watch_inventory_lot_records(from_beginning=True)
    for response in watch:
        if response.HasField("inventory_lot_record"):
            found.append(response.inventory_lot_record)
            if found[-1].id == last_id:
                break
    watch.close()
    return found


def _compare_exports(client: Client, limited: Client, sees: Sees) -> None:
    def rows_of(one: Client) -> list[Any]:
        text = b"".join(one.export_inventory_operations(export_format=JSON)).decode()
        return [json.loads(line) for line in text.splitlines()]

    assert rows_of(limited) == [
        row for row in rows_of(client) if sees([row["sourceLocationPath"] or "", row["destinationLocationPath"] or ""])
    ]

    def document_of(one: Client) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(b"".join(one.export_master_data(export_format=JSON, include_lots=True)))
        return document

    whole, part = document_of(client), document_of(limited)
    paths = {one.path for one in client.list_locations() if sees([one.path])}
    names: dict[str, Any] = {
        "locations": lambda entry: (f"{entry['parent']}/" if "parent" in entry else "") + entry["name"] in paths,
        "operations": lambda entry: sees([entry.get("location", "")]),
        "inventory_operations": lambda entry: sees(
            [entry.get("source_location", ""), entry.get("destination_location", "")]
        ),
        "inventory": lambda entry: sees([entry["location"]]),
    }
    for section, entries in whole.items():
        if isinstance(entries, list):
            expected = [entry for entry in entries if names.get(section, lambda _entry: True)(entry)]
            assert part.get(section, []) == expected, section


def _compare_lots(client: Client, limited: Client, sees: Sees, played: Played) -> None:
    """Lots with what they have within, and the genealogy that records within make."""
    everything = list(client.list_inventory_lot_records())
    records = [one for one in everything if sees(places_of(one))]
    stock = [row for row in client.list_inventory() if row.quantity > 0]
    edges, all_edges = edges_of(records), edges_of(everything)
    lots = {one for r in everything for one in (r.inventory_lot_id, r.secondary_inventory_lot_id) if one}
    for lot_id in played.lots:
        lot, seen = client.get_lot(lot_id), limited.get_lot(lot_id)
        assert exactly(seen.exact_total_quantity) == _total(records, lot_id)
        assert exactly(lot.exact_total_quantity) == _total(everything, lot_id)
        for one in (lot, seen):
            one.ClearField("total_quantity")
            one.ClearField("exact_total_quantity")
        assert seen == lot
        graph = limited.get_lot_trace_graph(lot_id, depth=50)
        nodes, followed = reached(edges, lot_id)
        assert {node.inventory_lot_id or node.production_order_id for node in graph.nodes} == nodes
        shown = {edge_in(edge): (edge.record_count, exactly(edge.exact_quantity)) for edge in graph.edges}
        assert shown == {one: edges[one] for one in followed}
        for node in graph.nodes:
            rows = [row for row in stock if row.inventory_lot_id == node.inventory_lot_id and sees([row.location_path])]
            assert exactly(node.exact_quantity_on_hand) == sum(
                (exactly(row.exact_quantity) for row in rows), Decimal(0)
            )
        cut = any(all_edges[edge] != edges.get(edge) for edge in reached_from(all_edges, edges, lot_id))
        elsewhere = any(row.inventory_lot_id in nodes and not sees([row.location_path]) for row in stock)
        assert graph.left_out == (cut or elsewhere)
        for direction, near, far in (
            (enums_pb2.TRACE_DIRECTION_INPUT, 1, 0),
            (enums_pb2.TRACE_DIRECTION_OUTPUT, 0, 1),
        ):
            ends = {node.inventory_lot_id for node in limited.list_terminal_lots(lot_id, direction=direction)}
            assert ends == ends_of(edges, lot_id, near, far, lots)


def _total(records: Sequence[Any], lot_id: str) -> Decimal:
    """How much of a lot records made, or brought."""
    total = Decimal(0)
    for one in records:
        if one.lot_record_type == enums_pb2.LOT_RECORD_TYPE_SPLIT:
            total += exactly(one.exact_quantity) if one.secondary_inventory_lot_id == lot_id else 0
        elif one.lot_record_type in MAKING:
            total += exactly(one.exact_quantity) if one.inventory_lot_id == lot_id else 0
    return total
