"""The filters of lists of entities, as values: made from a request, applied to a snapshot of the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.naming import NamedEntity
from lotkeeper_server.domain.model.enumerations import InventoryOperationType, LotStatus, Status
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.lists.conditions import (
    Condition,
    LocationFilter,
    at_location,
    begins_with,
    below_value,
    equal,
)
from lotkeeper_server.store.lists.entities import ROUTE, is_enabled, runs_in, shows, supplied_as


class EntityFilters(Protocol):
    """The filters of one list; a filter that is None or empty does not apply."""

    def conditions(self, snapshot: Snapshot, now_millis: int, /) -> list[Condition]:
        """What they mean.

        Args:
            snapshot: where what they name is looked up.
            now_millis: the moment by which lots show as EXPIRED, milliseconds since the epoch.

        Raises:
            Refused: where something that they name does not exist.
        """


@dataclass(frozen=True, slots=True)
class MasterDataFilters:
    """The filters of a list of master data.

    Attributes:
        description: of the entity.
        parents: for each column, what it must refer to.
        enabled: whether it is.
        status: of a production order.
        prefixes: for each column, how its text begins.
    """

    description: Description
    parents: Mapping[str, NamedEntity]
    enabled: bool | None
    status: Status | None
    prefixes: Mapping[str, str]

    def conditions(self, snapshot: Snapshot, _now_millis: int, /) -> list[Condition]:
        made: list[Condition] = []
        if self.enabled is not None:
            made.append(is_enabled(self.description.table, self.enabled))
        if self.status is not None:
            made.append(equal("status", int(self.status)))
        made += [begins_with(column, prefix) for column, prefix in self.prefixes.items()]
        made += [equal(column, parent.find(snapshot)) for column, parent in self.parents.items()]
        return made


@dataclass(frozen=True, slots=True)
class InventoryOperationFilters:
    """The filters of the list of inventory operations.

    Attributes:
        location: their source or destination.
        include_children: whether what lies below it counts.
        operation: the process operation that they belong to.
        operation_type: what they do.
        status: of their run.
        name_prefix: how their name begins.
    """

    location: NamedEntity | None
    include_children: bool
    operation: NamedEntity | None
    operation_type: InventoryOperationType | None
    status: Status | None
    name_prefix: str

    def conditions(self, snapshot: Snapshot, _now_millis: int, /) -> list[Condition]:
        made: list[Condition] = []
        if self.location is not None:
            wanted = LocationFilter(self.location.find(snapshot), self.include_children)
            made.append(at_location(snapshot, ROUTE, wanted))
        if self.operation is not None:
            made.append(equal("operation_id", self.operation.find(snapshot)))
        if self.operation_type is not None:
            made.append(equal("operation_type", int(self.operation_type)))
        if self.status is not None:
            made.append(runs_in(self.status))
        if self.name_prefix:
            made.append(begins_with("name", self.name_prefix))
        return made


@dataclass(frozen=True, slots=True)
class LotFilters:
    """The filters of the list of lots.

    Attributes:
        material: theirs.
        status: the status that they show.
        name_prefix: how their name begins.
        expiring_before_millis: their expiration date is before this one.
        supplier_lot_name: their number at their supplier.
    """

    material: NamedEntity | None
    status: LotStatus | None
    name_prefix: str
    expiring_before_millis: int | None
    supplier_lot_name: str | None

    def conditions(self, snapshot: Snapshot, now_millis: int, /) -> list[Condition]:
        made: list[Condition] = []
        if self.material is not None:
            made.append(equal("material_id", self.material.find(snapshot)))
        if self.status is not None:
            made.append(shows(self.status, now_millis))
        if self.name_prefix:
            made.append(begins_with("name", self.name_prefix))
        if self.expiring_before_millis is not None:
            made.append(below_value("expiration_millis", self.expiring_before_millis))
        if self.supplier_lot_name is not None:
            made.append(supplied_as(self.supplier_lot_name))
        return made
