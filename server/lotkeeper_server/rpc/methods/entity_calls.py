"""Save, Get, List and Delete for every entity of the catalog."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from lotkeeper_server.catalog.deleting import check_deletable, delete_one
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.reading import messages, read_one
from lotkeeper_server.catalog.saving import Saver, save_one
from lotkeeper_server.domain.model.audit import Effect
from lotkeeper_server.domain.model.identifiers import ID_BYTES
from lotkeeper_server.domain.refusals import Fault
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call
from lotkeeper_server.rpc.wire.entity_filters import read_filters
from lotkeeper_server.rpc.wire.masks import read_mask
from lotkeeper_server.rpc.wire.naming import read_key
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.pages import read_page

Entity = TypeVar("Entity", bound=Message)


class Listed(NamedTuple):
    """A page of a list, as its answer has it."""

    messages: Sequence[Any]
    next_page_token: str


async def save_entity(
    engine: Engine, description: Description, entity: Entity, update_mask: FieldMask, call: Call
) -> Entity:
    """Creates it, or updates the fields of the mask, all fields if that is empty; returns what is stored.

    Raises:
        Refused: by the first check that fails.
    """
    mask = read_mask(update_mask)
    saver = Saver(call.principal, call.may, scope_of=call.scope_of)

    def work(tx: Transaction) -> Entity:
        saving = save_one(tx, description, entity, saver, mask)
        if saving.is_change:
            tx.effects.append(Effect(description.entity, saving.id, detail="created" if saving.old is None else ""))
        saved: Entity = read_one(tx.connection, description, saving.id, tx.now_millis)
        return saved

    return await engine.transact(work, call)


async def get_entity(engine: Engine, description: Description, request: Message) -> Any:
    """Reads the entity that the request names.

    Raises:
        Refused: INVALID_ARGUMENT, or its NOT_FOUND.
    """
    key = read_key(description, request, Shape())
    now = engine.clock.now_millis
    return await engine.read(lambda snapshot: read_one(snapshot, description, key.find(snapshot), now()))


async def list_entities(engine: Engine, description: Description, request: Message) -> Listed:
    """Reads a page of those that pass every filter of the request, in the order of ids.

    Raises:
        Refused: INVALID_ARGUMENT, or the NOT_FOUND of what a filter names.
    """
    shape = Shape()
    page = read_page_request(request, shape, ID_BYTES)
    filters = read_filters(description, request, shape)
    shape.check()

    def work(snapshot: Snapshot) -> Listed:
        now = engine.clock.now_millis()
        conditions = filters.conditions(snapshot, now)
        rows, after = read_page(snapshot, description.table, conditions, page.after or None, page.size)
        shown = fitting(messages(snapshot, description, rows, now))
        if len(shown) < len(rows):
            after = rows[len(shown) - 1]["id"]
        return Listed(shown, page_token(request, after))

    return await engine.read(work)


async def delete_entity(engine: Engine, description: Description, request: Message, version: int, call: Call) -> None:
    """Deletes the entity that the request names, unless something refers to it.

    Args:
        engine: does it.
        description: of the entity.
        request: names it.
        version: the one that the caller read; 0 for any.
        call: says who deletes it.

    Raises:
        Refused: INVALID_ARGUMENT, its NOT_FOUND, VERSION_CONFLICT, OPERATION_ALREADY_RUNNING, REFERENCED.
    """
    shape = Shape()
    if version < 0:
        shape.fault("version", Fault.out_of_range(f"{version} is below 0"))
    key = read_key(description, request, shape)
    # Counting a million records takes a moment, so a refusal is found on a snapshot, for which no one waits. The
    # transaction checks again, and has little to count.
    await engine.read(lambda snapshot: check_deletable(snapshot, description, key.find(snapshot), version))

    def work(tx: Transaction) -> None:
        identifier = key.find(tx.connection)
        delete_one(tx, description, identifier, version)
        tx.effects.append(Effect(description.entity, identifier))

    await engine.transact(work, call)
