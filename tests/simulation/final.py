"""What is there in the end, beside what the model has: stock, totals, records, counts, runs and sums."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from lotkeeper_server.domain.model.enumerations import LotRecordType, Status

from tests.simulation.checking import State
from tests.simulation.comparing import Apart, compare_record, refuse_apart
from tests.simulation.database import Database
from tests.simulation.definitions import millionths


def compare_all(database: Database, state: State) -> None:
    """Everything that is durable.

    Raises:
        Apart: where the model has something else.
    """
    plant, names = state.plant, state.names
    if {names.id_of(key) for key in plant.records} != database.records.keys():
        raise Apart(f"{len(database.records)} records, expected {len(plant.records)}")
    for key in plant.records:
        identifier = names.id_of(key)
        assert identifier is not None
        compare_record(names, plant, key, database.records[identifier])
    refuse_apart("of stock", _pairs(_rows(database), _expected_rows(state)))
    lots: dict[Any, Any] = {}
    for one in database.lots.values():
        values = (one.name, one.total_millionths, one.status.name, one.expiration_millis, one.common.version)
        lots[one.id] = (*values, one.supplier_lot_name)
    expected = {}
    for lot in plant.lots.values():
        values = (names.text_of(lot.name), millionths(lot.total), lot.status, lot.expiration, lot.version)
        expected[names.id_of(lot.key)] = (*values, lot.supplier)
    refuse_apart("of lots", _pairs(lots, expected))
    counts = {names.id_of(key): millionths(count) for key, count in plant.counts.items()}
    refuse_apart("of counts", _pairs(database.counts, counts))
    # A SCRAP_ALL that finds nothing leaves no trace by which it could be told, but that the run is no longer idle.
    runs = {
        key: (run.status.name.replace("IDLE", "COMPLETED"), run.current_record_id) for key, run in database.runs.items()
    }
    wanted = {
        names.id_of(key): (run.status.replace("IDLE", "COMPLETED"), names.id_of(run.record))
        for key, run in plant.runs.items()
    }
    refuse_apart("of runs", _pairs(runs, wanted))
    kept = {key.request_id for key in database.requests}  # type: ignore[attr-defined]
    refuse_apart("of request ids", {"kept": (kept, set(plant.requests))})
    refuse_apart("of request ids that events tell of", {"told": (database.told, database.taken)})
    compare_sums(database)


def compare_sums(database: Database) -> None:
    """Stock is the sum of the records.

    Raises:
        Apart: where it is not.
    """
    sums: dict[Any, int] = defaultdict(int)
    for record in database.records.values():
        if record.status is not Status.COMPLETED:
            continue
        if record.source_location is not None:
            sums[record.source_location.id, record.lot.id] += record.source_change_millionths
            if record.lot_record_type in {LotRecordType.MERGE, LotRecordType.SPLIT} and record.secondary_lot:
                sums[record.source_location.id, record.secondary_lot.id] -= record.source_change_millionths
        if record.destination_location is not None:
            sums[record.destination_location.id, record.lot.id] += record.destination_change_millionths
    rows = {key: row.millionths for key, row in database.rows.items() if row.millionths}
    refuse_apart("of the sums of records", _pairs(rows, {key: one for key, one in sums.items() if one}))


def _rows(database: Database) -> dict[Any, Any]:
    return {
        key: (row.millionths, row.name, row.production_order_id, row.arrived_record_id if row.millionths > 0 else None)
        for key, row in database.rows.items()
    }


def _expected_rows(state: State) -> dict[Any, Any]:
    names = state.names
    return {
        (names.id_of(place), names.id_of(lot)): (
            millionths(row.quantity),
            names.text_of(row.name),
            names.id_of(row.order),
            names.id_of(row.arrived_record) if row.quantity > 0 else None,
        )
        for (place, lot), row in state.plant.rows.items()
    }


def _pairs(told: dict[Any, Any], expected: dict[Any, Any]) -> dict[str, tuple[Any, Any]]:
    return {str(key): (told.get(key), expected.get(key)) for key in told.keys() | expected.keys()}
