"""Clients that coalesce while their server is killed, as clients/crashes proves it; and that it sees what is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest


def crashes(client: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clients.crashes", "--client", client]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.parametrize("program", ["program", "program_async"])
@pytest.mark.slow
def test_every_coalesced_call_counts_once_though_the_server_is_killed(program: str) -> None:
    result = crashes(f"{sys.executable} -m clients.crashes.{program}")

    assert result.returncode == 0, result.stdout + result.stderr


def test_a_client_that_makes_another_request_id_for_a_repeat_is_found_to_count_twice() -> None:
    result = crashes(f"{sys.executable} -m tests.forgetful_client")

    assert result.returncode == 1, result.stdout + result.stderr
    assert "counts 2 times" in result.stdout, result.stdout + result.stderr


def test_a_program_that_tells_less_than_it_was_asked_for_is_found() -> None:
    result = crashes(f"{sys.executable} -c \"print('0 record none'); print('what?')\"")

    assert result.returncode == 1
    for text in ("of 399 calls nothing was told", "this says nothing of a call", "acknowledged with none, and has []"):
        assert text in result.stdout, result.stdout + result.stderr
