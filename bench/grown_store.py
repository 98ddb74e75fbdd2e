"""A store with many lots and records, written set by set through the store's own code: minutes instead of an hour.

Each lot is produced and falls nine times, all at one silo, and keeps some of its stock. It is kept in a folder for the
next run, and measured on a copy; if it is so large that a copy takes minutes, it is measured itself, and grows.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lotkeeper_server.domain.changes import Changes
from lotkeeper_server.domain.model.enumerations import LotRecordType, LotStatus, Status
from lotkeeper_server.domain.model.identifiers import Id, LocationId, LotId, MaterialId, RecordId, UnitId, parse_id
from lotkeeper_server.domain.model.stock import Common, Label, Lot, Record, StockRow
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.write_transaction import WriteTransaction
from lotkeeper_server.store.schema.migrating import HEAD_REVISION
from lotkeeper_server.store.state.writing import write_changes

from bench.served import Bench, Conditions, lots_named, served
from tests.plants import ServedPlant

RECORDS_A_LOT: Final = 10
SPAN_MILLIS: Final = 6 * 24 * 3_600_000
COPIED_RECORDS_MAX: Final = 2_000_000
"""Stores with more are measured themselves."""
_LOTS_A_TRANSACTION: Final = 2_000
_PRODUCED_MILLIONTHS: Final = 1_000_000_000_000
_FALL_MILLIONTHS: Final = 1_000_000
_SAVED: Final = "plant.json"
_COUNTED: Final = "records.txt"


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the records refer to, as texts of ids."""

    unit: str
    material: str
    silo: str
    produce: str
    consume: str


@contextmanager
def grown(conditions: Conditions, records: int) -> Iterator[tuple[Bench, Definitions]]:
    """A server on a copy of such a store, which is made if it does not exist yet."""
    place = conditions.kept / f"grown-{records}-{HEAD_REVISION}"
    if not (place / _SAVED).exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        begun = time.perf_counter()
        definitions = _define(place)
        _write(place, definitions, records)
        (place / _COUNTED).write_text(str(records))
        (place / _SAVED).write_text(json.dumps({name: getattr(definitions, name) for name in Definitions.__slots__}))
        print(f"a store of {records:,} records made in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    definitions = Definitions(**json.loads((place / _SAVED).read_text()))
    name = f"SQLite with {records:,} records"
    if records > COPIED_RECORDS_MAX:
        with served(name, folder=place) as bench, _changing(place, bench):
            yield bench, definitions
        return
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as folder:
        shutil.copyfile(place / "store.db", Path(folder) / "store.db")
        with served(name, folder=Path(folder)) as bench:
            bench.made = records
            yield bench, definitions


@contextmanager
def _changing(place: Path, bench: Bench) -> Iterator[None]:
    """Keeps count of what is in a store that is measured itself; if something fails, it is made again next time."""
    counted, saved = place / _COUNTED, (place / _SAVED).read_text()
    bench.made = int(counted.read_text())
    (place / _SAVED).unlink()
    yield
    counted.write_text(str(bench.made + bench.acknowledged))
    (place / _SAVED).write_text(saved)


def _define(place: Path) -> Definitions:
    with served(folder=place) as bench, bench.client() as client:
        plant = ServedPlant(client, "B")
        produce, consume = plant.operation("PRODUCE"), plant.operation("CONSUME")
        return Definitions(plant.kg.id, plant.milk.id, plant.silo.id, produce.id, consume.id)


def _write(place: Path, definitions: Definitions, records: int) -> None:
    store = Store(f"sqlite:///{place}/store.db")
    lots = iter(_lots(definitions, records))
    for _ in range(0, records // RECORDS_A_LOT, _LOTS_A_TRANSACTION):
        changes = Changes()
        for _, (lot, row, written) in zip(range(_LOTS_A_TRANSACTION), lots, strict=False):
            changes.new_lots.append(lot)
            changes.new_stock.append(row)
            changes.new_records.extend(written)
        with store.write() as connection:
            write_changes(WriteTransaction(connection), changes)
    store.close()


def _lots(definitions: Definitions, records: int) -> Iterator[tuple[Lot, StockRow, list[Record]]]:
    """Each lot, its stock and its records, the oldest first."""
    unit, material, silo = (_id(text) for text in (definitions.unit, definitions.material, definitions.silo))
    begin = time.time_ns() // 1_000_000 - SPAN_MILLIS
    new_id, order = IdSource(), begin * 1_000
    for number, name in enumerate(lots_named(records // RECORDS_A_LOT)):
        lot_id = LotId(new_id())
        moment = begin + SPAN_MILLIS * number * RECORDS_A_LOT // records
        common = Common(moment, "bench")
        written = []
        for index in range(RECORDS_A_LOT):
            order += 1
            change = _PRODUCED_MILLIONTHS if index == 0 else -_FALL_MILLIONTHS
            record = _record(definitions, lot_id, RecordId(new_id()), change, moment + index, order, common)
            written.append(record)
        left = sum(one.source_change_millionths + one.destination_change_millionths for one in written)
        first = written[0]
        lot = Lot(
            lot_id,
            name,
            MaterialId(material),
            LotStatus.OPEN,
            _PRODUCED_MILLIONTHS,
            UnitId(unit),
            None,
            None,
            first.effect_order,
            common,
        )
        row = StockRow(
            LocationId(silo),
            lot_id,
            MaterialId(material),
            left,
            "",
            None,
            first.effect_order,
            moment,
            first.id,
            order,
            written[-1].end_millis,
        )
        yield lot, row, written


def _record(
    definitions: Definitions, lot_id: LotId, record_id: RecordId, change: int, moment: int, order: int, common: Common
) -> Record:
    rises = change > 0
    silo = Label(_id(definitions.silo))
    return Record(
        id=record_id,
        lot_record_type=LotRecordType.PRODUCE if rises else LotRecordType.CONSUME,
        status=Status.COMPLETED,
        lot=Label(lot_id),
        secondary_lot=None,
        material=Label(_id(definitions.material)),
        inventory_operation=Label(_id(definitions.produce if rises else definitions.consume)),
        operation_record_id="",
        production_order=None,
        reason_code=None,
        source_location=None if rises else silo,
        destination_location=silo if rises else None,
        lot_status=LotStatus.OPEN,
        quantity_millionths=abs(change),
        unit=Label(_id(definitions.unit)),
        source_change_millionths=0 if rises else change,
        destination_change_millionths=change if rises else 0,
        inventory_name="",
        start_millis=moment,
        end_millis=moment,
        reverses_record_id=None,
        reversed_by_record_id=None,
        request_id="",
        common=common,
        effect_order=order,
        lot_total_change_millionths=change if rises else 0,
        lot_quantity_millionths=abs(change),
    )


@cache
def _id(text: str) -> Id:
    identifier = parse_id(text)
    assert identifier is not None, text
    return identifier
