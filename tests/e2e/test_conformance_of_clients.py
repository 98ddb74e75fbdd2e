"""Python's clients come through the suite for clients; one that does nothing by itself does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAIVE = f"{sys.executable} -m tests.naive_client"
REPEATS = [
    "unavailable-then-well",
    "given-request-id",
    "pauses-grow",
    "retry-info",
    "cut-then-well",
    "half-answer",
    "read-is-repeated",
    "save-after-overloaded",
    "refusal-contention",
]
"""What a bare stub does not repeat."""
KEEPS = ["default-deadline", "plain", "own-request-ids", "watch-cut", "watch-heartbeat-token", "coalesced"]
"""What it does not do either: deadlines and request ids of its own, watches that go on, batches."""
SETTINGS = ["tls", "tls-not-asked-for", "token-renewed", "token-renewed-between-attempts", "first-address-away"]
"""What it knows nothing of: TLS, tokens that change, several addresses."""


def conformance(client: str, *only: str, jobs: int = 8) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clients.conformance", "--client", client, "--jobs", str(jobs)]
    for name in only:
        command += ["--only", name]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


@pytest.mark.parametrize("program", ["program", "program_async"])
@pytest.mark.slow
def test_pythons_client_passes_every_scenario(program: str) -> None:
    result = conformance(f"{sys.executable} -m clients.conformance.{program}")

    assert result.returncode == 0, result.stdout


def test_a_bare_stub_fails_where_a_client_has_work_to_do() -> None:
    result = conformance(NAIVE, *REPEATS, *KEEPS, *SETTINGS)

    failed = {line.split()[1].rstrip(":") for line in result.stdout.splitlines() if line.startswith("FAIL")}
    assert failed == {*REPEATS, *KEEPS, *SETTINGS}, result.stdout
    assert result.returncode == 1


def test_a_bare_stub_that_repeats_everything_fails_where_that_is_wrong() -> None:
    wrong = ["save-is-not-repeated", "save-is-not-repeated-after-a-cut", "too-large", "aborted-for-no-reason"]
    wrong += [
        "deadline-goes-on",
        "refusal-internal",
        "refusal-version-conflict",
        "watch-unauthenticated",
        "watch-token-expired",
    ]
    result = conformance(f"{NAIVE} --stubborn", *wrong)

    failed = {line.split()[1].rstrip(":") for line in result.stdout.splitlines() if line.startswith("FAIL")}
    assert failed == set(wrong), result.stdout


def test_a_program_that_dies_fails_that_scenario_and_is_started_again() -> None:
    result = conformance(
        f"{sys.executable} -c \"import sys; sys.stdin.readline(); print('what?')\"", "pages", "watch", jobs=1
    )

    assert result.stdout.count("this is no outcome of") == 2, result.stdout
    assert result.returncode == 1


def test_a_scenario_is_skipped_only_where_that_is_allowed() -> None:
    program = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    print(json.dumps({'scenario': json.loads(line)['scenario'], 'skipped': 'no'}), flush=True)"
    )
    command = [sys.executable, "-m", "clients.conformance", "--only", "coalesced"]
    command += ["--client", f'{sys.executable} -c "{program}"']
    forbidden = subprocess.run(command, capture_output=True, text=True, check=False)
    allowed = subprocess.run([*command, "--may-skip", "coalesced*"], capture_output=True, text=True, check=False)

    assert (forbidden.returncode, allowed.returncode) == (1, 0), forbidden.stdout + allowed.stdout
    assert "0 of 1 passed, 0 failed, 1 skipped" in allowed.stdout
