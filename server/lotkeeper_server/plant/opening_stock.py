"""Opening stock: written by ordinary EDIT actions, so that stock is the sum of its records from the first moment on."""

from collections.abc import Sequence
from dataclasses import dataclass

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.commands import ExecuteActions, RequestedAction
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import InventoryActionType
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.refusals import FieldViolation, Refusal, Refused
from lotkeeper_server.engine import batch
from lotkeeper_server.plant.reading import StockEntry
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.state.loading import StateLoader
from lotkeeper_server.store.state.writing import write_changes

_PLACES = {
    "source_location_id_or_path": "location",
    "lot_id_or_name": "lot",
    "material_id_or_path": "material",
    "inventory_name": "name",
}
"""The document's fields by those of an action."""


@dataclass(frozen=True, slots=True)
class OpeningStock:
    """The first stock of a lot at one location."""

    entry: StockEntry
    location_id: Id
    lot_id: Id


def open_stocks(tx: Transaction, principal: str, opened: Sequence[OpeningStock]) -> None:
    """Gives lots their first stock.

    Raises:
        Refused: like an EDIT, with the place in the document.
    """
    context = Context(tx.now_millis, tx.new_id, _no_uuid, tx.next_effect_order, 0, 0, 0)
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
        FieldViolation(f"{place}.{_PLACES.get(name, name)}", violation.description)
        for name, violation in zip(named, refusal.violations, strict=True)
    )
    return refusal.instead(moved or (FieldViolation(place, refusal.message),))


def _no_uuid() -> str:
    raise AssertionError("an EDIT names nothing")
