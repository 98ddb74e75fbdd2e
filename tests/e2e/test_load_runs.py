"""`python -m loadtest` as somebody types it, on real servers: its words and its exit status where things go wrong."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from loadtest import harnesses, running, serving
from loadtest.__main__ import main
from loadtest.audit import nothing_done
from loadtest.harnesses import HARNESSES, Counted, HarnessFailed, HarnessMissing, Target
from loadtest.scenarios import SCENARIOS, Kind, Phase
from tests.server_process import BINARIES, ServerProcess

ROOT = Path(__file__).parents[2]
CALLS = 20
FITS = "audit: records and stock are what was acknowledged"
Harness = Callable[[Phase, Target], Counted]


def calling(phase: Phase, target: Target) -> Counted:
    """A harness: some calls, one after the other."""
    statuses: Counter[str] = Counter()
    with grpc.insecure_channel(target.address) as channel:
        for number in range(CALLS):
            call = phase.calls[number % len(phase.calls)]
            method: Any = channel.unary_unary(f"/{call.method}")
            try:
                method(
                    base64.b64decode(call.as_json()["bytes"]),
                    metadata=[("authorization", f"Bearer {target.token}")],
                    timeout=20,
                )
                statuses["OK"] += 1
            except grpc.RpcError as error:
                statuses[error.code().name] += 1
    return Counted({phase.calls[0].kind: statuses}, seconds=1.0)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Callable[[Harness], None]:
    """Sets what `go` is, and takes from the environment what tells the client of a token."""
    for name in ("LOTKEEPER_TOKEN", "LOTKEEPER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)

    def set_to(it: Harness) -> None:
        monkeypatch.setitem(HARNESSES, "go", it)

    set_to(calling)
    return set_to


@pytest.fixture
def own_processes(monkeypatch: pytest.MonkeyPatch) -> list[ServerProcess]:
    """The servers that the kit starts by itself."""
    started: list[ServerProcess] = []

    def started_here(*arguments: Any) -> ServerProcess:
        started.append(ServerProcess(*arguments))
        return started[-1]

    monkeypatch.setattr(serving, "ServerProcess", started_here)
    return started


@pytest.mark.usefixtures("harness")
def test_the_harness_calls_with_what_the_client_sends_to_a_development_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is good for the process that has shown that it made the token, and is not the token itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with ServerProcess(tmp_path, program=(BINARIES / "lotkeeper-server", "run")) as server:
        by_name = server.address.replace("127.0.0.1", "localhost")
        status = main(["go", "hot-lot", "--address", by_name])

    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    assert f"; {CALLS} OK, {CALLS} records in 1.0 s\n{FITS}" in said.out


@pytest.mark.parametrize(
    ("token", "says"),
    [(None, "set LOTKEEPER_TOKEN"), ("lk_wrong", "A valid token is needed"), ("two words", "has a character that no")],
)
@pytest.mark.usefixtures("harness")
def test_without_a_token_that_is_valid_nothing_is_loaded(
    server: ServerProcess,
    token: str | None,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if token is not None:
        monkeypatch.setenv("LOTKEEPER_TOKEN", token)
    status = main(["go", "hot-lot", "--address", server.address])

    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith("go: nothing was loaded: ")
    assert says in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("harness")
def test_where_no_server_answers_nothing_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "START_SECONDS", 0.5)
    status = main(["go", "hot-lot", "--address", "127.0.0.1:1"])

    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.startswith("go: nothing was loaded: UNAVAILABLE: no server answers on 127.0.0.1:1")


@pytest.mark.parametrize("address", ["127.0.0.1", "http://127.0.0.1:50051", "a:1,b:2", "::1:50051", ""])
def test_an_address_that_no_harness_can_call_is_refused(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["go", "hot-lot", "--address", address])

    assert ended.value.code == 2
    assert f"{address!r} is not HOST:PORT" in capsys.readouterr().err


def test_a_run_without_one_ok_does_not_pass(
    server: ServerProcess,
    harness: Callable[[Harness], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing was acknowledged and nothing is there, which fits, and proves nothing."""
    monkeypatch.setenv("LOTKEEPER_TOKEN", server.token)
    harness(lambda phase, target: calling(phase, Target(target.address, "lk_wrong", target.seconds, target.folder)))
    status = main(["go", "hot-lot", "--address", server.address])

    said = capsys.readouterr()
    assert status == 1
    assert f"AUDIT: no call ended with OK, so nothing was tried: {CALLS} UNAUTHENTICATED\n" in said.out
    assert FITS not in said.out


@pytest.mark.parametrize(
    ("answers", "written", "says"),
    [(0, 0, "no call was answered"), (9, 0, "each of the answers was a refusal: 9 HTTP 200"), (9, 9, "")],
)
def test_where_statuses_are_not_seen_the_records_tell_that_all_were_refused(
    answers: int, written: int, says: str
) -> None:
    counted = [Counted({"consume": Counter({"HTTP 200": answers})}, sees_statuses=False)]
    why = nothing_done(counted, written, {"consume": Kind(records=1)})

    assert says in why
    assert bool(says) == bool(why)


def test_its_own_server_that_was_killed_leaves_the_counts_and_a_line(
    harness: Callable[[Harness], None],
    own_processes: list[ServerProcess],
    capsys: pytest.CaptureFixture[str],
) -> None:
    def killing(phase: Phase, target: Target) -> Counted:
        counted = calling(phase, target)
        own_processes[0].kill()
        counted.statuses["consume"] += calling(phase, target).statuses["consume"]
        return counted

    harness(killing)
    status = main(["go", "hot-lot"])

    said = capsys.readouterr()
    assert (status, said.err) == (1, "")
    counts, audit = said.out.splitlines()
    assert counts == f"go hot-lot: {CALLS} calls/s; {CALLS} OK; {CALLS} UNAVAILABLE in 1.0 s"
    assert audit == "AUDIT: could not be made: the server is gone: it was killed by SIGKILL"


def test_its_own_server_that_was_stopped_while_a_harness_failed_leaves_what_was_counted(
    harness: Callable[[Harness], None],
    own_processes: list[ServerProcess],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The starts are told; the stops did not come to an end."""

    def stopping(phase: Phase, target: Target) -> Counted:
        if phase.name == "start":
            return calling(phase, target)
        own_processes[0].terminate()
        raise HarnessFailed("it broke")

    harness(stopping)
    status = main(["go", "start-stop"])

    said = capsys.readouterr()
    assert (status, said.err) == (1, "go: it broke\n")
    counts, audit = said.out.splitlines()
    assert counts == f"go start-stop: {CALLS} calls/s; {CALLS} OK in 1.0 s"
    assert audit.startswith("AUDIT: could not be made: the server is gone: it ended with exit status 0")


def test_a_server_that_comes_back_is_audited(
    own_server: ServerProcess,
    harness: Callable[[Harness], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOTKEEPER_TOKEN", own_server.token)

    def restarting(phase: Phase, target: Target) -> Counted:
        counted = calling(phase, target)
        own_server.kill()
        counted.statuses["consume"] += calling(phase, target).statuses["consume"]
        own_server.start()
        return counted

    harness(restarting)
    status = main(["go", "hot-lot", "--address", own_server.address])

    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    assert f"; {CALLS} OK; {CALLS} UNAVAILABLE, {CALLS} records in 1.0 s\n{FITS}" in said.out


def test_a_server_that_does_not_come_back_leaves_the_counts_and_a_line(
    own_server: ServerProcess,
    harness: Callable[[Harness], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LOTKEEPER_TOKEN", own_server.token)
    monkeypatch.setattr(running, "RETURN_SECONDS", 0.5)

    def killing(phase: Phase, target: Target) -> Counted:
        counted = calling(phase, target)
        own_server.kill()
        return counted

    harness(killing)
    status = main(["go", "hot-lot", "--address", own_server.address])

    said = capsys.readouterr()
    assert (status, said.err) == (1, "")
    counts, audit = said.out.splitlines()
    assert counts == f"go hot-lot: {CALLS} calls/s; {CALLS} OK in 1.0 s"
    assert audit.startswith(f"AUDIT: could not be made: UNAVAILABLE: no server answers on {own_server.address}")


def test_side_by_side_runs_each_harness_that_can_do_the_scenario_and_ends_with_the_worst_status(
    server: ServerProcess,
    harness: Callable[[Harness], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that fails keeps no other from its run; h2load, which cannot, is not asked."""
    monkeypatch.setenv("LOTKEEPER_TOKEN", server.token)

    def failing(phase: Phase, _: Target) -> Counted:
        raise HarnessFailed(f"{phase.name} broke")

    harness(calling)
    for name, it in {"ghz": failing, "h2load": failing, "k6": calling, "locust": calling}.items():
        monkeypatch.setitem(HARNESSES, name, it)
    status = main(["side-by-side", "1000-lots", "--address", server.address])

    said = capsys.readouterr()
    assert (status, said.err) == (1, "ghz: consume broke\n")
    assert [line.split(":")[0] for line in said.out.splitlines() if line.startswith(("go", "k6", "locust"))] == [
        "k6 1000-lots",
        "locust 1000-lots",
        "go 1000-lots",
    ]
    assert said.out.count(FITS) == 3


def test_a_harness_that_is_not_installed_is_named_with_what_installs_it(
    server: ServerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOTKEEPER_TOKEN", server.token)
    monkeypatch.setattr(harnesses, "TOOLS", tmp_path)
    status = main(["ghz", "hot-lot", "--address", server.address])

    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err == "ghz: nothing was loaded: ghz is not there: make -C loadtest ghz-tool\n"


def test_the_go_program_loads_a_server_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        harnesses._tool("lotkeeper-load")
    except HarnessMissing as missing:
        pytest.skip(str(missing))
    status = main(["go", "hot-lot", "--seconds", "1"])

    said = capsys.readouterr()
    assert (status, said.err) == (0, "")
    assert " OK, " in said.out
    assert FITS in said.out


def test_make_alone_lists_every_harness_and_scenario_without_setting_anything_up(tmp_path: Path) -> None:
    """On a fresh clone nothing is there yet."""
    shutil.copytree(ROOT / "loadtest", tmp_path / "loadtest", ignore=shutil.ignore_patterns(".tools", "__pycache__"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--no-print-directory", "-C", tmp_path / "loadtest"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert {line.split()[0] for line in lines if line} >= HARNESSES.keys()
    for name, scenario in SCENARIOS.items():
        assert any(line.split() == [name, *scenario.title.split()] for line in lines), done.stdout
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["loadtest"]


def test_its_own_help_names_harnesses_scenarios_and_exit_statuses() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loadtest", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ", ".join(HARNESSES) in done.stdout
    assert all(scenario.title in done.stdout for scenario in SCENARIOS.values())
    assert "exit status: 0 " in done.stdout
