"""The rules of saving a lot: its status is guarded and recorded; material and unit stay once it has a record."""

from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.apply.movement import apply
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.keys import DefinitionKey, Key, LotKey
from lotkeeper_server.domain.kinds import kind_of_action
from lotkeeper_server.domain.model.definition_cache import DefinitionCache
from lotkeeper_server.domain.model.enumerations import InventoryActionType, LotStatus
from lotkeeper_server.domain.model.identifiers import LotId, MaterialId
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Fault, ImmutableField, InvalidArgument, PermissionDenied
from lotkeeper_server.domain.resolve.action import Action
from lotkeeper_server.domain.resolve.lots import USABLE
from lotkeeper_server.domain.working_set import WorkingSet
from lotkeeper_server.store.db.rows import value_where
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.entities.lots import with_records
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.entities.stock import places_of_lot
from lotkeeper_server.store.entities.within import limited_by
from lotkeeper_server.store.schema.tables import material
from lotkeeper_server.store.state.loading import load
from lotkeeper_server.store.state.writing import write_changes

STATUS_CHANGE_PERMISSION = "INVENTORY.WRITE.STATUS_CHANGE"


def check_status(saving: Saving) -> None:
    """Checks that a changed status has its own permission and, without a mask, the version that the caller read."""
    if saving.old is None:
        return
    saving.new["status"] = status_after(saving.old, saving.new["status"], saving.tx.now_millis)
    if not saving.changed("status"):
        return
    if not saving.may(STATUS_CHANGE_PERMISSION):
        saving.refuse(PermissionDenied(permission=STATUS_CHANGE_PERMISSION))
    elif (scope := saving.scope_of(STATUS_CHANGE_PERMISSION)) is not None:
        _check_lies_within(saving, scope)
    if saving.looked_at is None and not saving.named_version:
        text = "must be given when a status changes, so that an old form cannot undo a hold"
        saving.refuse(InvalidArgument.on(saving.path_of("version"), Fault.required(text)))


def _check_lies_within(saving: Saving, scope: Scope) -> None:
    """A status holds wherever the lot lies, so all of that must be where the caller may change it."""
    connection = saving.tx.connection
    limit, places = limited_by(connection, scope), places_of_lot(connection, saving.id)
    if limit.among(connection, places) != places:
        saving.refuse(limit.refusal.at(saving.path_of("status")))


def status_after(old: EntityRow, given: int, now_millis: int) -> int:
    """A lot's status once the given one is saved: EXPIRED changes nothing where the lot shows it by its date."""
    status: int = old["status"]
    expiration = old["expiration_millis"]
    shows_expired = expiration is not None and expiration < now_millis and LotStatus(status) in USABLE
    return status if given == LotStatus.EXPIRED and shows_expired else given


def check(saving: Saving) -> None:
    """Takes the material's unit if none is given; refuses another material or unit for a lot that has a record."""
    new = saving.new
    if new["unit_of_measure_id"] is None and saving.old is None and new["material_id"] is not None:
        new["unit_of_measure_id"] = value_where(
            saving.tx.connection, material, "unit_of_measure_id", id=new["material_id"]
        )
    if saving.old is None:
        return
    for name in ("material", "unit_of_measure"):
        if saving.changed(f"{name}_id") and _has_record(saving):
            refusal = ImmutableField(entity=saving.description.refusal_entity, field=f"{name}_id")
            saving.refuse(refusal.at(saving.path_of(f"{name}_id")))


def _has_record(saving: Saving) -> bool:
    return bool(with_records(saving.tx.connection, [saving.id]))


def before_write(saving: Saving) -> None:
    """Sets the closing moment of a new lot; the status of an existing one is changed afterwards, with its record."""
    if saving.old is None:
        closed = saving.new["status"] == LotStatus.CLOSED
        saving.new["closed_millis"] = saving.tx.now_millis if closed else None
    elif saving.changed("status"):
        saving.changes_status_to = LotStatus(saving.new["status"])
        saving.new["status"] = saving.old["status"]


def after_write(saving: Saving) -> None:
    """Writes a STATUS_CHANGE record for a changed status, as a part of the save's edit."""
    if saving.changes_status_to is None:
        return
    tx, lot_id, material_id = saving.tx, LotId(saving.id), MaterialId(saving.new["material_id"])
    state = WorkingSet(DefinitionCache())
    keys: list[Key] = [LotKey(lot_id), DefinitionKey("material", material_id)]
    if saving.new["unit_of_measure_id"] is not None:
        keys.append(DefinitionKey("unit_of_measure", saving.new["unit_of_measure_id"]))
    load(WriteTransaction(tx.connection), state, keys)
    lot, material = state.lot(lot_id), state.material(material_id)
    assert lot is not None
    assert material is not None
    action = Action(
        kind=kind_of_action(InventoryActionType.STATUS_CHANGE),
        material=material,
        lot=lot,
        secondary_lot=None,
        new_lots=[],
        quantity_millionths=0,
        unit=None,
        source=None,
        destination=None,
        inventory_name="",
        start_millis=tx.now_millis,
        end_millis=tx.now_millis,
        reason_code=None,
        notes="",
        operation=None,
        operation_record_id="",
        production_order=None,
        increments_order=False,
        principal=saving.principal,
        request_id="",
        versioned={lot_id},
        lot_status=saving.changes_status_to,
    )
    apply(state, action, _moment(tx))
    write_changes(WriteTransaction(tx.connection), state.changes())


def _moment(tx: Transaction) -> Context:
    """The present moment, for a call without dates and request id: their limits are not needed."""
    return Context(tx.now_millis, tx.new_id, _no_uuid, tx.next_effect_order, 0, 0, 0, 1)


def _no_uuid() -> str:
    raise AssertionError("a change of status names nothing")
