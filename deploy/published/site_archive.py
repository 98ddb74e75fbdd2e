"""The documentation as a site, in an archive: unpacked, any web server serves it."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from published.source import Source, pack

BUILDER: Final = re.compile(r"--with (zensical==[\w.]+) ")


def absent() -> None:
    """It is always there: uv fetches the program that makes it."""


def make(source: Source, folder: Path) -> None:
    """Builds it as `make site` does, and packs it into a folder.

    Raises:
        NoRelease: where a link leads nowhere, or the program cannot be had.
    """
    builder = BUILDER.search((source.root / "Makefile").read_text())
    assert builder is not None, "`make site` names the builder and its version"
    with tempfile.TemporaryDirectory(prefix="lotkeeper-site-") as name:
        place = Path(name) / "site"
        source.run(sys.executable, source.root / "deploy/site/pages.py", place, folder=source.root)
        build = (
            "run",
            "--no-project",
            "--no-progress",
            "--quiet",
            "--with",
            builder[1],
            "zensical",
            "build",
            "--strict",
        )
        source.run(source.uv, *build, folder=place)
        built = place / "built"
        top = f"lotkeeper-site-{source.version}"
        files = {f"{top}/{one.relative_to(built).as_posix()}": one for one in built.rglob("*") if one.is_file()}
        pack(folder / f"{top}.tar.gz", files | {f"{top}/LICENSE": source.root / "LICENSE"}, source.moment_seconds)
