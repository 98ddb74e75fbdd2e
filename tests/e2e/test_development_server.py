"""The development server as a newcomer meets it: `lotkeeper-server run` in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BINARIES = Path(sys.executable).parent


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, dict[str, str]]]:
    """A development server with the demo plant, its greeting, and an environment in which a user would type."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / ".venv").symlink_to(BINARIES.parent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOTKEEPER_")}
    environment["XDG_STATE_HOME"] = str(folder / "state")
    command = [BINARIES / "lotkeeper-server", "run", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        greeting = "".join(process.stdout.readline() for _ in range(3))
        address = greeting.splitlines()[0].rpartition(" ")[2]
        yield folder, greeting, environment | {"LOTKEEPER_ADDRESS": address}
        process.terminate()
        assert process.wait(10) == 0


def test_the_greeting_says_where_everything_is_and_what_to_paste(
    served: tuple[Path, str, dict[str, str]],
) -> None:
    """The pasted command executes an operation."""
    folder, greeting, environment = served
    assert str(folder / "data" / "lotkeeper.db") in greeting
    command = greeting.splitlines()[2].removeprefix("  try:  ")
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S602 - as a user would
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("CONSUME  100 kg  MILK-0815  ")


def test_started_again_it_keeps_its_data(served: tuple[Path, str, dict[str, str]]) -> None:
    """The demo plant is loaded into an empty store only, and the token file is one that only its owner can read."""
    folder, _, environment = served
    (token_file,) = (folder / "state" / "lotkeeper" / "tokens").iterdir()
    assert token_file.stat().st_mode & 0o777 == 0o600
    again = subprocess.run(
        [BINARIES / "lotkeeper-server", "demo", "--database-url", f"sqlite:///{folder}/data/lotkeeper.db"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, "not empty" in again.stderr) == (1, True)
