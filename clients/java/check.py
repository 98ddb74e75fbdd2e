"""Proves the Java client as its users have it: `make test-java`.

Runs its tests, installs the artifact into a local repository in a folder, and builds the project in `examples` with it,
outside the tree. That tells the common story twice, on a server that is killed in between, executes while its server is
killed, and runs the conformance suite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Final

from tests.server_process import BINARIES, ServerProcess

JAVA: Final = Path(__file__).parent
CLIENTS: Final = JAVA.parent
STORY: Final = "com.lotkeeper.examples.Story"
CONFORMANCE: Final = "com.lotkeeper.examples.Conformance"
CRASHES: Final = "com.lotkeeper.examples.Crashes"
PROGRAM_SECONDS: Final = 120


def absent() -> str | None:
    """What is missing on this machine, so that nothing can be proven here."""
    missing = [name for name in ("javac", "mvn") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not found" if missing else None


def repository(folder: Path) -> Path:
    """A local repository of its own: what was downloaded before, as links, and nothing of ours."""
    target = folder / "repository"
    known = Path.home() / ".m2" / "repository"
    if known.exists():
        try:
            shutil.copytree(known, target, copy_function=os.link)
        except (OSError, shutil.Error):  # on another file system
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(known, target)
        shutil.rmtree(target / "com" / "lotkeeper", ignore_errors=True)
    target.mkdir(exist_ok=True)
    return target


def keep(repository_folder: Path) -> None:
    """What was downloaded this time is there the next time; ours is not."""
    known = Path.home() / ".m2" / "repository"
    for path in repository_folder.rglob("*"):
        at = path.relative_to(repository_folder)
        if path.is_file() and at.parts[:2] != ("com", "lotkeeper") and not (known / at).exists():
            (known / at).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, known / at)


def maven(folder: Path, repository_folder: Path, *arguments: str) -> None:
    """Runs Maven in a folder."""
    command = ["mvn", "--batch-mode", "--quiet", f"-Dmaven.repo.local={repository_folder}", *arguments]
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - our own programs


def told(command: Sequence[str], server: ServerProcess) -> str:
    """What the story prints on a server."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("LOTKEEPER_")}
    mine |= {"LOTKEEPER_ADDRESS": server.address, "LOTKEEPER_TOKEN": server.token}
    done = subprocess.run(command, env=mine, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False)  # noqa: S603 - our own programs
    if done.returncode:
        sys.exit(f"the story ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_story(command: Sequence[str], folder: Path) -> None:
    """Equal to the letter, twice, on a store whose server was killed in between."""
    expected = (CLIENTS / "story" / "expected.txt").read_text()
    with ServerProcess(folder) as server:
        for number in (1, 2):
            text = told(command, server)
            if text != expected:
                differences = "\n".join(unified_diff(expected.splitlines(), text.splitlines(), lineterm=""))
                sys.exit(f"the story differs, at time {number}:\n{differences}")
            server.kill()
            server.start()
        server.verify()


def main() -> None:
    """Does all of it; ends with a message where something fails."""
    if why := absent():
        print(f"skipped: {why}, so the Java client is not tested")
        return
    subprocess.run([sys.executable, JAVA / "methods.py", "--check"], check=True)  # noqa: S603 - our own programs
    with tempfile.TemporaryDirectory(prefix="lotkeeper-java-") as name:
        folder = Path(name)
        local = repository(folder)
        maven(JAVA, local, "install", f"-Dlotkeeper.server={BINARIES / 'lotkeeper-server'}")
        consumer = folder / "consumer"
        shutil.copytree(JAVA / "examples", consumer, ignore=shutil.ignore_patterns("target"))
        path = folder / "classpath.txt"
        maven(consumer, local, "compile", "dependency:build-classpath", f"-Dmdep.outputFile={path}")
        java = ["java", "-cp", f"{path.read_text()}{os.pathsep}{consumer / 'target' / 'classes'}"]
        stores = folder / "store"
        stores.mkdir()
        check_story([*java, STORY], stores)
        print("the story: equal to the letter, twice, across a kill -9")
        for suite, program in (("clients.crashes", CRASHES), ("clients.conformance", CONFORMANCE)):
            command = [sys.executable, "-m", suite, "--client", " ".join([*java, program])]
            subprocess.run(command, cwd=CLIENTS.parent, check=True)  # noqa: S603 - our own programs
        keep(local)


if __name__ == "__main__":
    main()
