"""Paths of trees: checked when a parent or name changes, and rewritten below in the same transaction."""

from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Fault, HierarchyCycle, InvalidArgument
from lotkeeper_server.store.entities.paths import longest_path_below, rewrite_paths_below


def check(saving: Saving) -> None:
    """Sets the path in the row to save; refuses cycles and paths that would become too long."""
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
        text = f"makes a path of {longest} code points; at most {limits.PATH_CODE_POINTS_MAX} are allowed"
        saving.refuse(InvalidArgument.on(saving.path_of(field_name), Fault.too_long(text)))
    saving.new["path"] = path


def _is_cycle(saving: Saving, parent_id: bytes, parent_path: str, target: str) -> bool:
    if saving.old is None or target != saving.description.table.name:
        return False
    return parent_id == saving.id or parent_path.startswith(saving.old["path"] + "/")


def _longest_below(saving: Saving) -> int:
    """How much longer the longest path below the entity is than its own."""
    if saving.old is None:
        return 0
    old_path: str = saving.old["path"]
    longest = longest_path_below(saving.tx.connection, saving.description.table, old_path)
    return max(0, longest - len(old_path))


def after_write(saving: Saving) -> None:
    """Rewrites the paths below what was renamed or moved; that does not count as a change of what lies below."""
    if saving.description.parent is None or saving.old is None or saving.old["path"] == saving.new["path"]:
        return
    connection, table = saving.tx.connection, saving.description.table
    rewritten = rewrite_paths_below(connection, table, saving.old["path"], saving.new["path"])
    for table_name, ids in rewritten.items():
        saving.note(connection, table_name, ids)
