"""The wheel, tried out as whoever installs it would: in new environments, with the oldest and the newest packages.

    python -m tests.wheel_in_clean_environments UV

UV is the program uv. It asks the package index for what pyproject.toml allows. The client stands in one environment,
with the server's extra in another, both outside of this folder. It needs nothing but Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
RESOLUTIONS: Final = ("lowest-direct", "highest")
FORMS: Final = ("table", "json", "csv", "yaml")
LISTS: Final = (("operations", "list"), ("lots", "list"), ("inventory",), ("records", "list"))
QUIET: Final = ("-W", "error", "-X", "dev")
IMPORTS: Final = "import lotkeeper, lotkeeper.actions, lotkeeper.exact, lotkeeper.testing"
WITHOUT_SERVER: Final = """
from lotkeeper.testing import LotkeeperServer, ServerNotInstalled
for in_child in (False, True):
    try:
        LotkeeperServer(in_child=in_child)
    except ServerNotInstalled:
        continue
    raise AssertionError(in_child)
"""
OWN_TESTS: Final = """
def test_the_demo_plant_has_stock(lotkeeper_client):
    assert list(lotkeeper_client.list_inventory())

def test_on_threads():
    from lotkeeper.testing import LotkeeperServer
    with LotkeeperServer() as server, server.client() as client:
        assert list(client.list_inventory())
"""


class Tried:
    """Programs of two environments, run in a folder where nothing of this project is found."""

    def __init__(self, uv: str, folder: Path, wheel: Path, resolution: str) -> None:
        """Makes the environments."""
        self.client, self.server = folder / "client/bin", folder / "server/bin"
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LOTKEEPER_"))}
        self._environment = kept | {"HOME": str(folder), "UV_CACHE_DIR": _cache_of(uv)}
        for name, extras, more in (("client", [], []), ("server", ["--extra", "server"], ["pytest"])):
            needs = folder / f"{name}.txt"
            project = str(ROOT / "pyproject.toml")
            self.run(uv, "venv", "--quiet", "--python", sys.executable, name)
            compiling = ("pip", "compile", "--quiet", "--python", sys.executable, "--resolution", resolution)
            self.run(uv, *compiling, *extras, project, "-o", str(needs))
            installing = ("pip", "install", "--quiet", "--python", name)
            self.run(uv, *installing, "-r", str(needs), *more)
            self.run(uv, *installing, "--no-deps", str(wheel))

    def run(self, *command: str | Path, status: int = 0, **environment: str) -> str:
        """What a program says on standard output.

        Raises:
            AssertionError: where it ends with another status, or a stack.
        """
        done = subprocess.run(
            list(map(str, command)),
            cwd=self._folder,
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, f"{command}\n{done.stderr}"
        return done.stdout + done.stderr if status else done.stdout

    @contextmanager
    def running(self) -> Iterator[str]:
        """The address of `lotkeeper-server run`."""
        command = [self.server / "lotkeeper-server", "run", "--listen", "127.0.0.1:0", "--log-level", "error"]
        process = subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        with process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().split()[-1]
            finally:
                process.terminate()
            process.stdout.read()
            assert process.wait(60) == 0


def _cache_of(uv: str) -> str:
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


def try_client_alone(tried: Tried) -> None:
    """What needs no server."""
    python, program = tried.client / "python", tried.client / "lotkeeper"
    tried.run(python, *QUIET, "-c", IMPORTS)
    assert "Usage" in tried.run(program, "--help")
    tried.run(program, "--version")
    tried.run(program, "completion", "bash")
    said = tried.run(tried.client / "lotkeeper-server", "--help", status=1)
    assert "pip install 'lotkeeper[server]'" in said
    tried.run(python, *QUIET, "-c", WITHOUT_SERVER)


def try_both(tried: Tried) -> None:
    """What is asked of a server, and its own commands."""
    for command in ((), ("serve",), ("run",), ("token",)):
        assert "Usage" in tried.run(tried.server / "lotkeeper-server", *command, "--help")
    with tried.running() as address:
        program = (tried.client / "lotkeeper", "--address", address)
        for a_list in LISTS:
            for form in FORMS:
                assert len(tried.run(*program, *a_list, "--output", form).splitlines()) > 1, (a_list, form)
        tried.run(*program, "execute", "Consume milk", "MILK-0815", "5")
        tried.run(*program, "recall", "MILK-0815")
        tried.run(*program, "check")
        words = f"lotkeeper --address {address} execute "
        asking = {"_LOTKEEPER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"}
        assert "Consume" in tried.run(tried.client / "lotkeeper", **asking)


def try_own_tests(tried: Tried, folder: Path) -> None:
    """The plugin of pytest, and a server on threads."""
    (folder / "test_own.py").write_text(OWN_TESTS)
    said = tried.run(tried.server / "python", "-m", "pytest", "-q", "-W", "error", "test_own.py")
    assert "2 passed" in said, said


def main(uv: str) -> None:
    """Builds the wheel and tries it out."""
    with tempfile.TemporaryDirectory(prefix="lotkeeper-wheel-") as text:
        folder = Path(text)
        subprocess.run([uv, "build", "--quiet", "--wheel", "-o", folder / "dist", ROOT], check=True)
        [wheel] = (folder / "dist").glob("*.whl")
        for resolution in RESOLUTIONS:
            own = folder / resolution
            own.mkdir()
            tried = Tried(uv, own, wheel, resolution)
            try_client_alone(tried)
            try_both(tried)
            try_own_tests(tried, own)
            print(f"{wheel.name} works with the packages of resolution {resolution}", flush=True)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
