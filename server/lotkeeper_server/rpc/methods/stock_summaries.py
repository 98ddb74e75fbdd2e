"""SummarizeInventory: sums of stock, each page from one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from lotkeeper.inventory.v1 import inventory_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.ask.summary import Summary, summarize
from lotkeeper_server.domain.model.enumerations import InventoryGroupBy
from lotkeeper_server.domain.model.identifiers import ID_BYTES, Id, format_id
from lotkeeper_server.domain.model.quantity import double_of
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.batch import ask
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.methods.stock_reads import check_as_of
from lotkeeper_server.rpc.wire.exact import exact
from lotkeeper_server.rpc.wire.inventory_filters import InventoryQuery, read_inventory_query
from lotkeeper_server.rpc.wire.paging import PageRequest, fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.pages import values_by_id
from lotkeeper_server.store.lists.grouped_rows import GroupBound, Grouping
from lotkeeper_server.store.lists.stock_sums import SumsPage, sum_stock
from lotkeeper_server.store.lists.stock_sums_as_of import sum_stock_as_of
from lotkeeper_server.store.state.loading import StateLoader

_Measured = TypeVar("_Measured", inventory_pb2.InventorySummary, inventory_pb2.UnconvertibleStock)
_GROUP_BY: Final = "group_by"
_TAIL_BYTES: Final = 1 + ID_BYTES
_ALL_OF_IT: Final = b"\xff" * _TAIL_BYTES
"""Stands for a status and a unit after all others."""


class StockSummaries:
    """Sums stock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def SummarizeInventory(  # noqa: N802 - named as in the contract
        self, request: pb.SummarizeInventoryRequest, _call: Call
    ) -> pb.SummarizeInventoryResponse:
        """Sums stock by what the request says, in the order of lots or materials, then locations, statuses, units."""
        shape = Shape()
        grouping = _read_grouping(request, shape)
        page = read_page_request(request, shape, len(grouping.columns) * ID_BYTES + _TAIL_BYTES)
        query = read_inventory_query(request, shape)
        shape.check()
        asked = _Asked(query, grouping, page)

        def work(snapshot: Snapshot) -> pb.SummarizeInventoryResponse:
            summaries, after = asked.answer(snapshot, self._engine.clock.now_millis())
            messages = _Writing(snapshot, grouping, summaries).messages()
            shown = fitting(messages)
            if len(shown) < len(messages):
                after = _key(summaries[len(shown) - 1])
            return pb.SummarizeInventoryResponse(inventory_summaries=shown, next_page_token=page_token(request, after))

        return await self._engine.read(work)


def _read_grouping(request: pb.SummarizeInventoryRequest, shape: Shape) -> Grouping:
    """What is grouped by; the same one twice counts once."""
    by: set[InventoryGroupBy] = set()
    if not request.group_by:
        shape.fault(_GROUP_BY, Fault.required())
    if len(request.group_by) > limits.FILTER_VALUES_MAX:
        shape.fault(
            _GROUP_BY,
            Fault.out_of_range(f"has {len(request.group_by)} values; at most {limits.FILTER_VALUES_MAX} are allowed"),
        )
        return Grouping(frozenset())
    for index, number in enumerate(request.group_by):
        try:
            by.add(InventoryGroupBy(number))
        except ValueError:
            shape.fault(f"{_GROUP_BY}[{index}]", Fault.unknown(f"{number} is not a value of InventoryGroupBy"))
    return Grouping(frozenset(by))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page of summaries, as a request asks for it."""

    query: InventoryQuery
    grouping: Grouping
    page: PageRequest

    def answer(self, snapshot: Snapshot, now_millis: int) -> tuple[list[Summary], bytes]:
        """The page, and the key after which the next one begins; empty on the last page."""
        found = self._sums(snapshot, now_millis)
        summaries = ask(
            StateLoader(snapshot),
            lambda state: summarize(state, found.sums, of_one_material=self.grouping.of_one_material),
        )
        later = [one for one in summaries if _key(one) > self.page.after]
        shown = later[: self.page.size]
        if len(shown) < len(later):
            same = shown[-1].group[0] == later[len(shown)].group[0]
            return shown, _key(shown[-1]) if same else b"".join(shown[-1].group[0]) + _ALL_OF_IT
        return shown, b"" if found.last is None else b"".join(found.last) + _ALL_OF_IT

    def _sums(self, snapshot: Snapshot, now_millis: int) -> SumsPage:
        wanted, begin = self.query.filter_in(snapshot), self._begin()
        if self.query.at_millis is None:
            return sum_stock(snapshot, wanted, self.grouping, begin, self.page.size, now_millis)
        check_as_of(snapshot, self.query.at_millis)
        return sum_stock_as_of(snapshot, wanted, self.grouping, begin, self.page.size, now_millis, self.query.at_millis)

    def _begin(self) -> GroupBound | None:
        """The group of the last summary of the page before; with it, unless all of it was shown."""
        after = self.page.after
        if not after:
            return None
        ids, tail = after[:-_TAIL_BYTES], after[-_TAIL_BYTES:]
        key = tuple(ids[begin : begin + ID_BYTES] for begin in range(0, len(ids), ID_BYTES))
        return GroupBound(key, inclusive=tail != _ALL_OF_IT)


def _key(summary: Summary) -> bytes:
    """Its place in the list."""
    ids, status = summary.group
    return b"".join(ids) + status.to_bytes(1, "big") + (summary.unit_id or bytes(ID_BYTES))


class _Writing:
    """Writes summaries as messages, with the names that things have now."""

    def __init__(self, snapshot: Snapshot, grouping: Grouping, summaries: Sequence[Summary]) -> None:
        self._grouping = grouping
        self._summaries = summaries
        ids = {column: {one.group[0][place] for one in summaries} for place, column in enumerate(grouping.columns)}
        self._lots = values_by_id(snapshot, "inventory_lot", ("name",), ids.get("lot_id", ()))
        self._locations = values_by_id(snapshot, "location", ("path",), ids.get("location_id", ()))
        materials = {one.material_id for one in summaries if one.material_id is not None}
        self._materials = values_by_id(snapshot, "material", ("path",), materials)
        units = {one.unit_id for one in summaries} | {left.unit_id for one in summaries for left in one.not_converted}
        known = {unit_id for unit_id in units if unit_id is not None}
        self._units = values_by_id(snapshot, "unit_of_measure", ("name", "symbol"), known)

    def messages(self) -> list[inventory_pb2.InventorySummary]:
        """One for each."""
        return [self._message(one) for one in self._summaries]

    def _message(self, summary: Summary) -> inventory_pb2.InventorySummary:
        ids, status = summary.group
        message = inventory_pb2.InventorySummary(
            lot_status=status,  # type: ignore[arg-type]  # numbered alike
            quantity=double_of(summary.millionths),
            exact_quantity=exact(summary.millionths),
            rows=summary.rows,
            lots=summary.lots,
            not_converted=[
                self._with_unit(
                    inventory_pb2.UnconvertibleStock(
                        quantity=double_of(left.millionths), exact_quantity=exact(left.millionths)
                    ),
                    left.unit_id,
                )
                for left in summary.not_converted
            ],
        )
        if summary.material_id is not None:
            message.material_id = format_id(summary.material_id)
            message.material_path = self._materials[summary.material_id][0]
        of: Mapping[str, Id] = dict(zip(self._grouping.columns, ids, strict=True))
        if (lot_id := of.get("lot_id")) is not None:
            message.inventory_lot_id, message.inventory_lot_name = format_id(lot_id), self._lots[lot_id][0]
        if (location_id := of.get("location_id")) is not None:
            message.location_id, message.location_path = format_id(location_id), self._locations[location_id][0]
        return self._with_unit(message, summary.unit_id)

    def _with_unit(self, message: _Measured, unit_id: Id | None) -> _Measured:
        if unit_id is not None:
            message.unit_of_measure_id = format_id(unit_id)
            message.unit_of_measure_name, message.unit_of_measure_symbol = self._units[unit_id]
        return message
