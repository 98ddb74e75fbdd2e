"""What changes rarely and every call reads: units, materials, locations, operations and the like.

Loaded once per process and cached; a saved change replaces the value. Never changed in place.
"""

from dataclasses import dataclass
from decimal import Decimal

from lotkeeper_server.domain.model.enumerations import (
    InventoryNameResolutionStrategy,
    InventoryOperationType,
    LotRecordType,
    LotResolutionStrategy,
    LotStorageStrategy,
    LotUseStrategy,
    MaterialSource,
    UnitOfMeasureResolutionStrategy,
)
from lotkeeper_server.domain.model.identifiers import (
    InventoryOperationId,
    LocationId,
    MaterialId,
    ProcessOperationId,
    ProductionOrderId,
    ReasonCodeId,
    UnitId,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure; what is measured in one that is `whole_only` comes in whole numbers."""

    id: UnitId
    name: str
    symbol: str
    enabled: bool
    whole_only: bool = False


@dataclass(frozen=True, slots=True)
class Conversions:
    """The enabled conversions of one material, or the global ones: factor by (from, to)."""

    factors: dict[tuple[UnitId, UnitId], Decimal]


@dataclass(frozen=True, slots=True)
class Material:
    """What a lot consists of."""

    id: MaterialId
    path: str
    enabled: bool
    unit: Unit | None
    shelf_life_days: int | None


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """Why material was moved, in the plant's own codes."""

    id: ReasonCodeId
    code: str
    enabled: bool
    lot_record_type: LotRecordType | None
    require_comments: bool


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock, and its rules."""

    id: LocationId
    name: str
    path: str
    enabled: bool
    allow_negative_inventory: bool
    storage_capacity_millionths: int | None
    storage_capacity_unit: Unit | None
    lot_storage_strategy: LotStorageStrategy
    lot_use_strategy: LotUseStrategy

    @property
    def keeps_stock(self) -> bool:
        """False where the strategy is NO_STORAGE: records are written there, inventory is not."""
        return self.lot_storage_strategy is not LotStorageStrategy.NO_STORAGE


@dataclass(frozen=True, slots=True)
class ProcessOperation:
    """A process operation and what currently runs on it."""

    id: ProcessOperationId
    current_operation_record_id: str
    current_production_order_id: ProductionOrderId | None
    location_id: LocationId | None = None


@dataclass(frozen=True, slots=True)
class ProductionOrder:
    """An order's definition; its count is state."""

    id: ProductionOrderId
    name: str
    product_material_id: MaterialId | None
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class InventoryOperation:
    """The saved definition that Execute runs; the status of its run is state, see `stock.OperationRun`."""

    id: InventoryOperationId
    name: str
    enabled: bool
    notes: str
    operation_type: InventoryOperationType
    operation_id: ProcessOperationId | None
    source_location_id: LocationId | None
    destination_location_id: LocationId | None
    material_source: MaterialSource
    material_id: MaterialId | None
    secondary_material_id: MaterialId | None
    primary_lot_resolution_strategy: LotResolutionStrategy
    secondary_lot_resolution_strategy: LotResolutionStrategy
    create_lot_if_not_found: bool
    inventory_name_resolution_strategy: InventoryNameResolutionStrategy
    inventory_name: str
    unit_of_measure_resolution_strategy: UnitOfMeasureResolutionStrategy
    unit_id: UnitId | None
    material_reason_code_id: ReasonCodeId | None
    increment_production_order_count: bool
