"""Things that a request names, as values: read from it without a store, found later in a snapshot of the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from lotkeeper_server.catalog.descriptions import UNIQUE_NAME_TARGETS
from lotkeeper_server.domain.model.identifiers import Id, format_id
from lotkeeper_server.domain.refusals import (
    Fault,
    FieldViolation,
    InvalidArgument,
    LotMaterialMismatch,
    MaterialRequired,
    NotFound,
    Refused,
)
from lotkeeper_server.store.db.rows import stored_row, value_where
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.entities.paths import path_of
from lotkeeper_server.store.entities.within import PLACES, within
from lotkeeper_server.store.schema import tables

LOT_FIELD: Final = "lot_id_or_name"
MATERIAL_FIELD: Final = "material_id_or_path"
LOCATION_FIELD: Final = "location_id_or_path"
_METADATA: Final = {"id": "id", "name": "name", "path": "path", "symbol": "symbol", "reason_code": "code"}
"""The name in refusals of a column by which things are looked up."""


class Named(Protocol):
    """One thing that a request names."""

    def find(self, snapshot: Snapshot) -> Id:
        """Its id.

        Raises:
            Refused: on the request's field, where the thing does not exist.
        """


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """A thing named by its id, or by the first column that it can be looked up by.

    Attributes:
        target: the table.
        given: an id, or a path, name or code.
        field: of the request.
    """

    target: str
    given: Id | str
    field: str

    def find(self, snapshot: Snapshot) -> Id:
        return look_up(snapshot, self.target, self.given, self.field)


@dataclass(frozen=True, slots=True)
class NamedLot:
    """A lot by id, or by name within its material; a material given with an id must be the lot's.

    Attributes:
        given: an id or a name, on `lot_id_or_name`.
        material: None where absent.
    """

    given: Id | str
    material: NamedEntity | None

    def find(self, snapshot: Snapshot) -> Id:
        """The lot's id.

        Raises:
            Refused: LOT_NOT_FOUND, MATERIAL_NOT_FOUND, MATERIAL_REQUIRED or LOT_MATERIAL_MISMATCH.
        """
        material_id = None if self.material is None else self.material.find(snapshot)
        if isinstance(self.given, bytes):
            return _checked_lot(snapshot, self.given, material_id)
        if material_id is None:
            text = f"A lot named {self.given} cannot be looked up without a material; give one, or the lot's id."
            raise Refused(MaterialRequired(text=text).at(MATERIAL_FIELD))
        found: Id | None = value_where(snapshot, tables.inventory_lot, "id", material_id=material_id, name=self.given)
        if found is None:
            raise Refused(NotFound(entity="inventory_lot", name=self.given).at(LOT_FIELD))
        return found


def _checked_lot(snapshot: Snapshot, lot_id: Id, material_id: Id | None) -> Id:
    row = stored_row(snapshot, tables.inventory_lot, lot_id)
    if row is None:
        raise Refused(NotFound(entity="inventory_lot", id=format_id(lot_id)).at(LOT_FIELD))
    if material_id is not None and row["material_id"] != material_id:
        path = path_of(snapshot, tables.material, material_id)
        raise Refused(LotMaterialMismatch(lot=row["name"], material=path).at(LOT_FIELD))
    return lot_id


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit by id, name or symbol, or by several of them, which then must all name the same unit.

    Attributes:
        field: of the request, without the part: `from_unit_of_measure`.
        given: by part, `id`, `name` or `symbol`; at least one.
    """

    field: str
    given: Mapping[str, Id | str]

    def find(self, snapshot: Snapshot) -> Id:
        found = {part: self._find(snapshot, part, value) for part, value in self.given.items()}
        if len(set(found.values())) > 1:
            text = "names something else than the other fields for it"
            raise Refused(
                InvalidArgument.of(
                    tuple(FieldViolation.of(f"{self.field}_{part}", Fault.conflicting(text)) for part in found)
                )
            )
        return next(iter(found.values()))

    def _find(self, snapshot: Snapshot, part: str, value: Id | str) -> Id:
        found: Id | None = value_where(snapshot, tables.unit_of_measure, "id", **{part: value})
        if found is None:
            raise Refused(not_found("unit_of_measure", part, value).at(f"{self.field}_{part}"))
        return found


def look_up(snapshot: Snapshot, target: str, given: Id | str, field: str) -> Id:
    """The id of a thing given by id, or by the first column that it can be looked up by.

    Raises:
        Refused: its NOT_FOUND, on the request's field; for a caller who is limited to places PERMISSION_DENIED of what
            lies elsewhere, and of what does not exist and might.
    """
    column = "id" if isinstance(given, bytes) else UNIQUE_NAME_TARGETS[target][0]
    found: Id | None = value_where(snapshot, tables.metadata.tables[target], "id", **{column: given})
    check_seen(snapshot, target, given, found, field)
    if found is None:
        raise Refused(not_found(target, column, given).at(field))
    return found


def check_seen(snapshot: Snapshot, target: str, given: Id | str, found: Id | None, field: str) -> None:
    """Returns where the caller may see what is named, or may be told that it does not exist.

    Args:
        snapshot: in which it was looked for.
        target: the table.
        given: an id, or a path, name or code.
        found: its id; None where it does not exist.
        field: of the request.

    Raises:
        Refused: PERMISSION_DENIED for what lies elsewhere. What does not exist is refused in the same way, so that
            nobody learns what there is; but of a location's path, where it would be can be told from it.
    """
    seen = within(snapshot)
    if seen is None or target not in PLACES:
        return
    if found is None and target == "location" and isinstance(given, str) and seen.has_path(given):
        return
    row = None if found is None else stored_row(snapshot, tables.metadata.tables[target], found)
    seen.check_row(snapshot, target, row, field)


def not_found(target: str, column: str, given: Id | str) -> NotFound:
    """The refusal that nothing in a table has this value in a lookup column."""
    shown = format_id(given) if isinstance(given, bytes) else given
    return NotFound.by(target, _METADATA[column], shown)
