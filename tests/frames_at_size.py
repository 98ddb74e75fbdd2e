"""Very long lists as Arrow's columns: what the client needs of memory and time, against a real server.

    python -m tests.frames_at_size [RECORDS]

RECORDS defaults to 1,000,000. A tenth of them is read first, then all, each time by a new process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.grown_store import grown
from bench.served import Conditions

_READER = """
import json, re, sys, time
from pathlib import Path
from lotkeeper import Client
from lotkeeper.dataframe import record_batches

def peak_kibibytes():
    return int(re.search(r"^VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[1])

address, token, rows_max = sys.argv[1], sys.argv[2], int(sys.argv[3])
begin, rows, first = time.monotonic(), 0, 0
with Client(address, token=token) as client:
    for batch in record_batches(client.list_inventory_lot_records()):
        rows += batch.num_rows
        first = first or peak_kibibytes()
        if rows >= rows_max:
            break
print(json.dumps({"rows": rows, "seconds": time.monotonic() - begin, "processor_seconds": time.process_time(),
                  "first_kibibytes": first, "peak_kibibytes": peak_kibibytes()}))
"""


@contextmanager
def served_records(folder: Path, records: int) -> Iterator[tuple[str, str]]:
    """The address and token of a server with so many records, on a store that is made in a folder."""
    conditions = Conditions(runs=0, seconds=0, overload_seconds=0, memory_calls=0, records=0, kept=folder)
    with grown(conditions, records) as (bench, _):
        yield bench.server.address, bench.server.token


@dataclass(frozen=True, slots=True)
class Reading:
    """What it took to read records.

    Attributes:
        rows: that were read.
        seconds: of all of it.
        processor_seconds: of the client, its start among them.
        first_kibibytes: its largest resident size until the first batch had come.
        peak_kibibytes: its largest resident size.
    """

    rows: int
    seconds: float
    processor_seconds: float
    first_kibibytes: int
    peak_kibibytes: int


def read_records(address: str, token: str, rows_max: int) -> Reading:
    """Reads records by a new process, in whole batches, until there are so many."""
    command = [sys.executable, "-c", _READER, address, token, str(rows_max)]
    return Reading(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def main(records: int) -> None:
    """Prints what each reading took."""
    with (
        tempfile.TemporaryDirectory(prefix="lotkeeper-frames-") as folder,
        served_records(Path(folder), records) as (address, token),
    ):
        for rows in (records // 10, records):
            reading = read_records(address, token, rows)
            print(
                f"{reading.rows:,} records: {reading.seconds:.1f} s, of the client's processor "
                f"{reading.processor_seconds:.1f} s; at most {reading.peak_kibibytes / 1024:.0f} MiB, "
                f"{reading.first_kibibytes / 1024:.0f} MiB with the first batch",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
