"""Programs of earlier versions, out of this repository's history, to serve stores that newer ones migrate."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Final

from tests.server_process import ServerProcess

ROOT: Final = Path(__file__).resolve().parent.parent
OF_SCHEMA_0012: Final = "09708e5aa52316728015667eba7dd98cc025fb78"
"""The first that stops where a store is migrated past it, and the last before limited roles, grants and events."""
_MAIN: Final = "from lotkeeper_server.cli.main import main; main()"


def unpack(commit: str, folder: Path) -> Path | None:
    """Puts a commit's files into a folder; None where the history does not have it, as in a source archive.

    Args:
        commit: its full name.
        folder: that is made.
    """
    done = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, "client", "server"],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        return None
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def program_in(folder: Path, *arguments: str) -> tuple[str | Path, ...]:
    """The command line of the server that was unpacked there; it imports what is installed, and itself from there."""
    path = f"PYTHONPATH={folder}/client:{folder}/server"
    return ("/usr/bin/env", path, sys.executable, "-c", _MAIN, *arguments)


def run_in(folder: Path, server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs another command of that program on a server's store."""
    command = program_in(folder, *arguments, "--database-url", server.database_url)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
