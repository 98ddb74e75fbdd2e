"""The Maven artifact of the Java client: jar, sources, documentation and pom, in a folder laid out as a repository."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from published.source import Source, lacking

FOLDER: Final = "clients/java"
SOON_WARM: Final = {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""Of Java: a build ends before more is worth its while."""


def absent() -> str | None:
    """Why it cannot be made on this machine; None if it can."""
    return lacking(("javac", "mvn"))


def make(source: Source, folder: Path) -> None:
    """Builds it from the contract in a copy, and puts it into `maven` in a folder.

    Raises:
        NoRelease: where that fails.
    """
    repository = folder.absolute() / "maven"
    moment = datetime.fromtimestamp(source.moment_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory(prefix="lotkeeper-maven-") as name:
        copy = Path(name)
        source.copy(copy, FOLDER, "protos", "LICENSE")
        arguments = (
            "--batch-mode",
            "--quiet",
            "--activate-profiles=release",
            "-Dmaven.test.skip=true",  # `make test-java` has run the tests
            "-Dmaven.install.skip=true",  # it is nobody's on this machine
            f"-Dproject.build.outputTimestamp={moment}",
            f"-DaltDeploymentRepository=release::file://{repository}",
        )
        source.run("mvn", *arguments, "deploy", folder=copy / FOLDER, environment=SOON_WARM)
    # The list of versions, with the moment of the build: each repository keeps its own.
    for listed in repository.rglob("maven-metadata.xml*"):
        listed.unlink()
