"""GetLotTraceGraph and ListTerminalLots: what they answer out of a store, and within which limits."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.type.decimal_pb2 import Decimal
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import trace_service_pb2 as pb
from lotkeeper_server.access.directory import Directory
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.ends import ends
from lotkeeper_server.domain.ask.trace import Bounds, Trace, trace
from lotkeeper_server.domain.keys import EdgeKey, OrderEdgeKey
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, TraceDirection
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.doorway import confirm_by
from lotkeeper_server.rpc.methods.tracing import Tracing
from lotkeeper_server.rpc.wire.record_message import timestamp
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.lists.edges import EdgeReading
from lotkeeper_server.store.schema import genealogy_tables, tables
from sqlalchemy import insert

from tests.genealogies import ends as ends_of
from tests.genealogies import random_genealogy
from tests.stored_plant import CALL, StoredPlant, facts

INPUT, OUTPUT, BOTH = TraceDirection.INPUT, TraceDirection.OUTPUT, TraceDirection.BOTH
NO_SUCH = "01JPAND53P-BZ61RZHZ-V7C6EEHG"


@dataclass
class Traces:
    """The servicer on a real engine, without the wire; and edges written into its store."""

    plant: StoredPlant
    servicer: Tracing

    def edges(self, rows: list[tuple[bytes, bytes, LotRecordType, int, int]]) -> None:
        """From, to, type, quantity in units, records."""
        names = ("from_lot_id", "to_lot_id", "lot_record_type", "quantity", "record_count")
        made = [dict(zip(names, (*row[:3], row[3] * 1_000_000, row[4]), strict=True)) for row in rows]
        with self.plant.store.write() as connection:
            connection.execute(insert(genealogy_tables.lot_edge), made)

    def of_orders(self, rows: list[tuple[bytes, LotRecordType, bytes]]) -> None:
        """Edges of one unit, one record, between lots and orders: lot, type, order."""
        names = ("lot_id", "lot_record_type", "production_order_id", "quantity", "record_count")
        with self.plant.store.write() as connection:
            made = [dict(zip(names, (*row, 1_000_000, 1), strict=True)) for row in rows]
            connection.execute(insert(genealogy_tables.order_edge), made)

    def consumptions(self, *pairs: tuple[bytes, bytes]) -> None:
        """Edges of one unit, one record."""
        self.edges([(*pair, LotRecordType.CONSUME, 1, 1) for pair in pairs])

    def lots(self, count: int, **more: Any) -> list[bytes]:
        """Many lots, in one transaction."""
        common = {"created_millis": 1, "created_by": "tester", "version": 1, "status": LotStatus.OPEN}
        common |= {"unit_of_measure_id": self.plant.kg, "material_id": self.plant.milk} | more
        rows = [common | {"id": self.plant.new_id()} for _ in range(count)]
        made = [row | {"name": f"L{int.from_bytes(row['id'], 'big')}" + more.get("name", "")} for row in rows]
        with self.plant.store.write() as connection:
            connection.execute(insert(tables.inventory_lot), made)
        return [row["id"] for row in made]

    async def graph(self, lot: bytes | str, **asked: Any) -> pb.GetLotTraceGraphResponse:
        """A trace."""
        text = lot if isinstance(lot, str) else format_id(lot)
        return await self.servicer.GetLotTraceGraph(pb.GetLotTraceGraphRequest(lot_id_or_name=text, **asked), CALL)

    async def ends(self, lot: bytes | str, direction: Any, **asked: Any) -> pb.ListTerminalLotsResponse:
        """A page of terminal lots."""
        text = lot if isinstance(lot, str) else format_id(lot)
        request = pb.ListTerminalLotsRequest(lot_id_or_name=text, direction=direction, **asked)
        return await self.servicer.ListTerminalLots(request, CALL)


@pytest.fixture
async def traces(plant: StoredPlant, store: Store) -> AsyncIterator[Traces]:
    """The traces of a store."""
    engine = Engine(store, confirm_by(Directory()))
    yield Traces(plant, Tracing(engine))
    await engine.close()


def names(nodes: Any) -> list[str]:
    return [node.inventory_lot_name or node.production_order_name for node in nodes]


def exact(text: str) -> Decimal:
    return Decimal(value=text)


async def test_a_trace_shows_lots_and_edges_by_the_names_of_now(plant: StoredPlant, traces: Traces) -> None:
    """Every field; an edge is in its primary lot's unit, which is none for a lot without one."""
    past = int(time.time() * 1000) - 60_000
    milk, cheese = plant.lot("MILK"), plant.lot("CHEESE", plant.material("Dairy/Cheese"), unit_of_measure_id=None)
    salt = plant.lot("SALT", expiration_millis=past)
    traces.edges([(milk, cheese, LotRecordType.CONSUME, 7, 3), (salt, cheese, LotRecordType.PRODUCE, 2, 1)])
    answer = await traces.graph(cheese)
    kilogram = {
        "unit_of_measure_id": format_id(plant.kg),
        "unit_of_measure_name": "kilogram",
        "unit_of_measure_symbol": "kg",
    }
    of_milk = {"material_id": format_id(plant.milk), "material_path": "Milk"}
    zero = {"exact_quantity_on_hand": exact("0")}
    assert list(answer.nodes) == [
        pb.TraceNode(
            **zero,
            exact_quantity_in=exact("2"),
            exact_quantity_out=exact("0"),
            inventory_lot_id=format_id(cheese),
            inventory_lot_name="CHEESE",
            lot_status=enums_pb2.LOT_STATUS_OPEN,
            material_id=answer.nodes[0].material_id,
            material_path="Dairy/Cheese",
            quantity_in=2,
        ),
        pb.TraceNode(
            **zero,
            exact_quantity_in=exact("0"),
            exact_quantity_out=exact("7"),
            inventory_lot_id=format_id(milk),
            inventory_lot_name="MILK",
            lot_status=enums_pb2.LOT_STATUS_OPEN,
            quantity_out=7,
            depth=1,
            **of_milk,
            **kilogram,
        ),
        pb.TraceNode(
            **zero,
            exact_quantity_in=exact("0"),
            exact_quantity_out=exact("0"),
            expiration_date=timestamp(past),
            inventory_lot_id=format_id(salt),
            inventory_lot_name="SALT",
            lot_status=enums_pb2.LOT_STATUS_EXPIRED,
            depth=1,
            **of_milk,
            **kilogram,
        ),
    ]
    assert list(answer.edges) == [
        pb.TraceEdge(
            from_inventory_lot_id=format_id(milk),
            to_inventory_lot_id=format_id(cheese),
            lot_record_type=enums_pb2.LOT_RECORD_TYPE_CONSUME,
            quantity=7,
            exact_quantity=exact("7"),
            record_count=3,
            **kilogram,
        ),
        pb.TraceEdge(
            from_inventory_lot_id=format_id(salt),
            to_inventory_lot_id=format_id(cheese),
            lot_record_type=enums_pb2.LOT_RECORD_TYPE_PRODUCE,
            quantity=2,
            exact_quantity=exact("2"),
            record_count=1,
        ),
    ]
    assert not answer.truncated


async def test_an_absent_direction_is_both_and_an_absent_depth_ten(traces: Traces) -> None:
    """Ten edges each way."""
    lots = traces.lots(31)
    traces.consumptions(*itertools.pairwise(lots))
    middle = await traces.graph(lots[15])
    assert (len(middle.nodes), max(node.depth for node in middle.nodes), middle.truncated) == (21, 10, True)
    whole = await traces.graph(lots[15], direction=BOTH, depth=50)
    assert (len(whole.nodes), len(whole.edges), whole.truncated) == (31, 30, False)
    assert len((await traces.graph(lots[15], direction=INPUT, depth=15)).nodes) == 16
    assert len((await traces.graph(lots[15], direction=OUTPUT, depth=3)).nodes) == 4


async def test_an_edge_whose_records_are_all_reversed_is_none(plant: StoredPlant, traces: Traces) -> None:
    """Neither in a graph nor before an end."""
    milk, cheese = plant.lot("MILK"), plant.lot("CHEESE")
    traces.edges([(milk, cheese, LotRecordType.CONSUME, 0, 0)])
    assert names((await traces.graph(milk)).nodes) == ["MILK"]
    assert names((await traces.ends(milk, OUTPUT)).nodes) == ["MILK"]


async def test_a_production_order_is_a_node_without_a_lots_fields(plant: StoredPlant, traces: Traces) -> None:
    """Its edges name it at their end and are in the lot's unit; `lots_only` leaves it out."""
    milk, cheese, whey, other = (plant.lot(name) for name in ("MILK", "CHEESE", "WHEY", "OTHER"))
    order = plant.production_order("ORDER-7")
    consumed, produced, returned = LotRecordType.CONSUME, LotRecordType.PRODUCE, LotRecordType.UNCONSUME
    traces.of_orders([(milk, consumed, order), (cheese, produced, order), (whey, returned, order)])
    traces.consumptions((milk, other))
    answer = await traces.graph(milk)
    assert [(name, node.depth) for name, node in zip(names(answer.nodes), answer.nodes, strict=True)] == [
        ("MILK", 0),
        ("OTHER", 1),
        ("ORDER-7", 1),
        ("CHEESE", 2),
        ("WHEY", 2),
    ]
    assert answer.nodes[2] == pb.TraceNode(
        production_order_id=format_id(order), production_order_name="ORDER-7", depth=1
    )
    assert [(node.quantity_in, node.quantity_out) for node in answer.nodes] == [(0, 2), (0, 0), (0, 0), (1, 0), (1, 0)]
    kilogram = {
        "unit_of_measure_id": format_id(plant.kg),
        "unit_of_measure_name": "kilogram",
        "unit_of_measure_symbol": "kg",
    }
    one = {"quantity": 1, "exact_quantity": exact("1"), "record_count": 1, **kilogram}
    assert list(answer.edges)[1:] == [
        pb.TraceEdge(
            from_inventory_lot_id=format_id(milk),
            to_production_order_id=format_id(order),
            lot_record_type=enums_pb2.LOT_RECORD_TYPE_CONSUME,
            **one,
        ),
        pb.TraceEdge(
            from_production_order_id=format_id(order),
            to_inventory_lot_id=format_id(cheese),
            lot_record_type=enums_pb2.LOT_RECORD_TYPE_PRODUCE,
            **one,
        ),
        pb.TraceEdge(
            from_production_order_id=format_id(order),
            to_inventory_lot_id=format_id(whey),
            lot_record_type=enums_pb2.LOT_RECORD_TYPE_UNCONSUME,
            **one,
        ),
    ]
    assert names((await traces.graph(milk, lots_only=True)).nodes) == ["MILK", "OTHER"]
    backward = await traces.graph(cheese, direction=INPUT)
    assert names(backward.nodes) == ["CHEESE", "ORDER-7", "MILK"]
    assert names((await traces.graph(milk, depth=1)).nodes) == ["MILK", "OTHER", "ORDER-7"]


async def test_ends_are_reached_through_orders_and_are_never_orders(plant: StoredPlant, traces: Traces) -> None:
    """A lot that went into an order which has produced nothing yet is an end; so are both lots of a circle."""
    flour, dough, bread, rest, waiting = (plant.lot(name) for name in ("FLOUR", "DOUGH", "BREAD", "REST", "WAITING"))
    baking, empty = plant.production_order("BAKING"), plant.production_order("EMPTY")
    consumed, produced = LotRecordType.CONSUME, LotRecordType.PRODUCE
    traces.of_orders(
        [(dough, consumed, baking), (bread, produced, baking), (waiting, consumed, empty), (flour, consumed, empty)]
    )
    traces.consumptions((flour, dough), (flour, waiting), (bread, rest), (rest, bread))
    assert names((await traces.ends(flour, OUTPUT)).nodes) == ["BREAD", "REST", "WAITING"]
    assert names((await traces.ends(flour, OUTPUT, lots_only=True)).nodes) == ["DOUGH", "WAITING"]
    assert names((await traces.ends(bread, INPUT)).nodes) == ["FLOUR"]
    assert names((await traces.ends(bread, INPUT, lots_only=True)).nodes) == ["BREAD", "REST"]
    first = await traces.ends(flour, OUTPUT, page_size=1)
    with pytest.raises(Refused) as refused:
        await traces.ends(flour, OUTPUT, lots_only=True, page_token=first.next_page_token)
    assert facts(refused.value)[3] == ["page_token"]


async def test_a_node_says_where_its_lot_is_now(plant: StoredPlant, traces: Traces) -> None:
    """The sum above zero, everywhere, the 20 largest places, its date and its supplier's name; at the ends, too."""
    milk = plant.lot("MILK", expiration_millis=1_900_000_000_123, supplier_lot_name="(10) Farm 7")
    cheese = plant.lot("CHEESE")
    traces.consumptions((milk, cheese))
    places = [plant.location(f"Shelf {number:02d}") for number in range(25)]
    for number, place in enumerate(places):
        plant.stock(place, milk, 1 + (number * 7) % 25)
    plant.stock(plant.location("Gone"), milk, 0)
    plant.stock(plant.location("Below"), milk, -5)
    (node,) = (await traces.ends(milk, INPUT)).nodes
    assert (node.quantity_on_hand, node.exact_quantity_on_hand) == (325, exact("325"))
    assert (node.expiration_date, node.supplier_lot_name) == (timestamp(1_900_000_000_123), "(10) Farm 7")
    assert [one.quantity for one in node.stock] == list(range(25, 5, -1))
    assert [one.exact_quantity for one in node.stock] == [exact(str(number)) for number in range(25, 5, -1)]
    largest = places[next(number for number in range(25) if (number * 7) % 25 == 24)]
    largest_path = f"Shelf {places.index(largest):02d}"
    assert (node.stock[0].location_id, node.stock[0].location_path) == (format_id(largest), largest_path)
    first, second = (await traces.graph(milk)).nodes
    assert (first.stock, first.quantity_on_hand) == (node.stock, 325)
    assert (list(second.stock), second.quantity_on_hand, second.HasField("expiration_date")) == ([], 0, False)


async def test_a_lot_is_named_by_id_or_by_name_within_its_material(plant: StoredPlant, traces: Traces) -> None:
    """And is refused as everywhere."""
    plant.lot("MILK-1")
    cheese = plant.lot("CHEESE", plant.material("Dairy/Cheese"))
    assert names((await traces.graph("MILK-1", material_id_or_path="/Milk")).nodes) == ["MILK-1"]
    assert names((await traces.ends("MILK-1", INPUT, material_id_or_path="Milk")).nodes) == ["MILK-1"]
    refusals = {
        ("MILK-1", ""): "MATERIAL_REQUIRED",
        ("MILK-2", "Milk"): "LOT_NOT_FOUND",
        (NO_SUCH, ""): "LOT_NOT_FOUND",
        ("MILK-1", "Water"): "MATERIAL_NOT_FOUND",
        (format_id(cheese), "Milk"): "LOT_MATERIAL_MISMATCH",
    }
    for (lot, material), reason in refusals.items():
        for ask in (traces.graph(lot, material_id_or_path=material), traces.ends(lot, 1, material_id_or_path=material)):
            with pytest.raises(Refused) as refused:
                await ask
            assert facts(refused.value)[1] == reason


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({"lot": ""}, ["lot_id_or_name"]),
        ({"depth": 0}, ["depth"]),
        ({"depth": 51}, ["depth"]),
        ({"depth": -1}, ["depth"]),
        ({"direction": 4}, ["direction"]),
        ({"lot": " x", "direction": -1, "depth": 99, "material_id_or_path": "\n"}, None),
    ],
)
async def test_what_has_no_shape_is_refused_by_field(
    traces: Traces, asked: dict[str, Any], fields: list[str] | None
) -> None:
    """All faults at once."""
    with pytest.raises(Refused) as refused:
        await traces.graph(**({"lot": NO_SUCH} | asked))
    expected = ["lot_id_or_name", "material_id_or_path", "direction", "depth"] if fields is None else fields
    assert (*facts(refused.value)[:2], facts(refused.value)[3]) == ("INVALID_ARGUMENT", "INVALID_ARGUMENT", expected)


@pytest.mark.parametrize("direction", [0, 3, 7])
async def test_terminal_lots_need_one_direction(traces: Traces, direction: int) -> None:
    """Absent, BOTH and unknown ones are refused."""
    with pytest.raises(Refused) as refused:
        await traces.ends(NO_SUCH, direction)
    assert facts(refused.value)[3] == ["direction"]


async def test_terminal_lots_have_no_edge_onward(plant: StoredPlant, traces: Traces) -> None:
    """By id, with their distance, without quantities; inner lots and circles that lead on are no ends."""
    root, inner, other, near, far = (plant.lot(name) for name in ("ROOT", "INNER", "OTHER", "NEAR", "FAR"))
    traces.consumptions((root, near), (root, inner), (inner, other), (other, inner), (other, far))
    answer = await traces.ends(root, OUTPUT)
    assert [(node.inventory_lot_name, node.depth) for node in answer.nodes] == [("NEAR", 1), ("FAR", 3)]
    assert all((node.quantity_in, node.quantity_out) == (0, 0) for node in answer.nodes)
    assert (answer.nodes[0].unit_of_measure_symbol, answer.next_page_token, answer.truncated) == ("kg", "", False)
    assert names((await traces.ends(far, INPUT)).nodes) == ["ROOT"]


async def test_a_lot_without_edges_onward_is_its_own_end(plant: StoredPlant, traces: Traces) -> None:
    """And those of a circle without a way out are ends together."""
    root, end, one, two = (plant.lot(name) for name in ("ROOT", "END", "ONE", "TWO"))
    traces.consumptions((root, end), (one, two), (two, one))
    assert names((await traces.ends(end, OUTPUT)).nodes) == ["END"]
    assert names((await traces.ends(root, INPUT)).nodes) == ["ROOT"]
    assert names((await traces.ends(one, OUTPUT)).nodes) == ["ONE", "TWO"]


async def test_terminal_lots_come_page_by_page(traces: Traces) -> None:
    """Each once, by id; a token is good for its request only."""
    root, *ends = traces.lots(1_235)
    traces.consumptions(*((root, end) for end in reversed(ends)))
    first = await traces.ends(root, OUTPUT)
    assert len(first.nodes) == limits.PAGE_SIZE_DEFAULT
    found, token = list(first.nodes), first.next_page_token
    while token:
        page = await traces.ends(root, OUTPUT, page_size=5_000, page_token=token)
        assert len(page.nodes) <= limits.PAGE_SIZE_MAX
        found, token = found + list(page.nodes), page.next_page_token
    assert [parse_id(node.inventory_lot_id) for node in found] == ends
    with pytest.raises(Refused) as refused:
        await traces.ends(root, INPUT, page_token=first.next_page_token)
    assert facts(refused.value)[3] == ["page_token"]
    with pytest.raises(Refused) as refused:
        await traces.ends(root, OUTPUT, page_size=-1)
    assert facts(refused.value)[3] == ["page_size"]


async def test_more_lots_than_allowed_truncate(traces: Traces) -> None:
    """Both answers say so; the nearest 10,000 lots are looked at."""
    root, *lots = traces.lots(limits.TRACE_NODES_MAX + 1)
    traces.consumptions(*((root, lot) for lot in lots[:-1]), (lots[0], lots[-1]))
    graph = await traces.graph(root, direction=OUTPUT)
    assert (len(graph.nodes), graph.truncated) == (limits.TRACE_NODES_MAX, True)
    assert {node.depth for node in graph.nodes} == {0, 1}
    ends = await traces.ends(root, OUTPUT, page_size=1_000)
    assert ends.truncated
    assert parse_id(ends.nodes[0].inventory_lot_id) == lots[1]


async def test_more_edges_than_allowed_truncate(traces: Traces) -> None:
    """150 lots into each of 150; the answer holds 20,000 edges at most, and 4 MB."""
    ones, others = traces.lots(150), traces.lots(150)
    traces.consumptions(*((one, other) for one in ones for other in others), *((others[0], one) for one in ones))
    graph = await traces.graph(others[0], direction=OUTPUT)
    assert len(graph.edges) <= limits.TRACE_EDGES_MAX
    assert graph.truncated
    assert graph.ByteSize() <= limits.ANSWER_BYTES_MAX


async def test_an_answer_too_heavy_loses_its_farthest_lots(traces: Traces) -> None:
    """Names of 1,000 bytes with their paths: some four thousand lots fit; sums are those of the edges that stay."""
    root, *lots = traces.lots(5_001, name="é" * 210, spare1="")
    traces.consumptions(*((root, lot) for lot in lots[:4_000]), *((lots[0], lot) for lot in lots[4_000:]))
    with traces.plant.store.write() as connection:
        connection.execute(tables.material.update().values(path="ü" * 230))
    graph = await traces.graph(root, direction=OUTPUT)
    assert graph.truncated
    assert limits.ANSWER_BYTES_MAX * 0.99 < graph.ByteSize() <= limits.ANSWER_BYTES_MAX
    assert [node.depth for node in graph.nodes] == sorted(node.depth for node in graph.nodes)
    present = {node.inventory_lot_id for node in graph.nodes}
    assert all({edge.from_inventory_lot_id, edge.to_inventory_lot_id} <= present for edge in graph.edges)
    assert graph.nodes[0].quantity_out == len(graph.edges) == len(graph.nodes) - 1
    page = await traces.ends(root, OUTPUT, page_size=1_000)
    assert page.ByteSize() <= limits.ANSWER_BYTES_MAX


@pytest.mark.parametrize("seed", range(8))
def test_a_store_is_walked_as_memory_is(plant: StoredPlant, seed: int) -> None:
    """Random genealogies, every direction and several bounds: the same lots and edges in the same order."""
    genealogy = random_genealogy(lots=60, edges=150, seed=seed, orders=seed * 2)
    stored = {
        type(key)(*(_moved(part) if isinstance(part, bytes) else part for part in key)): edge
        for key, edge in genealogy.edges.items()
    }
    orders = {key.order_id for key in stored if isinstance(key, OrderEdgeKey)}
    for lot in sorted({end for key in stored for end in ends_of(key)} - orders):
        plant.lot(f"L{lot.hex()}", id=lot)
    for order in sorted(orders):
        plant.production_order(f"O{order.hex()}", id=order)
    of_lots = ("from_lot_id", "to_lot_id", "lot_record_type", "quantity", "record_count")
    of_orders = ("lot_id", "lot_record_type", "production_order_id", "quantity", "record_count")
    with plant.store.write() as connection:
        for table, names_of_columns, kind in (
            (genealogy_tables.lot_edge, of_lots, EdgeKey),
            (genealogy_tables.order_edge, of_orders, OrderEdgeKey),
        ):
            rows = [(*key, edge.millionths, edge.record_count) for key, edge in stored.items() if type(key) is kind]
            if rows:
                connection.execute(insert(table), [dict(zip(names_of_columns, row, strict=True)) for row in rows])
    genealogy.edges = stored
    root = min(key.from_lot_id for key in stored if isinstance(key, EdgeKey))
    for direction in (INPUT, OUTPUT):
        for nodes_max in (10_000, 20):
            with plant.store.read() as connection:
                of_store = ends(root, direction, nodes_max, 200_000, EdgeReading(connection).links_onward)
            of_memory = ends(root, direction, nodes_max, 200_000, genealogy.links_onward)
            assert of_store == of_memory if nodes_max == 10_000 else of_store[1] == of_memory[1]
    for direction in TraceDirection:
        for bounds in (Bounds(50, 10_000, 20_000), Bounds(2, 100, 100), Bounds(50, 20, 100), Bounds(50, 100, 30)):
            with plant.store.read() as connection:
                found: Trace = trace(root, direction, bounds, EdgeReading(connection).edges_onward)
            expected = trace(root, direction, bounds, genealogy.edges_onward)
            assert (list(found.depths.items()), list(found.edges.items()), found.truncated) == (
                list(expected.depths.items()),
                list(expected.edges.items()),
                expected.truncated,
            )


def _moved(node: bytes) -> Any:
    return node[:1] + b"\1" + node[2:]
