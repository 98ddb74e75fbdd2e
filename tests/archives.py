"""Archives as somebody else would read them: the standard library's csv and gzip, and sums by hand."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections import Counter
from pathlib import Path

from lotkeeper import Client

from tests.server_process import ServerProcess

MILLIONTHS = 1_000_000
KEPT_DAYS = "0.00001"
"""How long request ids are kept where a test waits until they have expired: less than a second."""
_SHORT_LEASE = (
    "from lotkeeper_server.archive import lease; lease.LEASE_SECONDS = 0.6; "
    "from lotkeeper_server.cli.main import main; main()"
)


def rows_in(folder: Path) -> list[dict[str, str]]:
    """Every line of every file."""
    found = []
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            found += list(csv.DictReader(text))
    return found


def archive(server: ServerProcess, folder: Path, *more: str, before: str = "0d") -> subprocess.CompletedProcess[str]:
    """Archives, with short-lived request ids; up to now unless told otherwise."""
    flags = ("--before", before, "--to", str(folder), "--request-id-days", KEPT_DAYS, *more)
    return server.run("archive", *flags)


def archived(server: ServerProcess, folder: Path, *more: str, before: str = "0d") -> str:
    """What an archive says that ends well."""
    done = archive(server, folder, *more, before=before)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start_archive(server: ServerProcess, folder: Path) -> subprocess.Popen[str]:
    """An archive of everything up to now, to be killed: its lease is free again after a moment."""
    flags = ["archive", "--before", "0d", "--to", str(folder), "--request-id-days", KEPT_DAYS]
    return subprocess.Popen(
        [sys.executable, "-c", _SHORT_LEASE, *flags, "--database-url", server.database_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def verified(server: ServerProcess, folder: Path) -> str:
    """What `verify --archive` says, that finds nothing."""
    done = server.run("verify", "--archive", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stock_by_hand(client: Client, folder: Path) -> dict[str, float]:
    """Stock by lot, all places together, of records in the store and in files: each of them exactly once."""
    millionths: Counter[str] = Counter()
    stored = {record.id: record for record in client.list_inventory_lot_records(page_size=1000)}
    lines = {line["id"]: line for line in rows_in(folder)}
    assert stored.keys().isdisjoint(lines)
    for record in stored.values():
        change = record.source_quantity_change + record.destination_quantity_change
        millionths[record.inventory_lot_name] += round(change * MILLIONTHS)
    for line in lines.values():
        millionths[line["lot"]] += int(line["source_quantity_change"]) + int(line["destination_quantity_change"])
    return {lot: total / MILLIONTHS for lot, total in millionths.items()}
