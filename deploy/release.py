"""Makes a release of a commit: what is published, and what proves it. `make release` runs it.

    python deploy/release.py UV FOLDER [--advisories URL | --without-advisories] [--without PART] [--try]

UV is the program uv. Into the folder come the wheel, the source, the locked packages of each with their hashes
(`requirements.txt`), the bill of materials (CycloneDX), the notes of the release (from CHANGELOG.md) and SHA256SUMS; of
the contract its descriptors (`lotkeeper.protoset`), its OpenAPI document (`openapi.json`) and its module for buf
(`lotkeeper-contract-VERSION.tar.gz`); the parts of `published`: the clients in Go (`go`), TypeScript
(`lotkeeper-client-VERSION.tgz`) and Java (`maven`), the site and the Helm chart. A part whose programs are not on this
machine is left out, which the last lines say.
It asks the package index, and an advisory service (OSV) whether a locked package has a known hole: then there is no
release. The tags and the upload are for whoever has the rights: CONTRIBUTING.md, "Releasing".
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from published import NoRelease, go_module, helm_chart, maven_artifact, npm_package, site_archive, versions
from published.source import Source, pack

ROOT: Final = Path(__file__).resolve().parent.parent
SUMS: Final = "SHA256SUMS"
PROTOS: Final = ROOT / "protos"
OPENAPI: Final = ROOT / "server/lotkeeper_server/http/openapi.json"


@dataclass(frozen=True, slots=True)
class Part:
    """What a release has beside the Python package and the contract.

    Attributes:
        what: it is.
        absent: why it cannot be made on this machine; None if it can.
        make: puts it into a folder.
    """

    what: str
    absent: Callable[[], str | None]
    make: Callable[[Source, Path], None]


PARTS: Final[Mapping[str, Part]] = {
    "go": Part("the Go module", go_module.absent, go_module.make),
    "npm": Part("the npm package", npm_package.absent, npm_package.make),
    "maven": Part("the Maven artifact", maven_artifact.absent, maven_artifact.make),
    "site": Part("the documentation as a site", site_archive.absent, site_archive.make),
    "chart": Part("the Helm chart", helm_chart.absent, helm_chart.make),
}


def version_of(root: Path) -> str:
    """The version of a source tree.

    Raises:
        NoRelease: where files of it do not say the same.
    """
    try:
        return versions.read(root)
    except versions.Differ as why:
        raise NoRelease(f"{why}: python deploy/published/versions.py VERSION writes it everywhere") from None


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
    """The lines of SHA256SUMS for the files below a folder, as `sha256sum --check` reads them."""
    names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names if name != SUMS}
    return "".join(f"{sum_}  {name}\n" for name, sum_ in sums.items())


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


def tags_of(version: str) -> tuple[str, str]:
    """The tags of a release: the whole's, and the Go module's."""
    return f"v{version}", go_module.tag_of(version)


def check_tree(version: str) -> None:
    """Looks whether the commit is what would be built.

    Raises:
        NoRelease: where something is not committed, or the version has a tag of another commit.
    """
    if changed := _said("git", "status", "--porcelain"):
        raise NoRelease(f"not everything is committed:\n{changed}")
    commit = _said("git", "rev-parse", "HEAD")
    for tag in tags_of(version):
        if _said("git", "tag", "--list", tag) and _said("git", "rev-parse", f"{tag}^{{commit}}") != commit:
            raise NoRelease(f"the tag {tag} is of another commit: raise the version")


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
    files = [PROTOS / "buf.yaml", *PROTOS.rglob("*.proto")]
    names = {file.relative_to(PROTOS).as_posix(): file for file in files} | {"LICENSE": ROOT / "LICENSE"}
    pack(target, names, moment_seconds)


def make_parts(source: Source, folder: Path, without: Collection[str] = ()) -> list[str]:
    """Makes every part that can be made on this machine.

    Args:
        source: what they are made of.
        folder: where they come.
        without: names of parts that are not to be made.

    Returns:
        What was left out, and why, in words.

    Raises:
        NoRelease: where one that can be made fails.
    """
    left_out = []
    for name, part in PARTS.items():
        if why := "not asked for" if name in without else part.absent():
            left_out.append(f"{part.what}: {why}")
        else:
            print(f"making {part.what}", flush=True)
            part.make(source, folder)
    return left_out


def make(source: Source, folder: Path, notes: str, without: Collection[str] = ()) -> list[str]:
    """Builds everything into an empty folder.

    Returns:
        The parts that were left out, and why, in words.

    Raises:
        NoRelease: where it is not complete.
    """
    uv = source.uv
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # The same commit gives the same files.
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(source.moment_seconds)}
    subprocess.run([uv, "build", "--quiet", "--out-dir", folder, ROOT], check=True, env=environment)
    (folder / ".gitignore").unlink(missing_ok=True)
    pack_module(folder / f"lotkeeper-contract-{source.version}.tar.gz", source.moment_seconds)
    shutil.copyfile(OPENAPI, folder / OPENAPI.name)
    running = (uv, "run", "--quiet", "--frozen", "--isolated", "--all-extras", "python")
    subprocess.run([*running, PROTOS / "descriptors.py", folder / "lotkeeper.protoset"], cwd=ROOT, check=True)
    exported = (uv, "export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--no-header")
    requirements = _said(*exported)
    bill = _said(*exported, "--format", "cyclonedx1.5", "--preview")
    packages = check_bill(bill, requirements)
    for name, text in (("requirements.txt", requirements), ("bill-of-materials.cdx.json", bill), ("NOTES.md", notes)):
        (folder / name).write_text(text if text.endswith("\n") else text + "\n")
    left_out = make_parts(source, folder, without)
    (folder / SUMS).write_text(sums_of(folder))
    print(f"{folder}: {', '.join(sorted(one.name for one in folder.iterdir()))}; {packages} packages in the bill")
    return left_out


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Makes a release, or says why not."""
    parser = argparse.ArgumentParser(description="Make a release of this commit.")
    parser.add_argument("uv", type=lambda path: str(Path(path).absolute()))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--advisories", metavar="URL", help="another service than OSV's own, with its interface")
    parser.add_argument("--without-advisories", action="store_true", help="do not ask for advisories")
    parser.add_argument("--without", action="append", default=[], choices=PARTS, help="leave a part out")
    parser.add_argument("--try", action="store_true", dest="tries", help="of any tree, without notes: to try it out")
    given = parser.parse_args()
    try:
        version = version_of(ROOT)
        if given.tries:
            notes = f"{version}, to try it out\n"
        else:
            check_tree(version)
            notes = notes_of((ROOT / "CHANGELOG.md").read_text(), version)
        if given.without_advisories:
            print("advisories were not asked for")
        else:
            check_advisories(given.uv, given.advisories)
        source = Source(ROOT, version, int(_said("git", "log", "-1", "--format=%ct")), given.uv)
        left_out = make(source, given.folder, notes, given.without)
    except NoRelease as why:
        sys.stderr.write(f"no release: {why}\n")
        return 1
    for one in left_out:
        print(f"LEFT OUT: {one}")
    print(f"{version} is ready{', but for what was left out' if left_out else ''}.")
    print(f"Then the tags {' and '.join(tags_of(version))}, and what CONTRIBUTING.md says under Releasing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
