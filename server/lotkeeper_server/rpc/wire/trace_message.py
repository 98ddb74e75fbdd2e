"""Writes the nodes and edges of traces as messages."""

from lotkeeper.inventory.v1 import trace_service_pb2 as pb

from lotkeeper_server.domain.ask.trace import Flow
from lotkeeper_server.domain.keys import GenealogyKey, OrderEdgeKey
from lotkeeper_server.domain.kinds import INTO_PRIMARY
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.genealogy import primary_lots
from lotkeeper_server.domain.model.identifiers import Id, LotId, ProductionOrderId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.model.stock import Edge
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.rpc.wire.exact import exact
from lotkeeper_server.rpc.wire.record_message import timestamp
from lotkeeper_server.store.lists.traced import NOTHING_ON_HAND, Shown, TracedLot

NO_FLOW = Flow()


def node_message(node: Id, depth: int, flow: Flow | None, shown: Shown, now_millis: int) -> pb.TraceNode:
    """A lot, or a production order.

    Args:
        node: its id.
        depth: how many edges away from the lot asked for.
        flow: the sums of a lot's edges; of an order none.
        shown: what is known about all nodes.
        now_millis: the moment that decides whether a lot is past its date.
    """
    if (name := shown.order_names.get(ProductionOrderId(node))) is not None:
        return pb.TraceNode(production_order_id=format_id(node), production_order_name=name, depth=depth)
    lot = shown.lots[LotId(node)]
    on_hand = shown.on_hand.get(lot.id, NOTHING_ON_HAND)
    flow = flow or NO_FLOW
    return pb.TraceNode(
        inventory_lot_id=format_id(lot.id),
        inventory_lot_name=lot.name,
        lot_status=int(status_shown(lot, now_millis)),  # type: ignore[arg-type]  # numbered alike
        material_id=format_id(lot.material_id),
        material_path=lot.material_path,
        quantity_in=double_of(flow.in_millionths),
        quantity_out=double_of(flow.out_millionths),
        exact_quantity_in=exact(flow.in_millionths),
        exact_quantity_out=exact(flow.out_millionths),
        unit_of_measure_id=format_id(lot.unit_id) if lot.unit_id else "",
        unit_of_measure_name=lot.unit_name or "",
        unit_of_measure_symbol=lot.unit_symbol or "",
        depth=depth,
        expiration_date=None if lot.expiration_millis is None else timestamp(lot.expiration_millis),
        supplier_lot_name=lot.supplier_lot_name,
        quantity_on_hand=double_of(on_hand.millionths),
        exact_quantity_on_hand=exact(on_hand.millionths),
        stock=[
            pb.TraceStock(
                location_id=format_id(one.location_id),
                location_path=one.location_path,
                quantity=double_of(one.millionths),
                exact_quantity=exact(one.millionths),
            )
            for one in on_hand.stock
        ],
    )


def status_shown(lot: TracedLot, now_millis: int) -> LotStatus:
    """The lot's status; EXPIRED for an OPEN or AVAILABLE one past its date."""
    past = lot.expiration_millis is not None and lot.expiration_millis < now_millis and lot.status in USABLE
    return LotStatus.EXPIRED if past else lot.status


def edge_message(key: GenealogyKey, edge: Edge, shown: Shown) -> pb.TraceEdge:
    """An edge, in the unit of its records' primary lot."""
    primary = shown.lots[primary_lots(key)[0]]
    message = pb.TraceEdge(
        lot_record_type=int(key.record_type),  # type: ignore[arg-type]  # numbered alike
        quantity=double_of(edge.millionths),
        exact_quantity=exact(edge.millionths),
        unit_of_measure_id=format_id(primary.unit_id) if primary.unit_id else "",
        unit_of_measure_name=primary.unit_name or "",
        unit_of_measure_symbol=primary.unit_symbol or "",
        record_count=edge.record_count,
    )
    if not isinstance(key, OrderEdgeKey):
        message.from_inventory_lot_id = format_id(key.from_lot_id)
        message.to_inventory_lot_id = format_id(key.to_lot_id)
    elif key.record_type in INTO_PRIMARY:
        message.from_production_order_id = format_id(key.order_id)
        message.to_inventory_lot_id = format_id(key.lot_id)
    else:
        message.from_inventory_lot_id = format_id(key.lot_id)
        message.to_production_order_id = format_id(key.order_id)
    return message
