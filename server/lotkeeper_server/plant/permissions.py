"""What a document needs beside the permission to import it: the permissions of the calls that would do the same.

All of them are looked at before anything is written.
"""

from collections.abc import Callable
from typing import Final

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.lot_rules import STATUS_CHANGE_PERMISSION, status_after
from lotkeeper_server.domain.refusals import PermissionDenied, Refused
from lotkeeper_server.plant.lookup import Names
from lotkeeper_server.plant.reading import Plant
from lotkeeper_server.plant.sections import INVENTORY, LOTS
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.lots import lots_named

May = Callable[[str], bool]
"""Whether the caller has a permission."""
_LOT_WRITE: Final = "LOT.WRITE"
SECTION_PERMISSIONS: Final = {LOTS: _LOT_WRITE, INVENTORY: "INVENTORY.WRITE.EDIT"}
"""What an entry of a section needs: the permission of SaveLot, and that of an EDIT. All others need no more."""
STOCK_READ: Final = "INVENTORY.READ"
LOTS_READ: Final = ("LOT.READ", STOCK_READ)
"""What an export with lots and their stock needs: the permissions of ListLots and ListInventory."""


def may_everything(_permission: str) -> bool:
    """For whoever holds the store itself, on the server's command line."""
    return True


def check_sections(plant: Plant, may: May) -> None:
    """Looks at what the document's sections need, without a look at the store.

    Raises:
        Refused: PERMISSION_DENIED, naming the permission and the section.
    """
    for section, entries in ((LOTS, plant.entries.get(d.LOT.entity)), (INVENTORY, plant.stock)):
        permission = SECTION_PERMISSIONS[section]
        if entries and not may(permission):
            raise Refused(PermissionDenied(permission=permission).at(section))


def check_statuses(snapshot: Snapshot, names: Names, plant: Plant, may: May, now_millis: int) -> None:
    """Looks for the first lot whose status the document changes, for a caller who may not.

    Raises:
        Refused: PERMISSION_DENIED, naming the permission and the entry.
    """
    entries = [entry for entry in plant.entries.get(d.LOT.entity, []) if "status" in entry.given]
    if not entries or may(STATUS_CHANGE_PERMISSION):
        return
    names.find("material", {entry.references["material"] for entry in entries})
    keys = [(names.id_of("material", entry.references["material"]), str(entry.message.name)) for entry in entries]
    rows = lots_named(snapshot, {(material_id, name) for material_id, name in keys if material_id is not None})
    for entry, (material_id, name) in zip(entries, keys, strict=True):
        row = None if material_id is None else rows.get((material_id, name))
        if row is not None and status_after(row, entry.values["status"], now_millis) != row["status"]:
            raise Refused(PermissionDenied(permission=STATUS_CHANGE_PERMISSION).at(f"{entry.place}.status"))


def check_lots_to_make(snapshot: Snapshot, names: Names, plant: Plant, may: May) -> None:
    """Looks for the first row of opening stock that would make its lot, for a caller who may not save lots.

    Raises:
        Refused: PERMISSION_DENIED, naming the permission and the row.
    """
    if not plant.stock or may(_LOT_WRITE):
        return
    names.find("material", {entry.material for entry in plant.stock})
    ids = [names.id_of("material", entry.material) for entry in plant.stock]
    keys = {(material_id, entry.lot) for material_id, entry in zip(ids, plant.stock, strict=True) if material_id}
    known, made = lots_named(snapshot, keys), plant.material_paths()
    for material_id, entry in zip(ids, plant.stock, strict=True):
        if (material_id, entry.lot) not in known and (material_id or entry.material in made):
            raise Refused(PermissionDenied(permission=_LOT_WRITE).at(f"{entry.place}.lot"))


def check_export(may: May, *, include_lots: bool) -> None:
    """Looks at what an export needs beside the permission to export.

    Raises:
        Refused: PERMISSION_DENIED, naming the permission.
    """
    for permission in LOTS_READ if include_lots else ():
        if not may(permission):
            raise Refused(PermissionDenied(permission=permission).at("include_lots"))
