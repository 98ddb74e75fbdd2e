"""Archived records come back into the store: each once, with everything that is summed from them."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.archive import files, restoring
from lotkeeper_server.archive.checking import check_archive
from lotkeeper_server.archive.lease import ArchiveAtWork, Lease
from lotkeeper_server.archive.restoring import NotRestorable, Restored, Restoring, look_at_files
from lotkeeper_server.domain.model.audit import AuditEvent, Effect, Origin, event_of
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import IdSource
from lotkeeper_server.store.archived import read_archive_state
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import execute, fetch
from lotkeeper_server.store.lists import stock_history
from lotkeeper_server.store.verification import verify

from tests.archives import archive
from tests.integration.test_archiving import ids_left, produce, some_records
from tests.integration.test_record_feed import Watcher
from tests.integration.test_stock_history import as_of, put, record
from tests.stored_plant import MADE, Reads, StoredPlant, texts

OPENINGS = ("opening_stock", "opening_lot_total", "opening_order_count", "opening_edge", "opening_order_edge")
_new_id = IdSource()


def told(effect: Effect) -> AuditEvent:
    """What a command would say."""
    return event_of(_new_id(), MADE, "tester", Origin("lotkeeper-server archive"), effect)


def paths_in(folder: Path) -> list[Path]:
    """The files of an archive, in order."""
    return [folder / name for name in files.names_in(folder)]


def put_back(store: Store, paths: list[Path]) -> Restored:
    """What `archive --restore` does."""
    return Restoring(store, look_at_files(store, paths), told).run()


def everything(store: Store) -> dict[str, list[Any]]:
    """What records say, and what is summed of archived ones."""
    tables = ("inventory_lot_record", "inventory", "lot_edge", "order_edge", "archived_record", "archived_reference")
    with store.read() as connection:
        assert [str(one) for one in verify(connection).differences] == []
        return {
            name: sorted(map(tuple, fetch(connection, f"SELECT * FROM {name}")), key=str)  # noqa: S608
            for name in (*tables, *OPENINGS)
        }


def random_records(plant: StoredPlant, seed: int) -> list[dict[str, Any]]:
    """Of every kind that moves stock or counts, between some lots at some places."""
    choose = random.Random(seed)
    places = [plant.location(f"P{number}") for number in range(3)]
    lots = [plant.lot(f"L{number}") for number in range(6)]
    rows: list[dict[str, Any]] = []
    for number in range(300):
        kind = choose.choice([LotRecordType.PRODUCE, LotRecordType.CONSUME, LotRecordType.SPLIT, LotRecordType.EDIT])
        lot, other = choose.sample(lots, 2)
        units = choose.randrange(-20, 50)
        more: dict[str, Any] = {"effect_order": number + 1, "id": plant.new_id()}
        if kind is LotRecordType.PRODUCE:
            more |= {"destination_location_id": choose.choice(places), "destination_quantity_change": units}
        else:
            more |= {"source_location_id": choose.choice(places), "source_quantity_change": units}
        if kind is LotRecordType.SPLIT:
            more["secondary_lot_id"] = other
        rows.append(record(lot, MADE + choose.randrange(1_000), kind, **more))
    return rows


async def test_all_is_as_it_was_before_the_archive_in_whatever_order_files_come_back(
    plant: StoredPlant, reads: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records to the last column, opening balances, stock as of any moment; `verify` agrees after each file."""
    seed = 20_261_130
    monkeypatch.setattr("lotkeeper_server.archive.moving.RECORDS_PER_FILE_MAX", 60)
    put(plant, random_records(plant, seed))
    before = everything(plant.store)
    moments = [MADE + 10, MADE + 499, MADE + 731, MADE + 2_000]

    async def asked() -> list[Any]:
        return [await as_of(reads, at, include_empty=empty) for at in moments for empty in (False, True)]

    stock_before = await asked()
    folder = tmp_path / "archive"
    archive(plant.store, folder, MADE + 900)
    paths = paths_in(folder)
    assert len(paths) > 4
    random.Random(seed).shuffle(paths)
    for path in paths:
        assert put_back(plant.store, [path]).files == 1
        with plant.store.read() as connection:
            assert [str(one) for one in verify(connection).differences] == []
            assert check_archive(connection, [folder]).faults == []
    assert everything(plant.store) == before, seed
    assert await asked() == stock_before, seed
    monkeypatch.setattr(stock_history, "RECORDS_SUMMED_FORWARD_MAX", 3)
    assert await asked() == stock_before, seed
    with plant.store.read() as connection:
        assert read_archive_state(connection).until_millis is None


def test_a_second_time_nothing_is_done_and_a_new_archive_takes_them_again(plant: StoredPlant, tmp_path: Path) -> None:
    """Also where a copy of a file is given, or the old file after the records have gone into another one."""
    rows = some_records(plant, 30)
    folder, copies = tmp_path / "archive", tmp_path / "copies"
    archive(plant.store, folder)
    copies.mkdir()
    (old,) = paths_in(folder)
    copy = copies / "renamed.csv.gz"
    copy.write_bytes(old.read_bytes())
    assert put_back(plant.store, [old, copy, old]) == Restored(30, 1)
    for path in (old, copy):
        looked = look_at_files(plant.store, [path])
        assert (looked.waiting, looked.already) == ([], [path])
        assert put_back(plant.store, [path]) == Restored()
    assert ids_left(plant.store) == {row["id"] for row in rows}

    done = archive(plant.store, folder, MADE + 10)
    assert (done.records, done.removed) == (10, [old.name])
    assert put_back(plant.store, [copy]) == Restored(), "its records are in the store and in a newer file"
    with plant.store.read() as connection:
        assert check_archive(connection, [folder]).faults == []
    assert put_back(plant.store, paths_in(folder)).records == 10


def test_two_runs_that_have_looked_at_the_same_files_put_them_back_once(plant: StoredPlant, tmp_path: Path) -> None:
    """The second one finds in its transaction that the first was there."""
    some_records(plant, 10)
    archive(plant.store, tmp_path)
    looked = look_at_files(plant.store, paths_in(tmp_path))
    first, second = (Restoring(plant.store, looked, told).run() for _ in range(2))
    assert first.records == looked.records > 0
    assert (second.records, second.files) == (0, 0)
    assert everything(plant.store)["archived_record"] == []


def _spoil_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4] ^= 1  # in a part that gzip itself does not check
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _change_quantity(path: Path) -> None:
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(text.replace(",1000000,", ",2000000,").encode()))


def _rename_and_cut(path: Path) -> None:
    _cut(path)
    path.rename(path.with_name("other.csv.gz"))


def _be_text(path: Path) -> None:
    path.rename(path.with_name("other.csv.gz"))
    path.with_name("other.csv.gz").write_bytes(b"records")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_spoil_byte, "changed after it was written"),
        (_cut, "changed after it was written"),
        (_change_quantity, "changed after it was written"),
        (_rename_and_cut, "no file of an archive, or damaged"),
        (_be_text, "no file of an archive, or damaged"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused_and_nothing_is_put_back(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None], said: str
) -> None:
    """Neither its records nor those of the good files that were given with it."""
    monkeypatch.setattr("lotkeeper_server.archive.moving.RECORDS_PER_FILE_MAX", 40)
    some_records(plant, 50)
    folder = tmp_path / "archive"
    archive(plant.store, folder)
    before = everything(plant.store)
    spoil(paths_in(folder)[-1])
    with pytest.raises(NotRestorable, match=said):
        put_back(plant.store, sorted(folder.iterdir()))
    assert everything(plant.store) == before


def test_a_file_that_changes_between_the_look_and_the_write_is_refused(plant: StoredPlant, tmp_path: Path) -> None:
    """It is compared again."""
    some_records(plant, 5)
    archive(plant.store, tmp_path / "archive")
    (path,) = paths_in(tmp_path / "archive")
    looked = look_at_files(plant.store, [path])
    _change_quantity(path)
    with pytest.raises(NotRestorable, match="changed while it was read"):
        Restoring(plant.store, looked, told).run()
    assert ids_left(plant.store) == set()


def test_a_file_of_another_store_or_of_after_the_moment_of_a_restore_is_refused(
    plant: StoredPlant, tmp_path: Path
) -> None:
    """A store that does not know its records cannot know what of them it has in other sums."""
    some_records(plant, 10)
    archive(plant.store, tmp_path / "archive")
    with plant.store.write() as connection:
        execute(connection, "DELETE FROM archive_file")
        execute(connection, "DELETE FROM archived_record")
    with pytest.raises(NotRestorable, match="this store knows no such file"):
        put_back(plant.store, paths_in(tmp_path / "archive"))


def test_a_run_that_was_stopped_in_between_is_gone_on_with(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the transaction of the second file: the first one is back, the second one in its file."""
    monkeypatch.setattr("lotkeeper_server.archive.moving.RECORDS_PER_FILE_MAX", 40)
    rows = some_records(plant, 60)
    folder = tmp_path / "archive"
    archive(plant.store, folder)
    with monkeypatch.context() as patched:

        def stopped(connection: Any, given: Any, number: int) -> None:
            move_in(connection, given, number)
            if number == 1:
                raise KeyboardInterrupt

        move_in = restoring.move_in
        patched.setattr(restoring, "move_in", stopped)
        with pytest.raises(KeyboardInterrupt):
            put_back(plant.store, paths_in(folder))
    left = ids_left(plant.store)
    assert 0 < len(left) < 60
    with plant.store.read() as connection:
        assert check_archive(connection, [folder]).faults == []
    assert put_back(plant.store, paths_in(folder)).files == 1
    assert ids_left(plant.store) == {row["id"] for row in rows}


def test_while_an_archive_runs_nothing_is_put_back(plant: StoredPlant, tmp_path: Path) -> None:
    """Both hold the same lease."""
    some_records(plant, 5)
    archive(plant.store, tmp_path / "archive")
    looked = look_at_files(plant.store, paths_in(tmp_path / "archive"))
    other = Lease(plant.store)
    other.take()
    seen: list[int] = []

    def renewing(*_: object) -> None:
        seen.append(1)
        with plant.store.write() as connection:
            other.renew(connection)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lotkeeper_server.archive.lease.time.sleep", renewing)
        with pytest.raises(ArchiveAtWork, match=other.run):
            Restoring(plant.store, looked, told).run()
    assert seen
    assert ids_left(plant.store) == set()


def test_each_file_leaves_an_event_in_its_transaction(plant: StoredPlant, tmp_path: Path) -> None:
    """Which says what was put back, and how much."""
    some_records(plant, 5)
    archive(plant.store, tmp_path / "archive")
    (path,) = paths_in(tmp_path / "archive")
    for _ in range(2):
        put_back(plant.store, [path])
    with plant.store.read() as connection:
        events = fetch(connection, "SELECT entity, entity_name, item_count, detail FROM audit_event")
    assert [tuple(event) for event in events] == [("archive_file", path.name, 5, "put back into the store")]


def test_what_went_through_orders_before_the_store_knew_of_it_is_in_traces_again(
    plant: StoredPlant, tmp_path: Path
) -> None:
    """A file of before that has left no edges; its records bring them, added to those that were made since."""
    order, lot, other = plant.production_order("O"), plant.lot("L"), plant.lot("M")
    through = {"production_order_id": order, "lot_quantity": 5}
    plant.records([{"lot_id": one, "end_millis": MADE, **through} for one in (lot, lot, other)])
    archive(plant.store, tmp_path / "archive")
    with plant.store.write() as connection:
        execute(connection, "DELETE FROM opening_order_edge")
        execute(connection, "UPDATE archive_state SET files_before_orders = files")
    plant.records([{"lot_id": lot, "end_millis": MADE + 1, "effect_order": 2, **through}])
    with plant.store.write() as connection:
        execute(
            connection,
            "INSERT INTO order_edge (lot_id, lot_record_type, production_order_id, quantity, record_count) "
            "VALUES (?, ?, ?, 5, 1)",
            (lot, int(LotRecordType.CONSUME), order),
        )
    everything(plant.store)
    assert put_back(plant.store, paths_in(tmp_path / "archive")).records == 3
    assert sorted(tuple(row[3:]) for row in everything(plant.store)["order_edge"]) == [(5, 1), (15, 3)]


def test_an_old_file_gives_names_in_their_one_form(plant: StoredPlant, tmp_path: Path) -> None:
    """As the migration brought those that were in the store then; a name that has none stays."""
    lot, silo = plant.lot("L"), plant.location("Silo")
    names = {"created_by": "Ju\u0308rgen", "inventory_name": "Lager\u00a01"}
    put(plant, [produce(lot, silo, MADE, **names), produce(lot, silo, MADE + 1, inventory_name="bad\u0000name"[:3])])
    archive(plant.store, tmp_path / "archive")
    put_back(plant.store, paths_in(tmp_path / "archive"))
    with plant.store.read() as connection:
        rows = fetch(connection, "SELECT created_by, inventory_name FROM inventory_lot_record ORDER BY moment_millis")
    assert [tuple(row) for row in rows] == [("J\u00fcrgen", "Lager 1"), ("tester", "bad")]


async def test_a_watch_has_no_record_twice_and_a_token_of_before_the_archive_holds_again(
    plant: StoredPlant, reads: Reads, tmp_path: Path
) -> None:
    """One that began at the end while the last ones were archived gets what is new, and not what comes back."""
    rows = some_records(plant, 6)
    watcher = Watcher(reads)
    messages = await watcher.records(6, from_beginning=True)
    archive(plant.store, tmp_path / "archive")
    async with aclosing(watcher.stream()) as at_end:
        token = (await anext(at_end)).resume_token
        put_back(plant.store, paths_in(tmp_path / "archive"))
        new = plant.record(rows[0]["lot_id"], MADE, effect_order=7)
        assert (await anext(at_end)).inventory_lot_record.id == texts([new])[0]
    assert await watcher.ids(1, resume_token=token) == texts([new])
    rest = texts([*(row["id"] for row in rows[2:]), new])
    assert await watcher.ids(5, resume_token=messages[1].resume_token) == rest


def test_cancelled_records_and_halves_of_reversals_come_back(plant: StoredPlant, tmp_path: Path) -> None:
    """With what refers to them."""
    lot, silo = plant.lot("L"), plant.location("Silo")
    first, second = Id(plant.new_id()), Id(plant.new_id())
    put(
        plant,
        [
            produce(
                lot, silo, MADE, 4, id=first, reversed_by_record_id=second, reverses_record_id=None, effect_order=1
            ),
            produce(
                lot, silo, MADE + 1, -4, id=second, reversed_by_record_id=None, reverses_record_id=first, effect_order=2
            ),
        ],
    )
    plant.record(lot, MADE + 2, status=Status.CANCELLED)
    before = everything(plant.store)
    archive(plant.store, tmp_path / "archive")
    assert ids_left(plant.store) == set()
    assert put_back(plant.store, paths_in(tmp_path / "archive")).records == 3
    assert everything(plant.store) == before
