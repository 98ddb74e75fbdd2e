"""Archiving on a store: what is in files, what is left, and what disturbs it."""

from __future__ import annotations

import csv
import gzip
import io
import random
import threading
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from lotkeeper_server.archive import choosing, files, lease, moving
from lotkeeper_server.archive.checking import ArchiveCheck, check_archive
from lotkeeper_server.archive.lease import ArchiveAtWork, Lease, LeaseLost
from lotkeeper_server.archive.moving import RECORDS_PER_FILE_MAX
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.model.enumerations import LotRecordType, Status
from lotkeeper_server.domain.model.identifiers import format_id
from lotkeeper_server.domain.refusals import Refused
from lotkeeper_server.store.archive.balances import BalanceTooLarge
from lotkeeper_server.store.archive.records import RECORD_COLUMNS
from lotkeeper_server.store.archived import read_archive_state
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.statements import execute, fetch, insert_of, write_many
from lotkeeper_server.store.lists import stock_history
from lotkeeper_server.store.schema import tables
from lotkeeper_server.store.verification import verify

from tests.archives import archive, rows_in
from tests.integration.test_record_feed import Stream, Watcher
from tests.integration.test_stock_history import as_of, put, record
from tests.stored_plant import MADE, Reads, StoredPlant, facts, texts

Row = dict[str, Any]


def check(store: Store, folder: Path) -> ArchiveCheck:
    """What `verify --archive` finds, the store's own sums compared, too."""
    with store.read() as connection:
        assert [str(one) for one in verify(connection).differences] == []
        return check_archive(connection, [folder])


def produce(lot: bytes, silo: bytes, end: int, units: int = 1, **more: Any) -> Row:
    """A record with all that a PRODUCE leaves."""
    return record(
        lot, end, LotRecordType.PRODUCE, destination_location_id=silo, destination_quantity_change=units, **more
    )


def some_records(plant: StoredPlant, count: int) -> list[Row]:
    """One a millisecond, each of a unit of one lot."""
    lot, silo = plant.lot("L"), plant.location("Silo")
    rows = [produce(lot, silo, MADE + number, id=plant.new_id(), effect_order=number + 1) for number in range(count)]
    put(plant, rows)
    return rows


def ids_left(store: Store) -> set[bytes]:
    """Of the records in the store."""
    with store.read() as connection:
        return {row[0] for row in fetch(connection, "SELECT id FROM inventory_lot_record")}


def test_a_file_holds_at_most_a_thousand_records_and_each_record_is_in_one_place(
    plant: StoredPlant, tmp_path: Path
) -> None:
    """Those from the date on stay."""
    rows = some_records(plant, 2_500)
    folder = tmp_path / "archive"
    done = archive(plant.store, folder, MADE + 2_400)
    assert (done.records, done.left) == (2_400, 0)
    sizes = [sum(1 for _ in files.read_rows(path.read_bytes())) for path in folder.iterdir()]
    assert max(sizes) <= RECORDS_PER_FILE_MAX
    assert len(sizes) == done.files == 3
    assert {line["id"] for line in rows_in(folder)} == {format_id(row["id"]) for row in rows[:2_400]}
    assert ids_left(plant.store) == {row["id"] for row in rows[2_400:]}
    found = check(plant.store, folder)
    assert (found.files, found.records, found.faults, found.leftovers) == (3, 2_400, [], [])
    assert archive(plant.store, folder, MADE + 2_400).records == 0


def test_a_file_has_every_column_and_gives_back_what_was_stored(plant: StoredPlant, tmp_path: Path) -> None:
    """Line breaks, quotes, absent values; and the names of what it refers to."""
    lot, other, silo = plant.lot('L, "1"'), plant.lot("M"), plant.location("Silo")
    notes = 'first line\nsecond, "quoted"\t=1+1 ÄÖ'
    more: Row = {"notes": notes, "secondary_lot_id": other, "modified_millis": MADE, "modified_by": "somebody"}
    put(plant, [produce(lot, silo, MADE, **more)])
    with plant.store.read() as connection:
        names = [column.name for column in RECORD_COLUMNS]
        (stored,) = fetch(connection, f"SELECT {', '.join(names)} FROM inventory_lot_record")  # noqa: S608
    archive(plant.store, tmp_path / "archive")
    (path,) = (tmp_path / "archive").iterdir()
    (row,) = files.read_rows(path.read_bytes())
    assert tuple(row.values()) == tuple(stored)
    (line,) = rows_in(tmp_path / "archive")
    assert (line["notes"], line["lot"], line["secondary_lot"]) == (notes, 'L, "1"', "M")
    assert (line["material"], line["destination_location"], line["unit_of_measure"]) == ("Milk", "Silo", "kg")


def test_a_file_of_before_merges_were_undone_is_read_and_nothing_more_is_known(
    plant: StoredPlant, tmp_path: Path
) -> None:
    """It lacks the columns that say what a MERGE changed beside stock; others may not be missing."""
    put(plant, [produce(plant.lot("L"), plant.location("Silo"), MADE)])
    archive(plant.store, tmp_path / "archive")
    (path,) = (tmp_path / "archive").iterdir()
    lines = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode(), newline="")))
    (now,) = files.read_rows(path.read_bytes())

    def without(names: set[str]) -> bytes:
        kept = [place for place, name in enumerate(lines[0]) if name not in names]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([line[place] for place in kept] for line in lines)
        return gzip.compress(text.getvalue().encode())

    merges = {name for name in lines[0] if name.startswith("merge_")}
    assert len(merges) == 3
    assert list(files.read_rows(without(merges))) == [now]
    for missing in ({"quantity"}, {"lot"}):
        with pytest.raises(files.UnreadableFile):
            list(files.read_rows(without(missing)))


def test_what_passed_through_is_archived_without_a_trace_in_stock(plant: StoredPlant, tmp_path: Path) -> None:
    """The pair sums to nothing, and has no row; also where only one half is old enough."""
    lot, silo = plant.lot("L", total_quantity=8_000_000), plant.location("Silo")
    place = {"destination_location_id": silo, "destination_quantity_change": 4}
    back = {"source_location_id": silo, "source_quantity_change": -4}
    for end in (MADE, MADE + 10):
        plant.records(
            [
                record(lot, end, LotRecordType.RECEIVE, lot_total_change=4_000_000, **place),
                record(lot, end + end - MADE, LotRecordType.CONSUME, lot_total_change=0, **back),
            ]
        )
    for until in (MADE + 1, MADE + 15, MADE + 100):
        archive(plant.store, tmp_path / "archive", until)
        assert check(plant.store, tmp_path / "archive").faults == []
        with plant.store.read() as connection:
            assert verify(connection).differences == []


async def test_stock_as_of_any_moment_from_the_archive_on_is_what_it_was_before(
    plant: StoredPlant, reads: Reads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of random records; counted forwards from the opening balance, and backwards from what there is now."""
    seed = 20_261_201
    choose = random.Random(seed)
    places, lots = (
        [plant.location(f"P{number}") for number in range(3)],
        [plant.lot(f"L{number}") for number in range(5)],
    )
    rows = []
    for _ in range(400):
        kind = choose.choice([LotRecordType.PRODUCE, LotRecordType.CONSUME, LotRecordType.SPLIT, LotRecordType.EDIT])
        lot, other = choose.sample(lots, 2)
        units, more = choose.randrange(-20, 50), {}
        if kind is LotRecordType.PRODUCE:
            more = {"destination_location_id": choose.choice(places), "destination_quantity_change": units}
        else:
            more = {"source_location_id": choose.choice(places), "source_quantity_change": units}
        if kind is LotRecordType.SPLIT:
            more["secondary_lot_id"] = other
        rows.append(record(lot, MADE + choose.randrange(1_000), kind, **more))
    put(plant, rows)
    moments = [MADE + 499, MADE + 500, MADE + 731, MADE + 2_000]

    async def asked() -> list[Any]:
        return [await as_of(reads, at, include_empty=empty) for at in moments for empty in (False, True)]

    before = await asked()
    archive(plant.store, tmp_path / "archive", MADE + 500)
    assert await asked() == before, seed
    monkeypatch.setattr(stock_history, "RECORDS_SUMMED_FORWARD_MAX", 3)
    assert await asked() == before, seed
    assert check(plant.store, tmp_path / "archive").faults == []


async def test_before_the_latest_archived_record_stock_is_not_known(
    plant: StoredPlant, reads: Reads, tmp_path: Path
) -> None:
    """Whatever date the archive was given."""
    some_records(plant, 3)
    archive(plant.store, tmp_path / "archive", MADE + 1_000_000)
    assert len(await as_of(reads, MADE + 2)) == 1
    with pytest.raises(Refused) as refused:
        await as_of(reads, MADE + 1)
    assert facts(refused.value)[:2] == ("OUT_OF_RANGE", "AS_OF_ARCHIVED")
    [total] = await reads.all_summaries(group_by=[1], as_of_millis=MADE + 2)
    assert total.rows == 1
    with pytest.raises(Refused) as refused:
        await reads.summaries(group_by=[1], as_of_millis=MADE + 1)
    assert facts(refused.value)[:2] == ("OUT_OF_RANGE", "AS_OF_ARCHIVED")


def test_a_file_of_a_chunk_that_did_not_commit_is_removed_by_the_next_run(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped behind the file, in the transaction, or while it wrote the file."""
    some_records(plant, 10)
    folder = tmp_path / "archive"
    for name in ("_check_unchanged", "_put_in_place"):
        with monkeypatch.context() as patched:
            patched.setattr(moving, name, _interrupt)
            with pytest.raises(KeyboardInterrupt):
                archive(plant.store, folder)
        assert len(check(plant.store, folder).leftovers) == 1
        with plant.store.read() as connection:
            assert read_archive_state(connection) == (0, None)
        (leftover,) = files.names_in(folder)
        (folder / (files.file_name(7, "0123abcd") + ".part")).write_bytes(b"half a fi")
        done = archive(plant.store, folder, MADE)
        assert (done.removed, done.records, list(folder.iterdir())) == ([leftover], 0, [])
    assert archive(plant.store, folder).records == 10
    assert check(plant.store, folder).faults == []


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_with_a_record_that_is_nowhere_else_is_left_alone(plant: StoredPlant, tmp_path: Path) -> None:
    """A store restored from a backup, or the folder of another store: neither loses anything."""
    rows = some_records(plant, 10)
    folder = tmp_path / "archive"
    archive(plant.store, folder)
    with plant.store.write() as connection:
        execute(connection, "DELETE FROM archive_file")
        execute(connection, "DELETE FROM archived_record WHERE id = ?", (rows[0]["id"],))
    (name,) = files.names_in(folder)
    (folder / "records-000009-0123abcd.csv.gz").write_bytes(b"no archive")
    done = archive(plant.store, folder)
    assert (done.removed, done.strange) == ([], [name, "records-000009-0123abcd.csv.gz"])
    assert len(files.names_in(folder)) == 2


def test_a_record_that_is_changed_meanwhile_is_archived_as_it_is_then(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was written; the transaction sees the change and the chunk is made again."""
    rows = some_records(plant, 10)
    written: list[str] = []
    real = files.write_file

    def write_file(folder: Path, name: str, content: bytes) -> None:
        real(folder, name, content)
        written.append(name)
        if len(written) == 1:
            with plant.store.write() as connection:
                text = "UPDATE inventory_lot_record SET notes = 'late', version = 2 WHERE id = ?"
                execute(connection, text, (rows[3]["id"],))

    monkeypatch.setattr(files, "write_file", write_file)
    assert archive(plant.store, tmp_path / "archive").records == 10
    assert len(written) == 2
    notes = {line["id"]: line["notes"] for line in rows_in(tmp_path / "archive")}
    assert notes == {format_id(row["id"]): "late" if row is rows[3] else "" for row in rows}
    assert check(plant.store, tmp_path / "archive").faults == []


def test_the_second_archive_is_refused_while_the_first_is_alive(plant: StoredPlant, tmp_path: Path) -> None:
    """It shows that it is by renewing its lease, in each of its transactions."""
    first, over = Lease(plant.store), threading.Event()
    first.take()

    def live() -> None:
        while not over.wait(0.1):
            with plant.store.write() as connection:
                first.renew(connection)

    living = threading.Thread(target=live)
    living.start()
    try:
        with pytest.raises(ArchiveAtWork, match=first.run):
            archive(plant.store, tmp_path / "archive")
    finally:
        over.set()
        living.join()
    first.release()
    archive(plant.store, tmp_path / "archive")


def test_the_lease_of_a_dead_archive_is_taken_and_one_that_was_only_stalled_commits_nothing(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stalled when its file was written and its transaction had not begun; the other one moved the records."""
    some_records(plant, 10)
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.3)
    folder, real = tmp_path / "archive", files.write_file

    def write_file(folder: Path, name: str, content: bytes) -> None:
        real(folder, name, content)
        monkeypatch.setattr(files, "write_file", real)
        assert archive(plant.store, folder).records == 10

    monkeypatch.setattr(files, "write_file", write_file)
    with pytest.raises(LeaseLost):
        archive(plant.store, folder)
    assert check(plant.store, folder).faults == []
    assert archive(plant.store, folder).records == 0
    assert len(files.names_in(folder)) == 1


def test_a_walk_past_many_that_stay_ends_in_between_and_goes_on(
    plant: StoredPlant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running ones by the hundred, then some that may go."""
    monkeypatch.setattr(choosing, "PAGES_MAX", 1)
    lot = plant.lot("L")
    plant.records({"lot_id": lot, "end_millis": None, "start_millis": MADE} for _ in range(1_200))
    plant.records({"lot_id": lot, "end_millis": MADE + 1, "status": Status.CANCELLED} for _ in range(5))
    done = archive(plant.store, tmp_path / "archive")
    assert (done.records, done.left, done.files) == (5, 1_200, 1)
    with plant.store.read() as connection:
        assert read_archive_state(connection) == (1, None)  # they moved nothing: stock is known as of any moment


def test_expired_request_ids_go_and_the_others_stay(plant: StoredPlant, tmp_path: Path) -> None:
    """In transactions of a thousand."""
    rows = [("tester", f"id {number}", bytes(32), MADE + number, b"", -1, False, None) for number in range(2_500)]
    with plant.store.write() as connection:
        write_many(connection, insert_of(tables.request), rows)
    assert archive(plant.store, tmp_path / "archive", ids_until_millis=MADE + 2_399).request_ids == 2_400
    with plant.store.read() as connection:
        assert fetch(connection, "SELECT COUNT(*), MIN(created_millis) FROM request")[0] == (100, MADE + 2_400)


def test_a_sum_that_the_store_cannot_keep_moves_nothing(plant: StoredPlant, tmp_path: Path) -> None:
    """Rises that together pass 64 bits, whose falls came later."""
    lot, silo, most = plant.lot("L"), plant.location("Silo"), 9_000_000_000_000
    rows = [produce(lot, silo, MADE + number, most) for number in range(2)]
    falls: Row = {"source_location_id": silo, "source_quantity_change": -most}
    put(plant, [*rows, *(record(lot, MADE + 9, LotRecordType.CONSUME, **falls) for _ in range(2))])
    with pytest.raises(BalanceTooLarge):
        archive(plant.store, tmp_path / "archive", MADE + 5)
    assert len(ids_left(plant.store)) == 4
    assert archive(plant.store, tmp_path / "archive", MADE + 10).records == 4
    assert check(plant.store, tmp_path / "archive").faults == []


def _spoil_byte(_store: Store, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4] ^= 1  # in a part that gzip itself does not check
    path.write_bytes(content)


def _cut(_store: Store, path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _remove(_store: Store, path: Path) -> None:
    path.unlink()


def _put_back(store: Store, path: Path) -> None:
    rows = list(files.read_rows(path.read_bytes()))[:1]
    with store.write() as connection:
        write_many(connection, insert_of(tables.inventory_lot_record), [tuple(row.values()) for row in rows])


def _change_balance(store: Store, _path: Path) -> None:
    with store.write() as connection:
        execute(connection, "UPDATE opening_stock SET quantity = quantity + 1")


def _forget_record(store: Store, path: Path) -> None:
    (row, *_) = files.read_rows(path.read_bytes())
    with store.write() as connection:
        execute(connection, "DELETE FROM archived_record WHERE id = ?", (row["id"],))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_spoil_byte, "SHA-256"),
        (_cut, "cannot be read"),
        (_remove, "the file does not exist"),
        (_put_back, "is in the store, too"),
        (_change_balance, "opening_stock"),
        (_forget_record, "does not belong to this file"),
    ],
)
def test_verify_finds_what_is_wrong_with_an_archive(
    plant: StoredPlant, tmp_path: Path, spoil: Callable[[Store, Path], None], said: str
) -> None:
    """And says what."""
    some_records(plant, 10)
    folder = tmp_path / "archive"
    archive(plant.store, folder)
    (path,) = folder.iterdir()
    spoil(plant.store, path)
    with plant.store.read() as connection:
        faults = check_archive(connection, [folder]).faults
    assert any(said in fault for fault in faults), faults


def test_files_from_before_edges_of_orders_are_not_asked_for_them(plant: StoredPlant, tmp_path: Path) -> None:
    """A store of an earlier version left no such sums when it archived."""
    order, lot = plant.production_order("O"), plant.lot("L")
    plant.records([{"lot_id": lot, "end_millis": 1_000, "production_order_id": order, "lot_quantity": 5}])
    folder = tmp_path / "archive"
    archive(plant.store, folder)

    def faults() -> list[str]:
        with plant.store.read() as connection:
            return check_archive(connection, [folder]).faults

    with plant.store.write() as connection:
        assert execute(connection, "DELETE FROM opening_order_edge") == 1
    assert any("opening_order_edge" in fault for fault in faults())
    with plant.store.write() as connection:
        execute(connection, "UPDATE archive_state SET files_before_orders = files")
    assert faults() == []


async def drained(stream: Stream) -> None:
    """Reads on until it ends."""
    async for _ in stream:
        pass


async def test_a_watch_that_is_behind_what_is_archived_ends_and_one_at_the_end_goes_on(
    plant: StoredPlant, reads: Reads, tmp_path: Path
) -> None:
    """Nothing is passed over in silence."""
    watcher = Watcher(reads)
    rows = some_records(plant, limits.WATCH_RECORDS_PER_READ_MAX * 3)
    await reads.engine.feed_numbering.catch_up()  # else they may be news, and who is behind gets them from memory
    async with (
        aclosing(watcher.stream(from_beginning=True)) as behind,
        aclosing(watcher.stream()) as at_end,
    ):
        await anext(behind)
        assert (await anext(behind)).inventory_lot_record.id == format_id(rows[0]["id"])
        await anext(at_end)
        archive(plant.store, tmp_path / "archive")
        with pytest.raises(Refused) as refused:
            await drained(behind)
        assert facts(refused.value)[:2] == ("OUT_OF_RANGE", "RESUME_TOKEN_EXPIRED")
        new = plant.record(rows[0]["lot_id"], MADE, effect_order=len(rows) + 1)
        message = await anext(at_end)
        assert message.inventory_lot_record.id == format_id(new)
    newest = plant.record(rows[0]["lot_id"], MADE, effect_order=len(rows) + 2)
    assert await watcher.ids(1, resume_token=message.resume_token) == texts([newest])


async def test_where_all_is_archived_a_watch_begins_at_the_end_all_the_same(
    plant: StoredPlant, reads: Reads, tmp_path: Path
) -> None:
    """With a token that holds; one from before does not, however far it had come."""
    rows = some_records(plant, 3)
    watcher = Watcher(reads)
    messages = await watcher.records(3, from_beginning=True)
    archive(plant.store, tmp_path / "archive")
    async with aclosing(watcher.stream()) as stream:
        token = (await anext(stream)).resume_token
    new = plant.record(rows[0]["lot_id"], MADE, effect_order=4)
    assert await watcher.ids(1, resume_token=token) == texts([new])
    assert await watcher.ids(1, resume_token=messages[2].resume_token) == texts([new])
    for message in messages[:2]:
        with pytest.raises(Refused) as refused:
            await anext(watcher.stream(resume_token=message.resume_token))
        assert facts(refused.value)[1] == "RESUME_TOKEN_EXPIRED"
