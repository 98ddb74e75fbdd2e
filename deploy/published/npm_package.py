"""The npm package of the TypeScript client: the tarball that `npm publish` takes."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Final

from published.source import Source, lacking

FOLDER: Final = "clients/typescript"
NODE_MIN: Final = 20


def absent() -> str | None:
    """Why it cannot be made on this machine; None if it can."""
    if why := lacking(("node", "npm")):
        return why
    found = subprocess.run(("node", "--version"), capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607 - the PATH's
    return None if int(found.lstrip("v").split(".")[0]) >= NODE_MIN else f"node is {found}, older than {NODE_MIN}"


def make(source: Source, folder: Path) -> None:
    """Builds it from the contract in a copy, and packs it into a folder.

    Raises:
        NoRelease: where that fails.
    """
    with tempfile.TemporaryDirectory(prefix="lotkeeper-npm-") as name:
        copy = Path(name)
        source.copy(copy, FOLDER, "protos", "LICENSE")
        package = copy / FOLDER
        source.run("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", folder=package)
        # The stubs are made with Python's protoc: `python` is that of the locked packages here.
        locked = (source.uv, "run", "--quiet", "--frozen", "--isolated", "--project", source.root)
        python = {"LOTKEEPER_PYTHON": "python"}
        source.run(*locked, "npm", "run", "generate", folder=package, environment=python)
        source.run("npm", "run", "build", folder=package)
        source.run("npm", "pack", "--pack-destination", folder.absolute(), folder=package)
