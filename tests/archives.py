"""Archives as somebody else would read them: the standard library's csv and gzip, and sums by hand."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lotkeeper import Client
from lotkeeper_server.archive.moving import Archived, Archiving
from lotkeeper_server.archive.request_ids import RequestIds
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.store.db.connection import Store

from tests.server_process import ServerProcess

MILLIONTHS = 1_000_000
SHORT_LEASE_SECONDS = 0.6
SMALL_FILE_RECORDS = 50
_WITH_SMALL_STEPS = (
    "from lotkeeper_server.archive import lease, moving; "
    f"lease.LEASE_SECONDS, moving.RECORDS_PER_FILE_MAX = {SHORT_LEASE_SECONDS}, {SMALL_FILE_RECORDS}; "
    "from lotkeeper_server.cli.main import main; main()"
)


def archive(store: Store, folder: Path, before_millis: int | None = None, *, ids_until_millis: int = 0) -> Archived:
    """Archives within this process.

    Args:
        store: that may serve meanwhile.
        folder: for the files.
        before_millis: until then; until now by default.
        ids_until_millis: request ids from before or at that moment have expired.
    """
    now = now_millis()
    before = now if before_millis is None else before_millis
    return Archiving(store, folder, before, now, RequestIds(ids_until_millis)).run()


def start_archive(server: ServerProcess, folder: Path, request_id_days: str) -> subprocess.Popen[str]:
    """A process that archives all up to now, to be killed: in small files, and its lease is soon free again."""
    return _start(server, "--yes", "--before", "0d", "--to", str(folder), "--request-id-days", request_id_days)


def start_restore(server: ServerProcess, paths: Sequence[str]) -> subprocess.Popen[str]:
    """A process that puts the records of files back, to be killed."""
    return _start(server, "--restore", *paths)


def _start(server: ServerProcess, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _WITH_SMALL_STEPS, "archive", *flags, "--database-url", server.database_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows_in(folder: Path) -> list[dict[str, str]]:
    """Every line of every file."""
    found = []
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            found += list(csv.DictReader(text))
    return found


def verified(server: ServerProcess, folder: Path) -> str:
    """What `verify --archive` says, that finds nothing."""
    done = server.run("verify", "--archive", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stock_by_hand(client: Client, folder: Path) -> tuple[set[str], dict[str, float]]:
    """Ids of all records, in store or files, each in one place only; and the stock by lot that they sum up to."""
    millionths: Counter[str] = Counter()
    stored = {record.id: record for record in client.list_inventory_lot_records(page_size=1000)}
    lines = rows_in(folder)
    ids = {line["id"] for line in lines}
    assert len(ids) == len(lines), "a record is in two files"
    assert stored.keys().isdisjoint(ids), "a record is in a file and in the store"
    for record in stored.values():
        change = record.source_quantity_change + record.destination_quantity_change
        millionths[record.inventory_lot_name] += round(change * MILLIONTHS)
    for line in lines:
        millionths[line["lot"]] += int(line["source_quantity_change"]) + int(line["destination_quantity_change"])
    return stored.keys() | ids, {lot: total / MILLIONTHS for lot, total in millionths.items()}
