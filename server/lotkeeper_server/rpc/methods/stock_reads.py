"""ListInventory, ListInventoryLotRecords and GetInventoryLotRecord."""

from collections.abc import Callable

from lotkeeper.inventory.v1 import inventory_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from sqlalchemy import Connection

from lotkeeper_server.catalog.references import look_up
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.enumerations import LotStatus, Status
from lotkeeper_server.domain.model.identifiers import RecordId, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.refusals import AsOfArchived, NotFound, Refused
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.catalog_filters import at_location, find_lot
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.record_filters import conditions_on_records, read_record_criteria, read_vocabulary
from lotkeeper_server.rpc.wire.record_message import record_message, timestamp
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.archived import archived_among, read_archive_state
from lotkeeper_server.store.lists import inventory as inventory_listing
from lotkeeper_server.store.lists import records as record_listing
from lotkeeper_server.store.lists.conditions import Condition, equal
from lotkeeper_server.store.lists.inventory import HOLDS_SOMETHING, NAMED, NOT_ZERO, InventoryEntry, list_inventory
from lotkeeper_server.store.lists.records import RecordFilter, in_status, key_of, list_records
from lotkeeper_server.store.lists.stock_history import list_inventory_as_of
from lotkeeper_server.store.state.records import read_records


class StockReads:
    """What there is, and what was done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def ListInventory(self, request: pb.ListInventoryRequest, _call: Call) -> pb.ListInventoryResponse:  # noqa: N802
        """Lists stock by location id, then lot id."""
        shape = Shape()
        page = read_page_request(request, shape, inventory_listing.KEY_BYTES)
        location = shape.id_or_path("location_id_or_path", request.location_id_or_path)
        lot = shape.id_or_name("lot_id_or_name", request.lot_id_or_name)
        material = shape.id_or_path("material_id_or_path", request.material_id_or_path)
        name = shape.name("inventory_name", request.inventory_name)
        at_millis = shape.millis("as_of_millis", request.as_of_millis if request.HasField("as_of_millis") else None)
        if request.inventory_name and request.HasField("as_of_millis"):
            shape.fault("inventory_name", "cannot be given with as_of_millis: what names rows had is not kept")
        if request.include_children and location is None:
            shape.fault("include_children", "needs a location")
        shape.check()

        def work(connection: Connection) -> pb.ListInventoryResponse:
            of_now = not request.include_empty and at_millis is None
            conditions: list[Condition] = [HOLDS_SOMETHING] if of_now else []
            if location is not None:
                within = NOT_ZERO if of_now else None
                conditions.append(
                    at_location(
                        connection, ("location_id",), location, request.include_children, leads=True, within=within
                    )
                )
            if lot is not None:
                conditions.append(equal("lot_id", find_lot(connection, lot, material)))
            elif material is not None:
                found = look_up(connection, "material", material, "material_id_or_path")
                conditions.append(equal("material_id", found))
            if name is not None:
                conditions.append(equal("name", name, NAMED))
            if at_millis is not None:
                _check_as_of(connection, at_millis)
            if at_millis is None:
                entries, after = list_inventory(connection, conditions, page.after, page.size)
            else:
                entries, after = list_inventory_as_of(
                    connection, conditions, at_millis, page.after, page.size, include_empty=request.include_empty
                )
            now = now_millis()
            shown = fitting([inventory_message(entry, now) for entry in entries])
            if len(shown) < len(entries):
                after = entries[len(shown) - 1].key
            return pb.ListInventoryResponse(inventory=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)

    async def ListInventoryLotRecords(  # noqa: N802
        self, request: pb.ListInventoryLotRecordsRequest, _call: Call
    ) -> pb.ListInventoryLotRecordsResponse:
        """Lists records by their moment, then by id, newest first."""
        shape = Shape()
        page = read_page_request(request, shape, record_listing.KEY_BYTES)
        make_filter = _record_filter(request, shape)
        shape.check()

        def work(connection: Connection) -> pb.ListInventoryLotRecordsResponse:
            wanted = make_filter(connection)
            records, after = list_records(connection, wanted, page.after, page.size, oldest_first=request.oldest_first)
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

        def work(connection: Connection) -> pb.GetInventoryLotRecordResponse:
            records = read_records(connection, [record_id])
            if record_id not in records:
                archived = bool(archived_among(connection, [record_id]))
                refusal = NotFound(entity="inventory_lot_record", id=format_id(record_id), archived=archived)
                raise Refused(refusal.at("inventory_lot_record_id"))
            return pb.GetInventoryLotRecordResponse(inventory_lot_record=record_message(records[record_id]))

        return await self._engine.read(work)


def _check_as_of(connection: Connection, at_millis: int) -> None:
    """Before the latest archived record, stock is no sum of the opening balance and what is left of the records."""
    until_millis = read_archive_state(connection).until_millis
    if until_millis is not None and at_millis < until_millis:
        raise Refused(AsOfArchived(oldest=rfc3339(until_millis)).at("as_of_millis"))


def _record_filter(request: pb.ListInventoryLotRecordsRequest, shape: Shape) -> Callable[[Connection], RecordFilter]:
    """How the filters of a request are made, once there is a snapshot to look things up in."""
    criteria_in = read_record_criteria(request, shape)
    statuses = read_vocabulary(request, shape, "statuses", Status)
    from_millis, before_millis = _time_span(request, shape)

    def made(connection: Connection) -> RecordFilter:
        conditions = conditions_on_records(connection, criteria_in(connection))
        if statuses:
            conditions.append(in_status(statuses))
        return RecordFilter(conditions, from_millis, before_millis)

    return made


def _time_span(request: pb.ListInventoryLotRecordsRequest, shape: Shape) -> tuple[int | None, int | None]:
    """From which moment, and before which."""
    start = shape.millis(
        "start_date_millis", request.start_date_millis if request.HasField("start_date_millis") else None
    )
    end = shape.millis("end_date_millis", request.end_date_millis if request.HasField("end_date_millis") else None)
    if start is not None and end is not None and end < start:
        shape.fault("start_date_millis", "is after end_date_millis")
        shape.fault("end_date_millis", "is before start_date_millis")
    return start, end


def inventory_message(entry: InventoryEntry, now: int) -> inventory_pb2.Inventory:
    """A row as the contract has it; its lot shows as EXPIRED once its date is before `now`, milliseconds."""
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
        unit_of_measure_id=format_id(entry.unit_id) if entry.unit_id else "",
        unit_of_measure_name=entry.unit_name or "",
        unit_of_measure_symbol=entry.unit_symbol or "",
        name=entry.name,
        production_order_id=format_id(entry.production_order_id) if entry.production_order_id else "",
        production_order_name=entry.production_order_name or "",
        arrived_date=None if entry.arrived_millis is None else timestamp(entry.arrived_millis),
        arrived_record_id=format_id(entry.arrived_record_id) if entry.arrived_record_id else "",
    )
