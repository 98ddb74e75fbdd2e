"""Where the time of a call goes: `python -m bench.profiled`, with py-spy (`pip install py-spy`).

The server runs on one core under the usual load while py-spy looks at its threads from outside. Each sample of a
working thread counts for the area of its innermost frame that is in one: a driver's time belongs to its caller.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.process_memory import processor_seconds
from bench.served import BATCH, BATCH_REQUESTS, ECHO, EXECUTE, Bench, in_batches, plant_of_lots, served
from tests.postgresql import PostgresServer

METHODS: Final = {"execute": EXECUTE, "batch": BATCH, "echo": ECHO}
AREAS: Final = (
    (
        ("commit", r"\b(do_commit|commit|_commit_impl) \("),
        ("answer", r"\bexecute_response \(|lotkeeper_server/rpc/wire/record_\w*messages?\.py"),
        ("gate", r"lotkeeper_server/(rpc/gate|access)/"),
        ("wire in", r"lotkeeper_server/rpc/(wire|methods)/"),
        ("rules", r"lotkeeper_server/domain/"),
        ("writes", r"lotkeeper_server/store/(state/writing|db/commit_marks)"),
        ("loads", r"lotkeeper_server/store/(state|feed)/"),
        ("engine", r"lotkeeper_server/engine/"),
        ("transport", r"lotkeeper_server/transport/"),
    ),
    (
        ("store, other", r"lotkeeper_server/store/"),
        ("transport", r"\((grpc|asyncio|selectors|socket)\b|_poll_wrapper"),
    ),
)
"""Areas and the frames that are in them, `function (file:line)` or the thread's name.

The innermost frame that is in one counts; the second group counts if no frame is in one of the first."""
OTHER: Final = "other"
RATE: Final = 400
"""Samples a second."""
SHOWN: Final = 20
WARM_UP_SECONDS: Final = 2.0


def area_of(stack: Sequence[str]) -> str:
    """The area of a stack: the thread's name, then its frames, the outermost first."""
    for rules in AREAS:
        for frame in reversed(stack):
            for area, pattern in rules:
                if re.search(pattern, frame):
                    return area
    return OTHER


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="under load [10]")
    parser.add_argument("--method", choices=sorted(METHODS), default="execute")
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--thread", metavar="NAME", help="of one thread all the time, with what it waits for")
    parser.add_argument("--stacks", type=Path, help="also keep py-spy's stacks here, for a flame graph")
    parser.add_argument(
        "--py-spy", default=shutil.which("py-spy") or shutil.which("py-spy", path=Path(sys.executable).parent)
    )
    chosen = parser.parse_args()
    if chosen.py_spy is None:
        parser.error("py-spy is not installed: pip install py-spy")
    with _server(chosen.postgresql) as bench:
        bodies = plant_of_lots(bench)
        if chosen.method == "batch":
            bodies = in_batches(bodies)
        bench.run(METHODS[chosen.method], bodies, WARM_UP_SECONDS)
        executes = BATCH_REQUESTS if chosen.method == "batch" else 1
        lines, micros, per_second = _sampled(
            bench, chosen.py_spy, METHODS[chosen.method], bodies, chosen.seconds, executes, chosen.thread
        )
        bench.audit()
    if chosen.stacks:
        chosen.stacks.write_text("\n".join(lines) + "\n")
    busy = micros * per_second / 1e6
    print(
        f"{chosen.method} on {bench.name}: {per_second:,.0f}/s, {micros:.0f} µs of processor time each, "
        f"{busy:.2f} cores at work"
    )
    print("\n".join(_shown(lines, 1e6 / per_second if chosen.thread else micros)))
    return 0


@contextmanager
def _server(postgresql: bool) -> Iterator[Bench]:
    if not postgresql:
        with served() as bench:
            yield bench
        return
    with PostgresServer() as postgres, served("PostgreSQL", url=postgres.create_database("profiled")) as bench:
        yield bench


def _sampled(
    bench: Bench, py_spy: str, path: str, bodies: list[bytes], seconds: int, executes: int, thread: str | None
) -> tuple[list[str], float, float]:
    """py-spy's stacks, processor time of the server in microseconds an execute, and executes a second.

    With a thread only its stacks, and also those where it waits.
    """
    assert bench.server.process is not None
    process = bench.server.process.pid
    with tempfile.TemporaryDirectory(prefix="lotkeeper-bench-") as folder:
        stacks = Path(folder) / "stacks.txt"
        command = [py_spy, "record", "--pid", str(process), "--duration", str(seconds), "--rate", str(RATE)]
        command += ["--format", "raw", "--threads", "--nonblocking", "--output", str(stacks)]
        if thread:
            command.append("--idle")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as sampling:
            before = processor_seconds(process)
            outcome = bench.run(path, bodies, seconds + 1)
            taken = processor_seconds(process) - before
            said, _ = sampling.communicate(timeout=60)
        assert sampling.returncode == 0, said
        lines = [line for line in stacks.read_text().splitlines() if (thread or "") in line.partition(";")[0]]
    done = outcome.acknowledged * executes
    return lines, taken / done * 1e6, done / outcome.seconds


def _shown(lines: Sequence[str], micros: float) -> Iterator[str]:
    areas: Counter[str] = Counter()
    threads: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in lines:
        text, _, count = line.rpartition(" ")
        thread, *stack = text.split(";")
        area = area_of([thread, *stack])
        areas[area] += int(count)
        threads[re.sub(r"\(0x\w+\)|\d{4,}", "", thread).replace("thread ():", "").strip()] += int(count)
        innermost = re.sub(r":\d+\)$", ")", stack[-1]) if stack else ""
        functions[f"{area}: {innermost}"] += int(count)
    for title, counts, shown in (
        ("area", areas, None),
        ("thread", threads, None),
        ("function, without what it calls", functions, SHOWN),
    ):
        yield f"\n  share     µs  {title}"
        total = counts.total()
        for name, samples in counts.most_common(shown):
            yield f"  {samples / total:5.1%}  {samples / total * micros:5.1f}  {name}"


if __name__ == "__main__":
    sys.exit(main())
