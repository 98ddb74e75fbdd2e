"""Where stubs are made and compiled, and with which programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import grpc_tools

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "protos"))

from descriptors import descriptor_set, sources  # noqa: E402 - of protos/, which is no package
from googleapis import include_folder  # noqa: E402 - the same

PROTOC: Final = "31.1"
SECONDS: Final = 600


class Skipped(Exception):
    """Why a language was not looked at."""


class Workshop:
    """Where stubs are made and compiled, and with what.

    Attributes:
        tools: kept from run to run.
        made: emptied before each.
    """

    def __init__(self, folder: Path) -> None:
        self.tools = folder.resolve()
        self.made = self.tools / "made"
        (self.tools / "bin").mkdir(parents=True, exist_ok=True)

    def room(self, language: str) -> Path:
        """An empty folder for a language."""
        room = self.made / language
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        return room

    def run(self, *command: str | Path, cwd: Path | None = None, **environment: str) -> str:
        """What a program says.

        Raises:
            SystemExit: where it fails, with all that it said.
        """
        done = subprocess.run(
            list(map(str, command)),
            cwd=cwd or self.tools,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        return done.stdout

    def needs(self, *programs: str) -> None:
        """Raises Skipped where one of them is not installed."""
        for name in programs:
            if shutil.which(name) is None:
                raise Skipped(f"there is no {name}")

    def of_maven(self, group: str, name: str, version: str) -> Path:
        """A program that Maven Central has for this machine."""
        self.needs("mvn")
        program = self.tools / "bin" / f"{name}-{version}-linux-x86_64.exe"
        if not program.exists():
            what = f"{group}:{name}:{version}:exe:linux-x86_64"
            self.run("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={what}", f"-DoutputDirectory={program.parent}")
        program.chmod(0o755)
        return program

    def protoc(self, *arguments: str, contract: Path | None = None) -> None:
        """Makes stubs with the generators that protoc has itself, or with a plugin.

        Args:
            arguments: what is to be made, and where.
            contract: the folder of its files, where they are not those of this repository.
        """
        program = self.of_maven("com.google.protobuf", "protoc", f"4.{PROTOC}")
        if contract is not None:
            of_protobuf = Path(grpc_tools.__path__[0]) / "_proto"
            paths = [f"-I{folder}" for folder in (contract, include_folder(), of_protobuf)]
            self.run(program, *paths, *arguments, *sources())
            return
        self.run(program, f"--descriptor_set_in={self.protoset()}", *arguments, *sources())

    def protoset(self) -> Path:
        """The contract's descriptors in a file."""
        file = self.tools / "lotkeeper.protoset"
        file.write_bytes(descriptor_set().SerializeToString())
        return file
