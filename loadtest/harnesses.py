"""The harnesses: how each is told what to do, and what it then says."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from loadtest.scenarios import Phase

HERE: Final = Path(__file__).parent
TOOLS: Final = HERE / ".tools"
CONNECTIONS: Final = 8
GO_CODES: Final = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
]
"""The codes of gRPC by their numbers, as Go names them."""
REST_SECONDS: Final = 120.0
"""How long a harness may take beyond its time, to start and to wait for answers."""


@dataclass
class Counted:
    """What a harness has counted.

    Attributes:
        statuses: of each kind of calls, how many ended with each status of gRPC, as the harness names it.
        seconds: how long calls were made.
        p50_millis: of a call; None where the harness does not say.
        p99_millis: the same.
        sees_statuses: whether the harness looks at the status of gRPC at all.
    """

    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    seconds: float = 0.0
    p50_millis: float | None = None
    p99_millis: float | None = None
    sees_statuses: bool = True

    def ok(self, kind: str) -> int:
        """How many calls of a kind were acknowledged."""
        return self.statuses.get(kind, Counter())["OK"]

    def total(self) -> Counter[str]:
        """The statuses of all kinds together."""
        return sum(self.statuses.values(), Counter())


class HarnessFailed(Exception):
    """A harness that did not run, or said nothing that can be read."""


class HarnessMissing(HarnessFailed):
    """A harness that is not installed; says how it is."""


@dataclass(frozen=True)
class Target:
    """Where to, and for how long.

    Attributes:
        address: HOST:PORT.
        token: of a principal.
        seconds: how long.
        folder: for files of the run.
    """

    address: str
    token: str = field(repr=False)
    seconds: float
    folder: Path


def ghz(phase: Phase, target: Target) -> Counted:
    """One method, its messages in turn."""
    (method,) = {call.method for call in phase.calls}
    data, metadata = target.folder / "ghz-data.json", target.folder / "ghz-metadata.json"
    data.write_text(json.dumps([call.as_json()["json"] for call in phase.calls]))
    metadata.write_text(json.dumps({"authorization": f"Bearer {target.token}"}))
    most = (
        ["--total", str(len(phase.calls))]
        if phase.is_once
        else ["--duration", f"{target.seconds}s", "--duration-stop", "wait"]
    )
    command: list[str | Path] = [_tool("ghz"), "--insecure", "--call", method, "--data-file", data]
    command += ["--metadata-file", metadata, "--reflect-metadata", metadata.read_text(), *most]
    command += ["--timeout", "20s", "--format", "json", "--concurrency", str(phase.in_flight)]
    command += ["--connections", str(min(CONNECTIONS, phase.in_flight)), target.address]
    output = _run(command, target)
    report = json.loads(output)
    distribution = {entry["percentage"]: entry["latency"] / 1e6 for entry in report["latencyDistribution"] or ()}
    return Counted(
        {phase.calls[0].kind: Counter(report["statusCodeDistribution"])},
        report["total"] / 1e9,
        distribution.get(50),
        distribution.get(99),
    )


def k6(phase: Phase, target: Target) -> Counted:
    """A script of a page, which takes the messages from a file."""
    work, report = _work(phase, target), target.folder / "k6-report.json"
    environment = {"WORK": str(work), "REPORT": str(report), "K6_NO_USAGE_REPORT": "true"}
    _run([_tool("k6"), "run", "--quiet", "--no-color", HERE / "k6.js"], target, environment)
    return _reported(report)


def locust(phase: Phase, target: Target) -> Counted:
    """Users that call by gRPC's own channel, or by the Python client where it coalesces."""
    work, report = _work(phase, target), target.folder / "locust-report.json"
    python = TOOLS / "locust" / "bin" / "python"
    if not python.exists():
        raise HarnessMissing("Locust is not there: make -C loadtest locust-tool")
    path = os.pathsep.join([str(HERE.parent / "client"), str(HERE.parent)])
    environment = {"WORK": str(work), "REPORT": str(report), "PYTHONPATH": path}
    command: list[str | Path] = [python, "-m", "locust", "--headless", "--only-summary", "--loglevel", "WARNING"]
    command += ["--locustfile", HERE / "locustfile.py", "--stop-timeout", "30", "--exit-code-on-error", "0"]
    if not phase.rates:
        command += ["--users", str(phase.in_flight), "--spawn-rate", str(phase.in_flight)]
    _run(command, target, environment)
    return _reported(report)


def h2load(phase: Phase, target: Target) -> Counted:
    """One message, again and again. It takes every answer for a good one: a refusal is an HTTP 200, too."""
    call, body = phase.calls[0], target.folder / "h2load-body"
    data = base64.b64decode(call.as_json()["bytes"])
    body.write_bytes(b"\x00" + len(data).to_bytes(4, "big") + data)
    in_flight = max(phase.in_flight // CONNECTIONS, 1)
    command: list[str | Path] = ["h2load", "-c", str(CONNECTIONS), "-m", str(in_flight)]
    command += ["-D", f"{target.seconds:g}", "-d", body, "-H", "content-type: application/grpc", "-H", "te: trailers"]
    command += ["-H", f"authorization: Bearer {target.token}", f"http://{target.address}/{call.method}"]
    output = _run(command, target)
    answered = re.search(r"status codes: (\d+) 2xx", output)
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+(\S+?)(us|ms|s)\s", output)
    if answered is None:
        raise HarnessFailed(output)
    scale = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    return Counted(
        {call.kind: Counter({"HTTP 200": int(answered[1])})},
        target.seconds,
        float(mean[1]) * scale[mean[2]] if mean else None,
        sees_statuses=False,
    )


def go(phase: Phase, target: Target) -> Counted:
    """A program of a page on grpc-go."""
    work, report = _work(phase, target), target.folder / "go-report.json"
    _run([_tool("lotkeeper-load")], target, {"WORK": str(work), "REPORT": str(report)})
    return _reported(report)


HARNESSES: Final[dict[str, Callable[[Phase, Target], Counted]]] = {
    "ghz": ghz,
    "k6": k6,
    "locust": locust,
    "h2load": h2load,
    "go": go,
}
"""By the names that the command line has for them."""


def _work(phase: Phase, target: Target) -> Path:
    """The file that our own scripts read."""
    file = target.folder / "work.json"
    file.write_text(
        json.dumps(
            {
                "address": target.address,
                "token": target.token,
                "seconds": target.seconds,
                "in_flight": phase.in_flight,
                "connections": min(CONNECTIONS, phase.in_flight),
                "once": phase.is_once,
                "mixed": phase.is_mixed,
                "coalesces": phase.coalesces,
                "rates": [[part * target.seconds, rate] for part, rate in phase.rates],
                "calls": [call.as_json() for call in phase.calls],
            }
        )
    )
    return file


def _reported(file: Path) -> Counted:
    """What our own scripts write: numbers of statuses, or their names."""
    try:
        report: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError as missing:
        raise HarnessFailed("it wrote no report") from missing
    statuses = {
        kind: Counter({_name_of(status): count for status, count in counts.items()})
        for kind, counts in report["statuses"].items()
    }
    return Counted(statuses, report["seconds"], report.get("p50_millis"), report.get("p99_millis"))


def _name_of(status: str) -> str:
    return GO_CODES[int(status)] if status.isdecimal() and int(status) < len(GO_CODES) else status


def _tool(name: str) -> Path:
    tool = TOOLS / name
    if not tool.exists():
        raise HarnessMissing(f"{name} is not there: make -C loadtest {name}-tool")
    return tool


def _run(command: Sequence[str | Path], target: Target, environment: Mapping[str, str] | None = None) -> str:
    """Runs a harness, with its own words on standard error in a file.

    Raises:
        HarnessMissing: where it is not there.
        HarnessFailed: where it fails, or does not end.
    """
    words = target.folder / "harness.log"
    try:
        with words.open("a") as log:
            done = subprocess.run(
                list(map(str, command)),
                env={**os.environ, **(environment or {})},
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                timeout=target.seconds + REST_SECONDS,
                check=False,
            )
    except FileNotFoundError as missing:
        raise HarnessMissing(f"{command[0]} is not there; h2load comes with Debian's nghttp2-client") from missing
    except subprocess.TimeoutExpired as expired:
        raise HarnessFailed(f"{command[0]} did not end") from expired
    if done.returncode:
        raise HarnessFailed(f"{command[0]} ended with {done.returncode}: {words.read_text()[-2_000:]}")
    return done.stdout
