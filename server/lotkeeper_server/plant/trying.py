"""Tries on a private copy what applying a document would do: nothing is written, and no writer waits."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.catalog.breathing import Breath
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import Clock, EffectOrder, IdSource, SystemClock
from lotkeeper_server.plant.applying import AppliedPlant, apply_plant
from lotkeeper_server.plant.lookup import Names
from lotkeeper_server.plant.permissions import May, check_sections
from lotkeeper_server.plant.reading import Plant
from lotkeeper_server.store.db.snapshot import Snapshot
from lotkeeper_server.store.db.transaction import Transaction
from lotkeeper_server.store.entities.lots import lots_named
from lotkeeper_server.store.entities.pages import values_with
from lotkeeper_server.store.entities.stock import first_broken_stock
from lotkeeper_server.store.scratch import scratch

_SYSTEM_CLOCK: Final = SystemClock()


def try_plant(
    snapshot: Snapshot,
    plant: Plant,
    principal: str,
    may: May,
    breath: Breath | None = None,
    clock: Clock = _SYSTEM_CLOCK,
) -> AppliedPlant:
    """Says what `apply_plant` would do at the present time of a clock, without any effect.

    Raises:
        Refused: like `apply_plant`.
        Stopped: like `apply_plant`.
    """
    check_sections(plant, may)
    with copied_for(snapshot, plant) as copy:
        return apply_plant(
            Transaction(copy, clock.now_millis(), IdSource(), EffectOrder()), plant, principal, may, breath
        )


@contextmanager
def copied_for(snapshot: Snapshot, plant: Plant) -> Iterator[Snapshot]:
    """A private copy of what a document may name, to apply it to."""
    names = Names(snapshot)
    lots = [(entry.references["material"], str(entry.message.name)) for entry in plant.entries.get("lot", [])] + [
        (entry.material, entry.lot) for entry in plant.stock
    ]
    names.find("material", {material for material, _ in lots})
    keys = [(material_id, lot) for material, lot in lots if (material_id := names.id_of("material", material))]
    lot_ids = {row["id"] for row in lots_named(snapshot, keys).values()}
    paths = {entry.location for entry in plant.stock} | plant.location_paths()
    names.find("location", paths)
    location_ids = {identifier for path in paths if (identifier := names.id_of("location", path))}
    location_ids |= _where_units_are_broken(snapshot, plant.names_of_whole_units())
    with scratch(snapshot, lot_ids, location_ids) as copy:
        yield copy


def _where_units_are_broken(snapshot: Snapshot, names: Collection[str]) -> set[Id]:
    """A location for each of these units that cannot be of whole numbers since there is broken stock in it."""
    units = values_with(snapshot, "unit_of_measure", ("name",), "name", names)
    broken = [first_broken_stock(snapshot, unit_id) for unit_id, _ in units]
    return {one.location_id for one in broken if one is not None}
