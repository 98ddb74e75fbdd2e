"""Opening stock: written by ordinary EDIT actions, so that stock is the sum of its records from the first moment on.

It is opened once. What a document says of it later is compared with what was opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lotkeeper.inventory.v1 import inventory_lot_pb2

from lotkeeper_server.catalog.descriptions import LOT
from lotkeeper_server.catalog.fields import Moment
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.dates import rfc3339
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import InventoryActionType
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.model.quantity import decimal_text
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refusal, Refused
from lotkeeper_server.engine import batch
from lotkeeper_server.plant.reading import StockEntry
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.entities.opened import NEVER, Opened
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.state.loading import StateLoader
from lotkeeper_server.store.state.writing import write_changes

_QUANTITY: Final = "quantity"
_EXPIRATION: Final = "expiration_date"
_SUPPLIER: Final = "supplier_lot_name"
_PLACES: Final = {
    "source_location_id_or_path": "location",
    "lot_id_or_name": "lot",
    "material_id_or_path": "material",
    "inventory_name": "name",
}
"""The document's fields by those of an action."""
_PLACES_OF_LOT: Final = {"name": "lot", "material_id": "material", "material_path": "material"}
"""The document's fields by those of a lot."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a document says of opened stock, and what there is: it cannot be applied.

    Attributes:
        fields: those that differ, as the document names them.
        stored: the quantity that was opened, as a plain decimal; where that is alike, the first other value.
        given: the same of the document.
    """

    fields: tuple[str, ...]
    stored: str
    given: str


@dataclass(frozen=True, slots=True)
class LotValues:
    """What rows of opening stock say of their lot; None and empty: nothing."""

    expiration_millis: int | None = None
    supplier_lot_name: str = ""

    def filled_from(self, other: "LotValues") -> "LotValues":
        """These, and what only the other says."""
        expiration = other.expiration_millis if self.expiration_millis is None else self.expiration_millis
        return LotValues(expiration, self.supplier_lot_name or other.supplier_lot_name)


@dataclass(frozen=True, slots=True)
class OpeningStock:
    """The first stock of a lot at one location."""

    entry: StockEntry
    location_id: Id
    lot_id: Id


def lot_values(entry: StockEntry) -> LotValues:
    """What a row says of its lot."""
    return LotValues(entry.expiration_millis, entry.supplier_lot_name)


def lot_message(material_id: Id, name: str, said: LotValues) -> inventory_lot_pb2.InventoryLot:
    """A new lot, to be saved."""
    lot = inventory_lot_pb2.InventoryLot(
        name=name, material_id=format_id(material_id), supplier_lot_name=said.supplier_lot_name
    )
    Moment(_EXPIRATION, "").write(said.expiration_millis, lot)
    return lot


def difference_of(
    entry: StockEntry, lot: EntityRow, opened: Opened | None, *, is_kept: bool, is_written_here: bool
) -> Difference | None:
    """What a row says that neither is so nor can be made so; None where there is nothing.

    A quantity is as it should be if it was opened, or is there now, as an export says it.

    Args:
        entry: the row.
        lot: its lot.
        opened: what its row of inventory was opened with; None where that is not there.
        is_kept: whether the lot had a record, and gets no opening stock.
        is_written_here: whether the document itself says what the lot is.

    Raises:
        Refused: INVALID_ARGUMENT where the document says two things of one lot.
    """
    said = lot_values(entry)
    differing: dict[str, tuple[str, str]] = {}
    if is_kept:
        before, now = opened or NEVER
        if before is not None and entry.millionths not in {before, now}:
            differing[_QUANTITY] = decimal_text(before), decimal_text(entry.millionths)
    if said.expiration_millis is not None and said.expiration_millis != lot["expiration_millis"]:
        stored = lot["expiration_millis"]
        differing[_EXPIRATION] = "" if stored is None else rfc3339(stored), rfc3339(said.expiration_millis)
    if said.supplier_lot_name and said.supplier_lot_name != lot[_SUPPLIER]:
        differing[_SUPPLIER] = lot[_SUPPLIER], said.supplier_lot_name
    if is_written_here:
        for name in (_EXPIRATION, _SUPPLIER):
            if name in differing:
                text = f"{differing[name][1]} is not what the document says of the lot elsewhere"
                raise Refused(InvalidArgument.on(f"{entry.place}.{name}", Fault.conflicting(text)))
    return Difference(tuple(differing), *next(iter(differing.values()))) if differing else None


def placed_as_stock(refusal: Refusal, place: str) -> Refusal:
    """The refusal of a lot with the places of the row that makes it."""
    named = [violation.field.removeprefix(f"{LOT.entity}.") for violation in refusal.violations]
    moved = tuple(
        FieldViolation(f"{place}.{_PLACES_OF_LOT.get(name, name)}", violation.description, violation.reason)
        for name, violation in zip(named, refusal.violations, strict=True)
    )
    return refusal.instead(moved or (FieldViolation(f"{place}.lot", refusal.message, refusal.field_reason),))


def open_stocks(tx: Transaction, principal: str, opened: Sequence[OpeningStock]) -> None:
    """Gives lots their first stock.

    Raises:
        Refused: like an EDIT, with the place in the document.
    """
    context = Context(tx.now_millis, tx.new_id, _no_uuid, tx.next_effect_order, 0, 0, 0, 1)
    chunks = [opened[start : start + limits.BATCH_ITEMS_MAX] for start in range(0, len(opened), limits.BATCH_ITEMS_MAX)]
    commands = [ExecuteActions(principal, [_edit(one) for one in chunk]) for chunk in chunks]
    decided = batch.run(StateLoader(tx.connection), DefinitionCache(), commands, context)
    for result, chunk in zip(decided.results, chunks, strict=True):
        if isinstance(result, Refused):
            entry = chunk[result.index or 0].entry
            raise Refused(_placed(result.refusal, entry.place))
    write_changes(WriteTransaction(tx.connection), decided.changes)


def _edit(one: OpeningStock) -> RequestedAction:
    return RequestedAction(
        type=InventoryActionType.EDIT,
        lot=one.lot_id,
        source=one.location_id,
        quantity_millionths=one.entry.millionths,
        inventory_name=one.entry.name or None,
    )


def _placed(refusal: Refusal, place: str) -> Refusal:
    named = [violation.field.rpartition(".")[2] for violation in refusal.violations]
    moved = tuple(
        FieldViolation(f"{place}.{_PLACES.get(name, name)}", violation.description, violation.reason)
        for name, violation in zip(named, refusal.violations, strict=True)
    )
    return refusal.instead(moved or (FieldViolation(place, refusal.message, refusal.field_reason),))


def _no_uuid() -> str:
    raise AssertionError("an EDIT names nothing")
