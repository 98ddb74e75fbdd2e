"""What a release is made of: the files of a source tree, and programs that are run on copies of them."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from published import NoRelease


@dataclass(frozen=True, slots=True)
class Source:
    """A source tree.

    Attributes:
        root: its folder, a checkout of git.
        version: of the release.
        moment_seconds: since the epoch, when the commit was made; what all files of the release are from.
        uv: the program.
    """

    root: Path
    version: str
    moment_seconds: int
    uv: str

    def files(self, *below: str) -> list[str]:
        """The files of the tree, sorted: none that git ignores.

        Args:
            below: folders or files, from the root; none for the whole tree.
        """
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *below)
        said = subprocess.run(listed, cwd=self.root, capture_output=True, text=True, check=True).stdout
        return sorted({name for name in said.split("\0") if name and (self.root / name).is_file()})

    def copy(self, target: Path, *below: str) -> None:
        """Copies files of the tree, so that what is built in the copy is of them alone, and leaves the tree clean."""
        for name in self.files(*below):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / name, target / name)

    def run(self, *command: str | Path, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Runs a program, which knows the moment of the commit.

        Raises:
            NoRelease: where it fails; with the last of what it said.
        """
        known = os.environ | {"SOURCE_DATE_EPOCH": str(self.moment_seconds)} | dict(environment or {})
        done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoRelease(f"{' '.join(map(str, command))}:\n{(done.stdout + done.stderr).strip()[-4_000:]}")


def pack(target: Path, files: Mapping[str, Path], moment_seconds: int) -> None:
    """Packs files into a .tar.gz: the same files make the same bytes.

    Args:
        target: the archive.
        files: by their names in it.
        moment_seconds: since the epoch; what every file in it is from.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, file in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = file.stat().st_size, moment_seconds, 0o644
            with file.open("rb") as content:
                archive.addfile(entry, content)
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=moment_seconds))


def lacking(programs: Sequence[str]) -> str | None:
    """Which of these programs are not on this machine, in words; None if all are."""
    names = [name for name in programs if shutil.which(name) is None]
    return f"{' and '.join(names)} not found" if names else None
