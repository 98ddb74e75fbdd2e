"""Random questions about what is there, what was there, and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from lotkeeper.inventory.v1 import enums_pb2, inventory_service_pb2, trace_service_pb2

from tests.model.genealogy import graph, held_by_trace, terminal_lots
from tests.model.history import RecordFilter, Room, records_by, room, stock_as_of
from tests.model.lots import keeps_stock, status_at
from tests.model.plant import Plant
from tests.model.quantities import exact, rounded
from tests.model.refusal import Refusal
from tests.property.comparing import Comparing, same
from tests.property.random_plants import Dice
from tests.property.random_requests import PLAIN
from tests.property.served import ServedSide, now_millis

RECORD_TYPES = ["CONSUME", "PRODUCE", "RECEIVE", "MOVE", "MERGE", "SPLIT", "SCRAP", "EDIT", "STATUS_CHANGE"]
STATUSES = ["COMPLETED", "RUNNING", "CANCELLED"]


def ask(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """One question, put to both."""
    questions: list[Callable[[ServedSide, Comparing, Plant, Dice], None]] = [
        ask_records,
        ask_rows,
        ask_as_of,
        ask_graph,
        ask_graph,
        ask_terminal_lots,
        ask_hold,
        ask_room,
    ]
    question = dice.one_of(questions)
    try:
        question(side, comparing, plant, dice)
    except AssertionError as error:
        error.add_note(f"in {question.__name__}")
        raise


def ask_records(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """ListInventoryLotRecords, by pages, in order."""
    moments = [None, None, None, *(record.moment + by for record in plant.records.values() for by in (0, 1))]
    kept: dict[str, Any] = {
        "lot": dice.one_of(list(plant.lots)),
        "material": dice.one_of(list(plant.materials)),
        "operation": dice.one_of(list(plant.operations)),
        "order": dice.one_of(list(plant.orders)),
        "reason_code": dice.one_of(list(plant.reason_codes)),
        "location": dice.one_of(list(plant.locations)),
    }
    first = dice.one_of(list(kept))
    wanted = RecordFilter(
        **{name: value for name, value in kept.items() if name == first or dice.seldom(5)},
        types=tuple({dice.one_of(RECORD_TYPES) for _ in range(dice.one_of([0, 0, 1, 3]))}),
        statuses=tuple({dice.one_of(STATUSES) for _ in range(dice.one_of([0, 0, 1, 2]))}),
        start=dice.one_of(moments),
        end=dice.one_of(moments),
        oldest_first=dice.one_of([True, False]),
    )
    if wanted.lot is not None and wanted.material not in {None, plant.lots[wanted.lot].material}:
        wanted = RecordFilter(lot=wanted.lot)
    if wanted.start is not None and wanted.end is not None and wanted.end < wanted.start:
        wanted = RecordFilter(material=kept["material"], start=wanted.end, end=wanted.start)
    if wanted.location is not None and dice.one_of([True, False]):
        wanted = RecordFilter(location=wanted.location, include_children=True, types=wanted.types)
    compare_records(side, comparing, plant, wanted, dice.one_of([1, 3, 1_000]))


def compare_records(side: ServedSide, comparing: Comparing, plant: Plant, wanted: RecordFilter, page_size: int) -> None:
    """The same records, every field, in the same order."""
    ids = side.ids
    request = inventory_service_pb2.ListInventoryLotRecordsRequest(
        lot_id_or_name=ids[wanted.lot] if wanted.lot else None,
        material_id_or_path=ids[wanted.material] if wanted.material else None,
        inventory_operation_id=ids[wanted.operation] if wanted.operation else None,
        lot_record_types=[enums_pb2.LotRecordType.Value(f"LOT_RECORD_TYPE_{one}") for one in wanted.types],
        statuses=[enums_pb2.Status.Value(f"STATUS_{one}") for one in wanted.statuses],
        start_date_millis=wanted.start,
        end_date_millis=wanted.end,
        production_order_id_or_name=ids[wanted.order] if wanted.order else None,
        material_reason_code_id=ids[wanted.reason_code] if wanted.reason_code else None,
        location_id_or_path=ids[wanted.location] if wanted.location else None,
        include_children=wanted.include_children,
        oldest_first=wanted.oldest_first,
        page_size=page_size,
    )
    told = all_pages(side, side.inventory.ListInventoryLotRecords, request, "inventory_lot_records")
    expected = sorted(
        records_by(plant, wanted),
        key=lambda record: (record.moment, ids[record.key]),
        reverse=not wanted.oldest_first,
    )
    assert [one.id for one in told] == [ids[record.key] for record in expected], f"by {wanted}"
    comparing.records(plant, plant, [record.key for record in expected], told)


def all_pages(side: ServedSide, method: Any, request: Any, name: str) -> list[Any]:
    """Everything that a list has."""
    found: list[Any] = []
    while True:
        response = side.call(method, request)
        found += getattr(response, name)
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def ask_rows(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """ListInventory as it is now, narrowed by name, too."""
    request, places, lots = _row_filter(side, plant, dice)
    names = sorted({side.names.get(row.name, row.name) for row in plant.rows.values() if row.name})
    name = dice.one_of(["", "", *names])
    request.inventory_name = name
    keys = [
        (place, lot)
        for (place, lot), row in plant.rows.items()
        if place in places and lot in lots and (row.quantity != 0 or request.include_empty)
        if name in {"", side.names.get(row.name, row.name)}
    ]
    comparing.rows(plant, keys, all_pages(side, side.inventory.ListInventory, request, "inventory"))


def ask_as_of(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """ListInventory as it was, or will have been."""
    del comparing
    request, places, lots = _row_filter(side, plant, dice)
    ends = [record.end for record in plant.records.values() if record.end is not None]
    moment = dice.one_of([now_millis(), *(end + by for end in ends for by in (0, -1))])
    request.as_of_millis = moment
    told = all_pages(side, side.inventory.ListInventory, request, "inventory")
    assert not any(one.HasField("arrived_date") or one.arrived_record_id for one in told)
    assert len({(one.location_id, one.inventory_lot_id) for one in told}) == len(told)
    expected = {
        (side.ids[place], side.ids[lot]): float(quantity)
        for (place, lot), quantity in stock_as_of(plant, moment).items()
        if place in places and lot in lots and (quantity != 0 or request.include_empty)
    }
    same({(one.location_id, one.inventory_lot_id): one.quantity for one in told}, expected)


def _row_filter(side: ServedSide, plant: Plant, dice: Dice) -> tuple[Any, set[str], set[str]]:
    """A request, and the locations and lots that it is about."""
    request = inventory_service_pb2.ListInventoryRequest(
        include_empty=dice.one_of([True, False]), page_size=dice.one_of([1, 2, 1_000])
    )
    places, lots = set(plant.locations), set(plant.lots)
    by = dice.one_of(["location", "lot", "material", "location and lot", "location and material"])
    if "location" in by:
        location = dice.one_of(list(plant.locations))
        request.location_id_or_path, request.include_children = side.ids[location], dice.one_of([True, False])
        places = plant.below(location, include_children=request.include_children)
    if "lot" in by:
        lot = dice.one_of(list(plant.lots))
        request.lot_id_or_name, lots = side.ids[lot], {lot}
    if "material" in by:
        material = dice.one_of(list(plant.materials))
        request.material_id_or_path = side.ids[material]
        lots = {lot.key for lot in plant.lots.values() if lot.material == material}
    return request, places, lots


def ask_graph(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """GetLotTraceGraph."""
    del comparing
    lot, lots_only = dice.one_of(_linked(plant)), dice.one_of([False, False, True])
    direction, depth = dice.one_of(["BOTH", "INPUT", "OUTPUT", "UNSPECIFIED"]), dice.one_of([None, 1, 2, 3, 50])
    request = trace_service_pb2.GetLotTraceGraphRequest(
        lot_id_or_name=side.ids[lot],
        direction=_direction(direction),
        depth=depth,
        lots_only=lots_only,
    )
    told = side.call(side.trace.GetLotTraceGraph, request)
    expected = graph(plant, lot, direction.replace("UNSPECIFIED", "BOTH"), depth or 10, lots_only=lots_only)
    edges = {
        (side.ids[source], side.ids[target], kind): (float(edge.quantity), edge.records, side.ids[edge.unit])
        for (source, target, kind), edge in expected.edges.items()
    }
    same({_edge_key(one): (one.quantity, one.record_count, one.unit_of_measure_id) for one in told.edges}, edges)
    assert len(told.edges) == len(edges)
    now = now_millis()
    nodes: dict[str, tuple[Any, ...]] = {}
    for key, node in expected.nodes.items():
        if key in plant.orders:
            name = plant.orders[key].name
            nodes[side.ids[key]] = (node.depth, 0.0, 0.0, side.names.get(name, name))
            continue
        kept = plant.lots[key]
        nodes[side.ids[key]] = (
            node.depth,
            float(node.quantity_in),
            float(node.quantity_out),
            side.names.get(kept.name, kept.name),
            f"LOT_STATUS_{status_at(plant, key, now)}",
            side.ids[kept.material],
            side.ids[kept.unit],
            float(_on_hand(plant, key)),
        )
    same({one.production_order_id or one.inventory_lot_id: _node(one) for one in told.nodes}, nodes)
    assert len(told.nodes) == len(nodes)
    assert told.truncated == expected.truncated, (request, expected)


def _linked(plant: Plant) -> list[str]:
    """Lots that have edges, if there are any."""
    linked = [lot for record in plant.records.values() if record.secondary for lot in (record.lot, record.secondary)]
    return linked + [record.lot for record in plant.records.values() if record.order] or list(plant.lots)


def _on_hand(plant: Plant, lot: str) -> Fraction:
    return sum((max(row.quantity, Fraction(0)) for (_, one), row in plant.rows.items() if one == lot), Fraction(0))


def _direction(name: str) -> enums_pb2.TraceDirection.ValueType:
    return enums_pb2.TraceDirection.Value(f"TRACE_DIRECTION_{name}")


def _edge_key(edge: Any) -> tuple[str, str, str]:
    kind = enums_pb2.LotRecordType.Name(edge.lot_record_type).removeprefix("LOT_RECORD_TYPE_")
    start, end = edge.from_inventory_lot_id, edge.to_inventory_lot_id
    return start or edge.from_production_order_id, end or edge.to_production_order_id, kind


def _node(node: Any) -> tuple[Any, ...]:
    if node.production_order_id:
        return (node.depth, node.quantity_in, node.quantity_out, node.production_order_name)
    return (
        node.depth,
        node.quantity_in,
        node.quantity_out,
        node.inventory_lot_name,
        enums_pb2.LotStatus.Name(node.lot_status),
        node.material_id,
        node.unit_of_measure_id,
        node.quantity_on_hand,
    )


def ask_terminal_lots(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """ListTerminalLots."""
    del comparing
    lot, direction = dice.one_of([*_linked(plant), *plant.lots]), dice.one_of(["INPUT", "OUTPUT"])
    lots_only = dice.one_of([False, False, True])
    request = trace_service_pb2.ListTerminalLotsRequest(
        lot_id_or_name=side.ids[lot],
        direction=_direction(direction),
        lots_only=lots_only,
        page_size=dice.one_of([1, 1_000]),
    )
    told = all_pages(side, side.trace.ListTerminalLots, request, "nodes")
    expected = sorted(side.ids[one] for one in terminal_lots(plant, lot, direction, lots_only=lots_only))
    assert [one.inventory_lot_id for one in told] == expected, f"{direction} of {lot}"
    assert not any(one.quantity_in or one.quantity_out for one in told)


def ask_hold(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """What HoldTracedLots would hold: a dry run."""
    lot, lots_only = dice.one_of(_linked(plant)), dice.one_of([False, True])
    direction, depth = dice.one_of(["BOTH", "INPUT", "OUTPUT", "UNSPECIFIED"]), dice.one_of([None, 1, 2, 50])
    request = trace_service_pb2.HoldTracedLotsRequest(
        lot_id_or_name=side.ids[lot],
        direction=_direction(direction),
        depth=depth,
        lots_only=lots_only,
        validate_only=True,
    )
    reply = side.ask(side.trace.HoldTracedLots, request)
    expected = held_by_trace(plant, lot, direction.replace("UNSPECIFIED", "OUTPUT"), depth or 10, lots_only=lots_only)
    if expected is None:
        assert reply.status is not None, f"answered {reply.message}, expected TRACE_TRUNCATED"
        name = plant.lots[lot].name
        refusal = Refusal("TRACE_TRUNCATED", None, lot=side.names.get(name, name), depth=str(depth or 10))
        comparing.refusal(reply.status, refusal)
        return
    assert reply.message is not None, f"refused {reply.status}"
    held, left = expected
    assert {one.inventory_lot_id for one in reply.message.inventory_lot_records} == {side.ids[one] for one in held}
    assert {one.inventory_lot_id for one in reply.message.left} == {side.ids[one] for one in left}
    assert len(reply.message.inventory_lot_records) + len(reply.message.left) == len(held) + len(left)


def ask_room(side: ServedSide, comparing: Comparing, plant: Plant, dice: Dice) -> None:
    """CheckLocationHasCapacity."""
    place, quantity = dice.one_of(list(plant.locations)), dice.one_of(PLAIN)
    material = dice.one_of([None, *plant.materials])
    location = plant.locations[place]
    own = plant.materials[material or "material 0"].unit
    has_limit = location.capacity is not None and keeps_stock(location)
    unit = dice.one_of([own, *plant.units]) if has_limit else own
    assert unit is not None
    request = inventory_service_pb2.CheckLocationHasCapacityRequest(
        location_id_or_path=side.ids[place],
        quantity=quantity,
        unit_of_measure_id=side.ids[unit],
        material_id_or_path=side.ids[material] if material else None,
    )
    reply = side.ask(side.inventory.CheckLocationHasCapacity, request)
    expected = _room(plant, place, rounded(exact(quantity)), unit, material)
    if isinstance(expected, Refusal):
        assert reply.status is not None, f"answered {reply.message}, expected {expected}"
        comparing.refusal(reply.status, expected)
        return
    told = reply.message
    assert told is not None, f"refused {reply.status}"
    assert told.has_capacity == expected.has_capacity, (request, told, expected)
    if expected.capacity is not None and expected.stored is not None:
        free = expected.capacity - expected.stored
        assert (told.capacity, told.stored, told.free) == tuple(
            float(rounded(one)) for one in (expected.capacity, expected.stored, free)
        )
        assert told.unit_of_measure_id == side.ids[location.capacity_unit or ""]
    elif keeps_stock(location):
        assert not any(told.HasField(name) for name in ("capacity", "stored", "free"))


def _room(plant: Plant, place: str, quantity: Fraction, unit: str, material: str | None) -> Room | Refusal:
    try:
        return room(plant, place, quantity, unit, material)
    except Refusal as refusal:
        return refusal
