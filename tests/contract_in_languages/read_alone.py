"""Languages that are not compiled: their stubs are made, and each file is read by itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.contract_in_languages.workshop import ROOT, Workshop


def csharp(workshop: Workshop) -> str:
    """Read by Mono's compiler alone, which sees members of one name; what C# links with is on NuGet only."""
    workshop.needs("mvn")
    room = workshop.room("csharp")
    shutil.copytree(ROOT / "protos/lotkeeper", room / "protos/lotkeeper")
    [mend] = re.findall(r"^sed -i.*$", (ROOT / "docs/contract.md").read_text(), re.MULTILINE)
    workshop.run("sh", "-c", mend, cwd=room)
    workshop.protoc(f"--csharp_out={room}", contract=room / "protos")
    return read(workshop, sorted(room.glob("*.cs")), "mcs", "--parse")


def read_by(language: str, *reader: str) -> Callable[[Workshop], str]:
    """Of a language that is not compiled: its stubs are made, and each file is read by itself."""

    def make(workshop: Workshop) -> str:
        workshop.needs("mvn")
        room = workshop.room(language)
        workshop.protoc(f"--{language}_out={room}")
        return read(workshop, sorted(one for one in room.rglob("*") if one.is_file()), *reader)

    return make


def read(workshop: Workshop, made: list[Path], *reader: str) -> str:
    """What is known of files that a program has read, if it is installed."""
    assert made
    if shutil.which(reader[0]) is None:
        return f"made, not compiled, and not read, as there is no {reader[0]}: {len(made)} files"
    for file in made:
        workshop.run(*reader, file)
    return f"made, not compiled, but read without a fault by {' '.join(reader)}: {len(made)} files"
