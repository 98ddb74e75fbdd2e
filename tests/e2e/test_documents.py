"""The documentation as a newcomer reads it: every marked block is run, in order, against `lotkeeper-server run`.

`<!-- test: python -->` or `<!-- test: shell -->` stands before a block that runs; one marked `<!-- prints -->` after
it is what it prints, where `…` stands for anything within a line. `<!-- test: shell needs h2load -->` is left out where
that program is not installed.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BINARIES = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"<!-- test: (?P<kind>\w+)(?: needs (?P<needs>\S+))? -->\n```\w+\n(?P<code>.*?)```"
    r"(?:\n+<!-- prints -->\n```\w*\n(?P<printed>.*?)```)?",
    re.DOTALL,
)


class Block(NamedTuple):
    """A block that runs.

    Attributes:
        kind: python or shell.
        code: as it stands on the page.
        printed: what it prints; empty where the page does not say.
        needs: a program that not every machine has; empty for none.
    """

    kind: str
    code: str
    printed: str
    needs: str


def blocks_of(page: Path) -> list[Block]:
    """The marked blocks of a page, in order."""
    found = BLOCK.finditer(page.read_text())
    return [Block(one["kind"], one["code"], one["printed"] or "", one["needs"] or "") for one in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder in which a user would type, with the environment that `make` sets up."""
    (tmp_path / ".venv").symlink_to(BINARIES.parent)
    return tmp_path


@pytest.fixture
def environment(folder: Path) -> Iterator[dict[str, str]]:
    """What a user's shell has, beside a development server with the demo plant."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("LOTKEEPER_")}
    mine |= {"XDG_STATE_HOME": str(folder / "state"), "TZ": "UTC"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        http_address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [BINARIES / "lotkeeper-server", "run", "--listen", "127.0.0.1:0", "--http-listen", http_address]
    with subprocess.Popen(command, cwd=folder, env=mine, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().rpartition(" ")[2].strip()
        yield mine | {"LOTKEEPER_ADDRESS": address, "HTTP_ADDRESS": http_address}
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)], ids=lambda page: page.stem)
def test_every_marked_block_of_a_page_runs(page: Path, folder: Path, environment: dict[str, str]) -> None:
    """One after another, as a reader would paste them, but for the address, which the environment gives."""
    for number, block in enumerate(blocks_of(page), 1):
        if block.needs and shutil.which(block.needs) is None:
            pytest.skip(f"{page.name}, block {number} and what follows needs {block.needs}, which is not installed")
        if block.kind == "python":
            code = block.code.replace('"127.0.0.1:50051"', repr(environment["LOTKEEPER_ADDRESS"]))
            command = [sys.executable, "-c", code]
        else:
            code = block.code.replace("127.0.0.1:50080", environment["HTTP_ADDRESS"])
            code = code.replace("127.0.0.1_50051", environment["LOTKEEPER_ADDRESS"].replace(":", "_"))
            command = ["bash", "-euo", "pipefail", "-c", code]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        where = f"{page.name}, block {number}:\n{block.code}\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, where
        if block.printed:
            pattern = re.escape(block.printed.strip()).replace("…", "[^\n]*")
            assert re.fullmatch(pattern, done.stdout.strip()), where
