"""Puts the pages of the site together, from docs/ and the pages at the top of the repository.

python deploy/site/pages.py FOLDER    writes FOLDER/pages/*.md and FOLDER/zensical.toml

The README is the site's first page: there is one text for both. Links, which fit the repository, fit the site
afterwards: one whose text is the name of a file has the page's title instead, and one to a file that is no page of the
site leads to the file in the repository. A page that the
navigation of zensical.toml does not name is an error.
"""

import posixpath
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
REPOSITORY: Final = HERE.parents[1]
OUTSIDE_DOCS: Final = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "CHANGELOG.md": "project/changelog.md",
}
"""Pages by their file in the repository."""

_LINK: Final = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|(?P<name>\[[\w./-]+\.md)?\]\((?!https?:|mailto:|#)(?P<target>[^)\s]+)\)", re.DOTALL
)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)


def page_of(file: str) -> str | None:
    """The page, or the picture, that a file of the repository is on the site; None if it is not on it.

    Args:
        file: its path in the repository.
    """
    if file.startswith("docs/") and (REPOSITORY / file).is_file():
        return file.removeprefix("docs/")
    return OUTSIDE_DOCS.get(file)


def title_of(file: str) -> str:
    """The first heading of a page.

    Args:
        file: where its text lies in the repository.
    """
    found = _TITLE.search((REPOSITORY / file).read_text())
    return found[1] if found else file


def with_links_of_the_site(text: str, file: str, repository_url: str) -> str:
    """The text of a page, with links that fit the site.

    Args:
        text: Markdown, with links that fit the repository.
        file: where the text lies in the repository.
        repository_url: where files are that are no pages.
    """
    page = page_of(file)
    assert page is not None, file

    def linked(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        path, sharp, heading = found["target"].partition("#")
        named = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        place = page_of(named)
        if place is None:
            return f"{found['name'] or ''}]({repository_url}/tree/main/{named}{sharp}{heading})"
        title = f"[{title_of(named)}" if found["name"] else ""
        return f"{title}]({posixpath.relpath(place, posixpath.dirname(page) or '.')}{sharp}{heading})"

    return _LINK.sub(linked, text)


def pages_in(navigation: Any) -> Iterator[str]:
    """The pages that a navigation names: a page, {title: navigation} or a list of these."""
    if isinstance(navigation, str):
        yield navigation
    else:
        for part in navigation.values() if isinstance(navigation, dict) else navigation:
            yield from pages_in(part)


def main() -> int:
    """Runs the command line; the exit status is 1 where a page is in no navigation, or twice."""
    project = tomllib.loads((HERE / "zensical.toml").read_text())["project"]
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "pages"
    shutil.copytree(REPOSITORY / "docs", pages)
    shutil.copy(HERE / "zensical.toml", folder)
    shutil.copy(HERE / "site.css", pages)
    files = [*OUTSIDE_DOCS, *(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]
    for file in files:
        page = pages / (page_of(file) or file)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(with_links_of_the_site((REPOSITORY / file).read_text(), file, project["repo_url"]))
    named, made = sorted(pages_in(project["nav"])), sorted(page_of(file) or file for file in files)
    if wrong := sorted(set(named) ^ set(made)) or (["a page stands there twice"] if named != made else []):
        print("the navigation of deploy/site/zensical.toml is not right:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
