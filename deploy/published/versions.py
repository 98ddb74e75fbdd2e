"""The version of a release: one number, in every file that says it.

python deploy/published/versions.py            prints it, or says where the files differ
python deploy/published/versions.py VERSION    writes it into all of them
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
FORM: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
"""Three numbers: what Python, Go, npm, Maven and Helm all understand, and order in the same way."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a version stands: what is before it and after it, as regular expressions, in a file of the repository."""

    file: str
    before: str
    after: str = ""
    count: int = 1

    def pattern(self) -> re.Pattern[str]:
        """Finds it; its only group is the version."""
        return re.compile(rf"(?<={self.before})(\d[^\s\"<>]*?)(?={self.after})", re.MULTILINE)


PLACES: Final = (
    Place("pyproject.toml", r'^name = "lotkeeper"\nversion = "', '"'),
    Place("uv.lock", r'^name = "lotkeeper"\nversion = "', '"'),
    Place("server/lotkeeper_server/http/openapi.json", r'^  "version": "', '"'),
    Place("clients/java/pom.xml", r"<artifactId>lotkeeper-client</artifactId>\n  <version>", "<"),
    Place("clients/java/examples/pom.xml", r"<artifactId>lotkeeper-examples</artifactId>\n  <version>", "<"),
    Place("clients/java/examples/pom.xml", r"<artifactId>lotkeeper-client</artifactId>\n      <version>", "<"),
    Place("clients/typescript/package.json", r'^  "version": "', '"'),
    Place("clients/typescript/package-lock.json", r'^  "version": "', '"'),
    Place("clients/typescript/package-lock.json", r'"name": "@lotkeeper/client",\n      "version": "', '"'),
    Place("deploy/helm/lotkeeper/Chart.yaml", r"^version: ", "$"),
    Place("deploy/helm/lotkeeper/Chart.yaml", r'^appVersion: "', '"'),
    Place("deploy/container/Containerfile", r"^ARG VERSION=", "$"),
    Place("docs/install.md", r"--no-deps lotkeeper-", "-py3"),
    Place("docs/install.md", r" lotkeeper:", r"(?: |$)", count=2),
    Place("docs/java.md", r"<artifactId>lotkeeper-client</artifactId>\n      <version>", "<"),
)
"""Every one. The Go module has its version from its tag alone."""


class Differ(Exception):
    """A file does not say the version that pyproject.toml says, or says it at another number of places."""


def read(root: Path) -> str:
    """The version of a source tree.

    Raises:
        Differ: where files differ, or the version is not three numbers.
    """
    found = [(place, place.pattern().findall((root / place.file).read_text())) for place in PLACES]
    for place, versions in found:
        if len(versions) != place.count:
            raise Differ(f"{place.file} says a version {len(versions)} times where {place.count} was expected")
    version = str(found[0][1][0])
    if wrong := [f"{place.file}: {one}" for place, versions in found for one in versions if one != version]:
        raise Differ(f"pyproject.toml says {version}, but " + ", ".join(wrong))
    if FORM.fullmatch(version) is None:
        raise Differ(f"the version {version} is not three numbers, such as 1.2.3")
    return version


def write(root: Path, version: str) -> None:
    """Writes a version into every file that says one.

    Raises:
        Differ: where it is not three numbers.
    """
    if FORM.fullmatch(version) is None:
        raise Differ(f"the version {version} is not three numbers, such as 1.2.3")
    for place in PLACES:
        file = root / place.file
        file.write_text(place.pattern().sub(version, file.read_text()))


def main() -> int:
    """Runs the command line."""
    try:
        for version in sys.argv[1:2]:
            write(ROOT, version)
        print(read(ROOT))
    except Differ as why:
        sys.stderr.write(f"{why}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
