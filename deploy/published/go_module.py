"""The Go module of the client, as a proxy of Go modules has it: a folder for GOPROXY=file://.

Go itself takes the module from the repository, by a tag (`tag_of`). The zip has the same files as Go makes of that tag,
so the sums are equal, and a plant that cannot reach the repository builds from the folder.
"""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from published.source import Source

FOLDER: Final = "clients/go"
MODULE: Final = f"github.com/lotkeeper/lotkeeper/{FOLDER}"
"""Its path, in small letters: a proxy would write others differently."""


def tag_of(version: str) -> str:
    """The tag that makes a commit a version of the module; Go wants its folder in front."""
    return f"{FOLDER}/v{version}"


def absent() -> None:
    """It is always there: the module is source, and nothing is compiled."""


def make(source: Source, folder: Path) -> None:
    """Puts the module into `go` in a folder: list, .info, .mod and .zip."""
    version = f"v{source.version}"
    target = folder / "go" / MODULE / "@v"
    target.mkdir(parents=True)
    moment = datetime.fromtimestamp(source.moment_seconds, UTC)
    (target / "list").write_text(f"{version}\n")
    told = {"Version": version, "Time": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    (target / f"{version}.info").write_text(json.dumps(told) + "\n")
    (target / f"{version}.mod").write_bytes((source.root / FOLDER / "go.mod").read_bytes())
    names = {name.removeprefix(f"{FOLDER}/"): name for name in source.files(FOLDER)}
    # Go takes the license of the repository for a module that has none of its own.
    names.setdefault("LICENSE", "LICENSE")
    with zipfile.ZipFile(target / f"{version}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(names.items()):
            entry = zipfile.ZipInfo(f"{MODULE}@{version}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, (source.root / file).read_bytes())
