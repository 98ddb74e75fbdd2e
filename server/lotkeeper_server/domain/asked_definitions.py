"""Definitions as decisions ask for them: from the cache, by id, path or name; what is not loaded raises `Missing`."""

from fractions import Fraction
from typing import TypeVar

from lotkeeper_server.domain.keys import ConversionsKey, DefinitionKey, Key, Missing, NameKey, PathKey
from lotkeeper_server.domain.model.conversion import SAME, exact_factor
from lotkeeper_server.domain.model.definition_cache import DefinitionCache, Shelf
from lotkeeper_server.domain.model.definitions import (
    Conversions,
    InventoryOperation,
    Location,
    Material,
    ProcessOperation,
    ProductionOrder,
    ReasonCode,
    Unit,
)
from lotkeeper_server.domain.model.identifiers import Id, MaterialId, UnitId

Definition = TypeVar("Definition")


class AskedDefinitions:
    """What decisions may ask of definitions; None is the answer about what is not there.

    Attributes:
        definitions: those that are loaded, for all transactions.
        absent: keys of what has been looked for and is not there.
        ids_by_name: what has been looked for by a name, symbol or code.
    """

    def __init__(self, definitions: DefinitionCache) -> None:
        """Nothing has been looked for yet."""
        self.definitions = definitions
        self.absent: set[Key] = set()
        self.ids_by_name: dict[NameKey, Id | None] = {}

    def _definition(self, shelf: Shelf[Definition], entity: str, identifier: Id) -> Definition | None:
        cached = shelf.get(identifier)
        if cached is None:
            key = DefinitionKey(entity, identifier)
            if key not in self.absent:
                raise Missing(key)
        return cached

    def inventory_operation(self, identifier: Id) -> InventoryOperation | None:
        """An inventory operation's definition."""
        return self._definition(self.definitions.inventory_operations, "inventory_operation", identifier)

    def material(self, identifier: Id) -> Material | None:
        """A material."""
        return self._definition(self.definitions.materials, "material", identifier)

    def material_at(self, path: str) -> Material | None:
        """A material by its path."""
        cached = self.definitions.materials.at_path(path)
        if cached is None and PathKey("material", path) not in self.absent:
            raise Missing(PathKey("material", path))
        return cached

    def location(self, identifier: Id) -> Location | None:
        """A location."""
        return self._definition(self.definitions.locations, "location", identifier)

    def location_at(self, path: str) -> Location | None:
        """A location by its path."""
        cached = self.definitions.locations.at_path(path)
        if cached is None and PathKey("location", path) not in self.absent:
            raise Missing(PathKey("location", path))
        return cached

    def id_named(self, entity: str, column: str, text: str) -> Id | None:
        """The id of a definition by a name, symbol or code that is unique by itself."""
        key = NameKey(entity, column, text)
        if key not in self.ids_by_name:
            raise Missing(key)
        return self.ids_by_name[key]

    def unit(self, identifier: Id) -> Unit | None:
        """A unit of measure."""
        return self._definition(self.definitions.units, "unit_of_measure", identifier)

    def reason_code(self, identifier: Id) -> ReasonCode | None:
        """A reason code."""
        return self._definition(self.definitions.reason_codes, "material_reason_code", identifier)

    def process_operation(self, identifier: Id) -> ProcessOperation | None:
        """A process operation."""
        return self._definition(self.definitions.process_operations, "operation", identifier)

    def production_order(self, identifier: Id) -> ProductionOrder | None:
        """A production order's definition."""
        return self._definition(self.definitions.production_orders, "production_order", identifier)

    def factor(self, material_id: MaterialId | None, from_unit: UnitId, to_unit: UnitId) -> Fraction | None:
        """The exact conversion factor for a material, or None where there is no conversion."""
        if from_unit == to_unit:
            return SAME
        key = (material_id, from_unit, to_unit)
        factors = self.definitions.factors
        if key not in factors:
            factors[key] = exact_factor(
                from_unit, to_unit, self._conversions(material_id).factors, self._conversions(None).factors
            )
        return factors[key]

    def _conversions(self, material_id: MaterialId | None) -> Conversions:
        cached = self.definitions.conversions.get(material_id)
        if cached is None:
            raise Missing(ConversionsKey(material_id), ConversionsKey(None))
        return cached
