"""One save in progress: what its steps know and pass on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.lookups import Lookups
from lotkeeper_server.domain.model.enumerations import LotStatus
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.domain.model.scope import Scope
from lotkeeper_server.domain.refusals import Refusal, Refused
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.row import EntityRow
from lotkeeper_server.store.state.definition_changes import note_definition_changes

NoteChanges = Callable[[Snapshot, str, Iterable[bytes]], None]
"""Says which rows of a table changed, like `note_definition_changes`."""

ScopeOf = Callable[[str], Scope | None]
"""Where somebody has a permission; None for everywhere."""


def everywhere(_permission: str) -> None:
    """For whoever is not limited to places."""


@dataclass(slots=True)
class Saving:
    """One save in progress.

    Attributes:
        tx: the write transaction.
        lookups: what the checks look up.
        description: of the entity.
        principal: who saves.
        may: says whether the caller has a permission.
        looked_at: the proto fields that count; None for every one.
        old: the stored row by column; None for a creation.
        new: the row to store.
        named_version: the version that the caller read; 0 for none.
        id: of what is saved.
        collected: where a validation gathers refusals; None raises the first.
        changes_status_to: the new status of a lot, once it is certain that the save changes it.
        given_instead: for references without a given id: the field that was given, by the id's field.
        unsettled: fields, and whole references, whose new value is not known because it was refused.
        note: where changed definitions are noted.
        scope_of: says where the caller has a permission.
    """

    tx: Transaction
    lookups: Lookups
    description: Description
    principal: str
    may: Callable[[str], bool]
    looked_at: frozenset[str] | None
    named_version: int
    id: Id
    collected: list[Refusal] | None
    old: EntityRow | None = None
    new: EntityRow = field(default_factory=dict)
    changes_status_to: LotStatus | None = None
    unsettled: set[str] = field(default_factory=set)
    given_instead: dict[str, str] = field(default_factory=dict)
    note: NoteChanges = note_definition_changes
    scope_of: ScopeOf = everywhere

    def refuse(self, refusal: Refusal) -> None:
        """Raises a refusal, or notes it for a validation."""
        if self.collected is None:
            raise Refused(refusal)
        self.collected.append(refusal)

    def path_of(self, field_name: str) -> str:
        """The request's path of a field: `location.name`; for a reference without an id, the field that was given."""
        return f"{self.description.entity}.{self.given_instead.get(field_name, field_name)}"

    def looks_at(self, field_name: str) -> bool:
        """Whether the save is about this field."""
        return self.looked_at is None or field_name in self.looked_at

    def changed(self, column: str) -> bool:
        """Whether a column gets a new value."""
        return self.old is None or self.old[column] != self.new[column]

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write."""
        return self.old is None or self.new != self.old or self.changes_status_to is not None

    def after(self) -> EntityRow:
        """The row in the end: a changed status is written with its record, separately from the rest."""
        return self.new if self.changes_status_to is None else self.new | {"status": int(self.changes_status_to)}
