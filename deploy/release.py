"""Makes a release of a commit: what is published, and what proves it. `make release` runs it.

    python deploy/release.py UV FOLDER [--advisories URL | --without-advisories] [--try]

UV is the program uv. Into the folder come the wheel, the source, the locked packages of each with their hashes
(`requirements.txt`), the bill of materials (CycloneDX), the notes of the release (from CHANGELOG.md) and SHA256SUMS; of
the contract its descriptors (`lotkeeper.protoset`), its OpenAPI document (`openapi.json`) and its module for buf
(`lotkeeper-contract-VERSION.tar.gz`).
It asks the package index, and an advisory service (OSV) whether a locked package has a known hole: then there is no
release. The tag and the upload are for whoever has the rights.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SUMS: Final = "SHA256SUMS"
PROTOS: Final = ROOT / "protos"
OPENAPI: Final = ROOT / "server/lotkeeper_server/http/openapi.json"


class NoRelease(Exception):
    """Why there is none, in words."""


def version_of(project: str) -> str:
    """The version that pyproject.toml says."""
    return str(tomllib.loads(project)["project"]["version"])


def notes_of(changelog: str, version: str) -> str:
    """What the changelog says of a version: the text below `## VERSION`, with or without a date after it.

    Raises:
        NoRelease: where it says nothing.
    """
    found = re.search(rf"^## {re.escape(version)}\b[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    if found is None or not found[1].strip():
        raise NoRelease(f"CHANGELOG.md says nothing of {version}: give its section Unreleased that name")
    return found[1].strip() + "\n"


def sums_of(folder: Path) -> str:
    """The lines of SHA256SUMS for the files of a folder, as `sha256sum --check` reads them."""
    files = sorted(one for one in folder.iterdir() if one.is_file() and one.name != SUMS)
    return "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)


def check_bill(bill: str, requirements: str) -> int:
    """How many packages are in the bill of materials.

    Raises:
        NoRelease: where a locked package is not in it.
    """
    listed = {(one["name"], one.get("version")) for one in json.loads(bill)["components"]}
    locked = set(re.findall(r"^([\w.-]+)==([\w.+!-]+)", requirements, re.MULTILINE))
    if missing := locked - listed:
        raise NoRelease(f"the bill of materials lacks {sorted(missing)}")
    return len(listed)


def check_tree(version: str) -> None:
    """Looks whether the commit is what would be built.

    Raises:
        NoRelease: where something is not committed, or the version has a tag of another commit.
    """
    if changed := _said("git", "status", "--porcelain"):
        raise NoRelease(f"not everything is committed:\n{changed}")
    tag = f"v{version}"
    if _said("git", "tag", "--list", tag) and _said("git", "rev-parse", f"{tag}^{{commit}}") != _said(
        "git", "rev-parse", "HEAD"
    ):
        raise NoRelease(f"the tag {tag} is of another commit: raise the version in pyproject.toml")


def check_advisories(uv: str, url: str | None) -> None:
    """Asks whether a locked package has a known hole.

    Raises:
        NoRelease: where one has, or nobody answers.
    """
    asked = subprocess.run(
        [uv, "audit", "--quiet", "--frozen", "--no-dev", "--preview", *(["--service-url", url] if url else [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode != 0:
        raise NoRelease(f"advisories: {(asked.stdout + asked.stderr).strip()}")


def pack_module(target: Path, moment_seconds: int) -> None:
    """Packs the contract as a module for buf: buf.yaml, with its name and what it depends on, and the .proto files.

    Args:
        target: the archive.
        moment_seconds: since the epoch; what every file in it is from.
    """
    files = [PROTOS / "buf.yaml", ROOT / "LICENSE", *sorted(PROTOS.rglob("*.proto"))]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            name = file.relative_to(PROTOS if file.is_relative_to(PROTOS) else ROOT).as_posix()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = file.stat().st_size, moment_seconds, 0o644
            with file.open("rb") as content:
                archive.addfile(entry, content)
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=moment_seconds))


def make(uv: str, folder: Path, notes: str) -> None:
    """Builds everything into an empty folder.

    Raises:
        NoRelease: where it is not complete.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The same commit gives the same files.
    commit_seconds = _said("git", "log", "-1", "--format=%ct")
    environment = os.environ | {"SOURCE_DATE_EPOCH": commit_seconds}
    subprocess.run([uv, "build", "--quiet", "--out-dir", folder, ROOT], check=True, env=environment)
    (folder / ".gitignore").unlink(missing_ok=True)
    version = version_of((ROOT / "pyproject.toml").read_text())
    pack_module(folder / f"lotkeeper-contract-{version}.tar.gz", int(commit_seconds))
    shutil.copyfile(OPENAPI, folder / OPENAPI.name)
    running = (uv, "run", "--quiet", "--frozen", "--isolated", "--all-extras", "python")
    subprocess.run([*running, PROTOS / "descriptors.py", folder / "lotkeeper.protoset"], cwd=ROOT, check=True)
    exported = (uv, "export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--no-header")
    requirements = _said(*exported)
    bill = _said(*exported, "--format", "cyclonedx1.5", "--preview")
    packages = check_bill(bill, requirements)
    for name, text in (("requirements.txt", requirements), ("bill-of-materials.cdx.json", bill), ("NOTES.md", notes)):
        (folder / name).write_text(text if text.endswith("\n") else text + "\n")
    (folder / SUMS).write_text(sums_of(folder))
    print(f"{folder}: {', '.join(sorted(one.name for one in folder.iterdir()))}; {packages} packages in the bill")


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Makes a release, or says why not."""
    parser = argparse.ArgumentParser(description="Make a release of this commit.")
    parser.add_argument("uv", type=lambda path: str(Path(path).absolute()))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--advisories", metavar="URL", help="another service than OSV's own, with its interface")
    parser.add_argument("--without-advisories", action="store_true", help="do not ask for advisories")
    parser.add_argument("--try", action="store_true", dest="tries", help="of any tree, without notes: to try it out")
    given = parser.parse_args()
    version = version_of((ROOT / "pyproject.toml").read_text())
    try:
        if given.tries:
            notes = f"{version}, to try it out\n"
        else:
            check_tree(version)
            notes = notes_of((ROOT / "CHANGELOG.md").read_text(), version)
        if given.without_advisories:
            print("advisories were not asked for")
        else:
            check_advisories(given.uv, given.advisories)
        make(given.uv, given.folder, notes)
    except NoRelease as why:
        sys.stderr.write(f"no release: {why}\n")
        return 1
    print(
        f"{version} is ready. Then: git tag -s v{version}, and publish the folder; and the contract's module, unpacked,"
    )
    print("by `buf dep update` and `buf push`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
