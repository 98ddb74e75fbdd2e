"""The story that every client tells, as Python tells it: the same words each time, on any store, across restarts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server_process import ServerProcess

STORY = Path(__file__).parents[2] / "clients" / "story"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path) as server:
        yield server


def told(server: ServerProcess, *arguments: str) -> str:
    environment = {**os.environ, "LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    command = [sys.executable, STORY / "story.py", *arguments]
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", timeout=120, check=True
    ).stdout


def test_the_story_is_told_in_the_same_words_again_and_after_a_kill(server: ServerProcess) -> None:
    expected = (STORY / "expected.txt").read_text(encoding="utf-8")

    assert told(server) == expected
    assert told(server, "by-name") == expected
    server.kill()
    server.start()
    assert told(server) == expected


def test_a_story_that_does_not_go_as_expected_fails(server: ServerProcess) -> None:
    told(server, "twice")

    with pytest.raises(subprocess.CalledProcessError):
        told(server, "twice")
