"""What a decision may need from a store, by kind: the keys of one kind are loaded together."""

from typing import NamedTuple

from lotkeeper_server.domain.model.enumerations import LotRecordType, LotUseStrategy
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId, ProductionOrderId, RecordId


class DefinitionKey(NamedTuple):
    """A definition by its table's name and its id."""

    entity: str
    id: Id


class PathKey(NamedTuple):
    """A definition by its table's name and its path."""

    entity: str
    path: str


class NameKey(NamedTuple):
    """The id of a definition by its table's name and a column that is unique by itself."""

    entity: str
    column: str
    text: str


class ConversionsKey(NamedTuple):
    """The conversions of a material; with None those for every material."""

    material_id: MaterialId | None


class LotKey(NamedTuple):
    """A lot by id."""

    id: LotId


class LotNameKey(NamedTuple):
    """A lot by name within its material."""

    material_id: MaterialId
    name: str


class StockKey(NamedTuple):
    """The inventory row of a lot at a location."""

    location_id: LocationId
    lot_id: LotId


class LotRowsKey(NamedTuple):
    """Every inventory row of a lot that is not zero."""

    lot_id: LotId


class RunKey(NamedTuple):
    """The state of an inventory operation's run.

    Attributes:
        operation_id: of the operation.
        to_change: whether it is going to change.
    """

    operation_id: Id
    to_change: bool = False


class CountKey(NamedTuple):
    """A production order's quantity_produced."""

    order_id: Id


class RecordKey(NamedTuple):
    """A record by id."""

    id: RecordId


class EdgeKey(NamedTuple):
    """How much of one lot went into another by one type of record."""

    from_lot_id: LotId
    to_lot_id: LotId
    record_type: LotRecordType


class OrderEdgeKey(NamedTuple):
    """How much of a lot went into a production order, or came out of it, by one type of record, which says which."""

    lot_id: LotId
    record_type: LotRecordType
    order_id: ProductionOrderId


class RequestKey(NamedTuple):
    """A kept request id."""

    principal: str
    request_id: str


class SumsKey(NamedTuple):
    """The stock above zero at a location, summed by material and unit."""

    location_id: LocationId


class TimelineKey(NamedTuple):
    """How the stock of a lot at a location changed after a moment, and until when records are archived."""

    location_id: LocationId
    lot_id: LotId
    since_millis: int


class ArchiveKey(NamedTuple):
    """Until when records are archived."""


class QueueKey(NamedTuple):
    """The first rows in stock at a location, of one material or of all, in an order of use."""

    location_id: LocationId
    material_id: MaterialId | None
    strategy: LotUseStrategy
    length: int


GenealogyKey = EdgeKey | OrderEdgeKey
"""An edge of the genealogy, between two lots or between a lot and a production order."""

Key = (
    DefinitionKey
    | PathKey
    | NameKey
    | ConversionsKey
    | LotKey
    | LotNameKey
    | StockKey
    | LotRowsKey
    | RunKey
    | CountKey
    | RecordKey
    | EdgeKey
    | OrderEdgeKey
    | RequestKey
    | SumsKey
    | QueueKey
    | TimelineKey
    | ArchiveKey
)


class Missing(Exception):
    """A decision needs what is not loaded. It left nothing behind and is taken again once these are loaded."""

    def __init__(self, *keys: Key) -> None:
        super().__init__(keys)
        self.keys = keys
