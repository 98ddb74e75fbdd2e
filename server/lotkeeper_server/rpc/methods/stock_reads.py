"""ListInventory, ListInventoryLotRecords and GetInventoryLotRecord."""

from lotkeeper.inventory.v1 import inventory_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import RecordId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.refusals import AsOfArchived, NotFound, Refused
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.exact import exact
from lotkeeper_server.rpc.wire.inventory_filters import InventoryQuery, read_inventory_query
from lotkeeper_server.rpc.wire.paging import PageRequest, fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.record_filters import read_record_query
from lotkeeper_server.rpc.wire.record_message import record_message, timestamp
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.archived import archived_among, read_archive_state
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.records_within import check_record_seen
from lotkeeper_server.store.lists import inventory as inventory_listing
from lotkeeper_server.store.lists import records as record_listing
from lotkeeper_server.store.lists.inventory import InventoryEntry, InventoryPage, list_inventory
from lotkeeper_server.store.lists.records import key_of, list_records
from lotkeeper_server.store.lists.stock_history import list_inventory_as_of
from lotkeeper_server.store.state.records import read_records


class StockReads:
    """Reads stock and records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ListInventory(self, request: pb.ListInventoryRequest, _call: Call) -> pb.ListInventoryResponse:  # noqa: N802
        """Lists stock in the order of location ids, then lot ids."""
        shape = Shape()
        page = read_page_request(request, shape, inventory_listing.KEY_BYTES)
        query = read_inventory_query(request, shape)
        shape.check()

        def work(snapshot: Snapshot) -> pb.ListInventoryResponse:
            entries, after = _read_inventory(snapshot, query, page)
            now = self._engine.clock.now_millis()
            shown = fitting([inventory_message(entry, now) for entry in entries])
            if len(shown) < len(entries):
                after = entries[len(shown) - 1].key
            return pb.ListInventoryResponse(inventory=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    async def ListInventoryLotRecords(  # noqa: N802
        self, request: pb.ListInventoryLotRecordsRequest, _call: Call
    ) -> pb.ListInventoryLotRecordsResponse:
        """Lists records newest first, by their moment, then by id."""
        shape = Shape()
        page = read_page_request(request, shape, record_listing.KEY_BYTES)
        query = read_record_query(request, shape)
        shape.check()

        def work(snapshot: Snapshot) -> pb.ListInventoryLotRecordsResponse:
            wanted = query.filter_in(snapshot)
            records, after = list_records(snapshot, wanted, page.after, page.size, oldest_first=request.oldest_first)
            shown = fitting([record_message(record) for record in records])
            if len(shown) < len(records):
                after = key_of(records[len(shown) - 1])
            return pb.ListInventoryLotRecordsResponse(
                inventory_lot_records=shown, next_page_token=page_token(request, after)
            )

        return await self._engine.read(work)

    async def GetInventoryLotRecord(  # noqa: N802
        self, request: pb.GetInventoryLotRecordRequest, _call: Call
    ) -> pb.GetInventoryLotRecordResponse:
        """Reads a record."""
        shape = Shape()
        record_id = RecordId(shape.required_id("inventory_lot_record_id", request.inventory_lot_record_id))
        shape.check()

        def work(snapshot: Snapshot) -> pb.GetInventoryLotRecordResponse:
            records = read_records(snapshot, [record_id])
            check_record_seen(snapshot, records.get(record_id), "inventory_lot_record_id")
            if record_id not in records:
                archived = bool(archived_among(snapshot, [record_id]))
                refusal = NotFound(entity="inventory_lot_record", id=format_id(record_id), archived=archived)
                raise Refused(refusal.at("inventory_lot_record_id"))
            return pb.GetInventoryLotRecordResponse(inventory_lot_record=record_message(records[record_id]))

        return await self._engine.read(work)


def _read_inventory(snapshot: Snapshot, query: InventoryQuery, page: PageRequest) -> InventoryPage:
    """A page of present or past stock."""
    wanted = query.filter_in(snapshot)
    if query.at_millis is None:
        return list_inventory(snapshot, wanted, page.after, page.size)
    check_as_of(snapshot, query.at_millis)
    return list_inventory_as_of(snapshot, wanted, query.at_millis, page.after, page.size)


def check_as_of(snapshot: Snapshot, at_millis: int) -> None:
    """Refuses a moment before the latest archived record: stock of then is not in the store any more."""
    until_millis = read_archive_state(snapshot).until_millis
    if until_millis is not None and at_millis < until_millis:
        raise Refused(AsOfArchived(oldest=rfc3339(until_millis)).at("as_of_millis"))


def inventory_message(entry: InventoryEntry, now: int) -> inventory_pb2.Inventory:
    """A row as a message; its lot shows as EXPIRED once its date is before `now`, milliseconds."""
    past = entry.expiration_millis is not None and entry.expiration_millis < now and entry.lot_status in USABLE
    return inventory_pb2.Inventory(
        location_id=format_id(entry.location_id),
        location_path=entry.location_path,
        inventory_lot_id=format_id(entry.lot_id),
        inventory_lot_name=entry.lot_name,
        lot_status=int(LotStatus.EXPIRED if past else entry.lot_status),  # type: ignore[arg-type]  # numbered alike
        material_id=format_id(entry.material_id),
        material_path=entry.material_path,
        quantity=double_of(entry.millionths),
        exact_quantity=exact(entry.millionths),
        unit_of_measure_id=format_id(entry.unit_id) if entry.unit_id else "",
        unit_of_measure_name=entry.unit_name or "",
        unit_of_measure_symbol=entry.unit_symbol or "",
        name=entry.name,
        production_order_id=format_id(entry.production_order_id) if entry.production_order_id else "",
        production_order_name=entry.production_order_name or "",
        arrived_date=None if entry.arrived_millis is None else timestamp(entry.arrived_millis),
        arrived_record_id=format_id(entry.arrived_record_id) if entry.arrived_record_id else "",
    )
