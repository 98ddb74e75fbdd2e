"""What the Containerfile does, where there is no container engine: the same scripts, the same rights, the same command.

    python -m tests.container_without_engine UV

UV is the program uv, which asks the package index. The server runs as the image's user, without any right, on a file
system that can be read only but for its volume and /tmp. That needs root, to become that user, and a Python that it may
run; without them the server runs as whoever runs this, which is said.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lotkeeper import Client

ROOT: Final = Path(__file__).resolve().parent.parent
CONTAINER: Final = ROOT / "deploy/container"
CONTAINERFILE: Final = (CONTAINER / "Containerfile").read_text()
USER: Final = 10001
WAIT_SECONDS: Final = 60.0
CONFINED: Final = """
set -e
mount --make-rprivate /
mount --bind {volume} {volume}
mount -t tmpfs tmpfs {temporary}
mount -o remount,bind,ro /
for at in {others}; do mount -o remount,bind,ro "$at"; done
cd {volume}
exec {as_user} "$@"
"""
AS_USER: Final = (
    *("setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--no-new-privs"),
    # By a shell: setpriv itself still has its rights when it looks for the program.
    *("--bounding-set=-all", "--inh-caps=-all", "sh", "-c", 'exec "$@"', "sh"),
)


class Container:
    """A prefix that install.sh has made, and a volume, as the image has them."""

    def __init__(self, uv: str, folder: Path) -> None:
        """Installs."""
        self.prefix, self.volume, self._temporary = folder / "opt-lotkeeper", folder / "volume", folder / "tmp"
        for made in (self.volume, self._temporary):
            made.mkdir()
        python = _python_for_everybody() if os.geteuid() == 0 else None
        self.is_confined = python is not None
        install = re.search(
            r"^RUN (sh deploy/container/install\.sh) uv /source /opt/lotkeeper$", CONTAINERFILE, re.MULTILINE
        )
        assert install, "the Containerfile installs by another way than what is tried here"
        command = [*install[1].split(), uv, str(ROOT), str(self.prefix)]
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"PYTHON": python or sys.executable})
        if self.is_confined:
            os.chown(self.volume, USER, USER)
            folder.chmod(0o755)
        self.ports = _free_port(), _free_port()
        self._environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self._temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LOTKEEPER_LISTEN": f"0.0.0.0:{self.ports[0]}",
            "LOTKEEPER_METRICS_LISTEN": f"0.0.0.0:{self.ports[1]}",
        }

    def command(self, *words: str | Path) -> list[str]:
        """A command of the image as its user, where nothing else can be written."""
        plain = [*map(str, words)]
        if not self.is_confined:
            return plain
        others = " ".join(shlex.quote(at) for at in map(str, self.prefix.parents) if at != "/" and os.path.ismount(at))
        script = CONFINED.format(
            volume=shlex.quote(str(self.volume)),
            temporary=shlex.quote(str(self._temporary)),
            others=others,
            as_user=shlex.join(AS_USER),
        )
        return ["unshare", "--mount", "sh", "-c", script, "sh", *plain]

    def start(self, *words: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Starts a command of the image."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.volume,
            env=self._environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str | Path, status: int = 0, **environment: str) -> str:
        """What a command of the image says, once it has ended with that status."""
        process = self.start(*words, **environment)
        said, complained = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == status, f"{words}: {process.returncode}\n{said}\n{complained}"
        return said + complained

    def healthcheck(self, status: int) -> str:
        """Runs the image's HEALTHCHECK."""
        return self.run(*self._installed(_said(r"HEALTHCHECK .* CMD (\[.*\])")), status=status)

    @contextmanager
    def serving(self, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """The image's ENTRYPOINT and CMD, until the image's STOPSIGNAL ends it."""
        words = [*self._installed(_said(r"ENTRYPOINT (\[.*\])")), *self._installed(_said(r"CMD (\[.*\])"))]
        process = self.start(*words, **environment)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Lotkeeper serves on "), (line, process.communicate(timeout=WAIT_SECONDS))
            yield process
        finally:
            process.send_signal(signal.Signals[_said(r"STOPSIGNAL (\w+)")])
            _, log = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, log
        assert '"event": "shut_down"' in log, log

    def _installed(self, words: str) -> list[str]:
        return [word.replace("/opt/lotkeeper", str(self.prefix)) for word in json.loads(words)]


def _said(line: str) -> str:
    """The first group of the one line of the Containerfile that is so: what is tried here is what is written there."""
    [found] = re.findall(f"^{line}$", CONTAINERFILE, re.MULTILINE)
    return str(found)


def try_first_start(container: Container) -> str:
    """Without a token nothing is served; the first one is made by a command of the same image."""
    server = container.prefix / "bin/lotkeeper-server"
    assert "make one first" in container.run(server, "serve", status=1)
    said = container.run(server, "token", "create", "--name", "first", "--role", "admin")
    [token] = re.findall(r"lk_[\w-]+", said)
    assert "without TLS" in container.run(server, "serve", status=1)
    return token


def try_serving(container: Container, token: str) -> None:
    """Calls are answered, the health check knows, and the store is the volume's."""
    container.healthcheck(1)
    with container.serving(LOTKEEPER_ALLOW_PLAINTEXT="true") as process:
        with Client(f"127.0.0.1:{container.ports[0]}", token=token) as client:
            assert list(client.list_lots()) == []
        _wait_until_healthy(container)
        if container.is_confined:
            status = Path(f"/proc/{process.pid}/status").read_text()
            assert re.search(rf"^Uid:(\t{USER}){{4}}$", status, re.MULTILINE), status
            assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE), status
            assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE), status
    assert (container.volume / "data/lotkeeper.db").stat().st_size > 0
    container.healthcheck(1)
    server = container.prefix / "bin/lotkeeper-server"
    assert "all agree" in container.run(server, "verify")


def try_writing_elsewhere(container: Container) -> None:
    """Neither the installed program nor the root can be written to, and its packages are those of the lock."""
    if container.is_confined:
        for at in (container.prefix / "lib/x", Path("/x"), Path("/etc/x")):
            assert "Read-only" in container.run("touch", at, status=1), at
    python = container.prefix / "bin/python"
    listed = "import importlib.metadata as m; print(*sorted({d.metadata['Name'].lower() for d in m.distributions()}))"
    packages = set(container.run(python, "-c", listed).split())
    assert {"lotkeeper", "grpcio", "sqlalchemy", "psycopg-binary", "pymysql", "joserfc"} <= packages
    assert packages.isdisjoint({"pytest", "mypy", "ruff", "grpcio-tools", "pip"}), packages


def _wait_until_healthy(container: Container) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            container.healthcheck(0)
        except AssertionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def _python_for_everybody() -> str | None:
    """A Python that the image's user can run: root's own may be where nobody else can look."""
    needed = "import sqlite3, ssl, sys; sys.exit(sys.version_info < (3, 11))"
    for one in filter(None, (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin"))):
        if subprocess.run([*AS_USER, one, "-c", needed], cwd="/", capture_output=True, check=False).returncode == 0:
            return one
    return None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def main(uv: str) -> None:
    """Installs and tries."""
    with tempfile.TemporaryDirectory(prefix="lotkeeper-container-") as text:
        container = Container(uv, Path(text))
        token = try_first_start(container)
        try_serving(container, token)
        try_writing_elsewhere(container)
        size = sum(one.lstat().st_size for one in container.prefix.rglob("*") if one.is_file())
        how = "as uid 10001 on a read-only file system" if container.is_confined else "as this user only"
        print(f"the container's steps work, {how}; {size / 1e6:.0f} MB installed")


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
