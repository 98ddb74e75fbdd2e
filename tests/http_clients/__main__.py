"""Runs the clients whose tools are here; says which are not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lotkeeper import Client

from tests.http_calls import http_port, http_server
from tests.plants import ServedPlant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def _run(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _node(folder: Path) -> list[str | Path] | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("skipped: node and npm are not here")
        return None
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", folder=folder)
    return ["node", "client.mjs"]


def _go(folder: Path) -> list[str | Path] | None:
    if shutil.which("go") is None:
        print("skipped: go is not here")
        return None
    _run("go", "mod", "tidy", folder=folder)
    _run("go", "build", "-o", "client", ".", folder=folder)
    return [folder / "client"]


def main() -> None:
    """Each client against one server; what they made is counted in its stock."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in ("package.json", "client.mjs", "go.mod", "client.go"):
            shutil.copy(HERE / file, folder)
        descriptors = folder / "contract.binpb"
        _run(sys.executable, ROOT / "protos" / "descriptors.py", descriptors, folder=ROOT)
        commands = [command for command in (_node(folder), _go(folder)) if command is not None]
        store = folder / "store"
        store.mkdir()
        with http_server(store) as server, Client(server.address, token=server.token) as client:
            plant = ServedPlant(client)
            operation = plant.operation("PRODUCE")
            made = 0
            for command in commands:
                said = _run(
                    *command, http_port(server).url, server.token, operation.id, str(descriptors), folder=folder
                )
                print(said, end="")
                made += int(re.findall(r"^made (\d+)$", said, re.MULTILINE)[0])
            stock = sum(plant.stock().values())
            if stock != made:
                sys.exit(f"the clients made {made}, and stock is {stock}")
            server.verify()


if __name__ == "__main__":
    main()
