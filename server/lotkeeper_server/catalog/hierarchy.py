"""Paths of what forms trees: checked when a parent or name changes, rewritten below in the same transaction."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, ColumnElement, Table, func, select, update

from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import HierarchyCycle, InvalidArgument
from lotkeeper_server.store.schema import tables

BELOW: Final[dict[str, Sequence[Table]]] = {
    "location": (tables.location,),
    "material_class": (tables.material_class, tables.material),
    "material": (),
}
"""The tables whose paths begin with those of a table."""


def below(column: "Column[str] | ColumnElement[str]", path: str) -> ColumnElement[bool]:
    """Whether a path lies below another one, by code point: `/` comes right before `0`."""
    return (column >= f"{path}/") & (column < f"{path}0")


def check(saving: Saving) -> None:
    """Puts the path into the row to save; refuses cycles and paths that would become too long."""
    parent = saving.description.parent
    if parent is None:
        return
    reference = next(one for one in saving.description.references if one.name == parent)
    parent_id = saving.new[reference.column]
    path = saving.new["name"]
    if parent_id is not None:
        (parent_path,) = saving.lookups.values_of(reference.target, parent_id, ("path",))
        if _is_cycle(saving, parent_id, parent_path, reference.target):
            refusal = HierarchyCycle(entity=saving.description.refusal_entity, id=format_id(saving.id))
            saving.refuse(refusal.at(saving.path_of(reference.id_field)))
            return
        path = f"{parent_path}/{path}"
    longest = len(path) + _longest_below(saving)
    if longest > limits.PATH_CODE_POINTS_MAX:
        moved = saving.old is not None and saving.old[reference.column] != parent_id
        field_name = reference.id_field if moved else "name"
        text = f"makes a path of {longest} code points; {limits.PATH_CODE_POINTS_MAX} are allowed"
        saving.refuse(InvalidArgument.on(saving.path_of(field_name), text))
    saving.new["path"] = path


def _is_cycle(saving: Saving, parent_id: bytes, parent_path: str, target: str) -> bool:
    if saving.old is None or target != saving.description.table.name:
        return False
    return parent_id == saving.id or parent_path.startswith(saving.old["path"] + "/")


def _longest_below(saving: Saving) -> int:
    """How much longer than the entity's own the longest path below it is."""
    if saving.old is None:
        return 0
    old_path: str = saving.old["path"]
    longest = 0
    for table in BELOW[saving.description.table.name]:
        length = saving.tx.connection.execute(
            select(func.max(func.length(table.c.path))).where(below(table.c.path, old_path))
        ).scalar()
        longest = max(longest, (length or 0) - len(old_path))
    return longest


def after_write(saving: Saving) -> None:
    """Rewrites the paths below what was renamed or moved; that is no change of what lies below."""
    if saving.description.parent is None or saving.old is None or saving.old["path"] == saving.new["path"]:
        return
    connection, old_path = saving.tx.connection, saving.old["path"]
    for table in BELOW[saving.description.table.name]:
        lies_below = below(table.c.path, old_path)
        ids = connection.execute(select(table.c.id).where(lies_below)).scalars().all()
        rewritten = saving.new["path"] + func.substr(table.c.path, len(old_path) + 1)
        connection.execute(update(table).where(lies_below).values(path=rewritten))
        saving.note(connection, table.name, ids)
