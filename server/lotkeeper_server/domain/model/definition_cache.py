"""The definitions in use, cached between transactions. It knows what exists, never what does not."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, Generic, TypeVar

from lotkeeper_server.domain import limits
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

Cached = TypeVar("Cached")
_NEVER_CACHED: Final = "material_class"


class Shelf(Generic[Cached]):
    """The cached definitions of one kind, by id and, where they have one, by path."""

    __slots__ = ("_by_id", "_ids_by_path", "get")

    def __init__(self) -> None:
        self._by_id: dict[Id, Cached] = {}
        self._ids_by_path: dict[str, Id] = {}
        self.get: Callable[[Id], Cached | None] = self._by_id.get  # the dict's: each call uses it some ten times
        """The definition of an id, or None where it is not cached."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._by_id)

    def at_path(self, path: str) -> Cached | None:
        """The definition at a path, or None where it is not cached."""
        identifier = self._ids_by_path.get(path)
        return None if identifier is None else self._by_id.get(identifier)

    def find(self, given: Id | str) -> Cached | None:
        """The definition of an id, which is bytes, or at a path, which is text; None where it is not cached."""
        return self._by_id.get(given) if isinstance(given, bytes) else self.at_path(given)

    def put(self, identifier: Id, value: Cached, path: str | None = None) -> None:
        """Caches it; beyond `limits.DEFINITIONS_CACHED_MAX` the oldest is dropped."""
        if len(self._by_id) >= limits.DEFINITIONS_CACHED_MAX and identifier not in self._by_id:
            self.drop(next(iter(self._by_id)))
        self._by_id[identifier] = value
        if path is not None:
            self._ids_by_path[path] = identifier

    def drop(self, identifier: Id) -> None:
        """Forgets it, if it is cached."""
        value = self._by_id.pop(identifier, None)
        path = getattr(value, "path", None)
        if path is not None and self._ids_by_path.get(path) == identifier:
            del self._ids_by_path[path]

    def clear(self) -> None:
        """Forgets all."""
        self._by_id.clear()
        self._ids_by_path.clear()


class DefinitionCache:
    """The shelf of every kind, and the version of the definitions in them."""

    __slots__ = (
        "conversions",
        "factors",
        "inventory_operations",
        "locations",
        "materials",
        "process_operations",
        "production_orders",
        "reason_codes",
        "units",
        "version",
    )

    def __init__(self) -> None:
        self.version = -1
        self.units: Shelf[Unit] = Shelf()
        self.materials: Shelf[Material] = Shelf()
        self.reason_codes: Shelf[ReasonCode] = Shelf()
        self.locations: Shelf[Location] = Shelf()
        self.process_operations: Shelf[ProcessOperation] = Shelf()
        self.production_orders: Shelf[ProductionOrder] = Shelf()
        self.inventory_operations: Shelf[InventoryOperation] = Shelf()
        self.conversions: dict[MaterialId | None, Conversions] = {}
        self.factors: dict[tuple[MaterialId | None, UnitId, UnitId], Fraction | None] = {}

    def __len__(self) -> int:
        """How many definitions there are, conversions not counted."""
        return sum(len(shelf) for shelf in self._shelves)

    def drop(self, entity: str, identifier: Id | None) -> None:
        """Forgets one definition, or with None every one of its kind.

        Args:
            entity: the table's name; units and conversions are part of other definitions, so with them everything is
                forgotten.
            identifier: which one.
        """
        if entity == _NEVER_CACHED:
            return
        shelf = self._shelf(entity)
        if shelf is None:
            self.clear()
        elif identifier is None:
            shelf.clear()
        else:
            shelf.drop(identifier)

    def holds(self, entity: str, identifier: Id | None) -> bool:
        """Whether `drop` would forget anything; true if that is not known."""
        if entity == _NEVER_CACHED:
            return False
        shelf = self._shelf(entity)
        return shelf is None or identifier is None or shelf.get(identifier) is not None

    def _shelf(self, entity: str) -> Shelf[Any] | None:
        """The shelf for definitions of a table; None for those that are part of others."""
        shelves: dict[str, Shelf[Any]] = {
            "inventory_operation": self.inventory_operations,
            "location": self.locations,
            "material": self.materials,
            "material_reason_code": self.reason_codes,
            "operation": self.process_operations,
            "production_order": self.production_orders,
        }
        return shelves.get(entity)

    @property
    def _shelves(self) -> tuple[Shelf[Any], ...]:
        return (
            self.units,
            self.materials,
            self.reason_codes,
            self.locations,
            self.process_operations,
            self.production_orders,
            self.inventory_operations,
        )

    def clear(self) -> None:
        """Forgets all."""
        for shelf in self._shelves:
            shelf.clear()
        self.conversions.clear()
        self.factors.clear()
