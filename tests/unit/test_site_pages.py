"""The documentation as a site: pages from the repository, links that fit both."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).parents[2] / "deploy" / "site" / "pages.py"


@pytest.fixture
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("file", "link", "on_site"),
    [
        ("README.md", "docs/errors.md#not-found", "errors.md#not-found"),
        ("README.md", "ARCHITECTURE.md", "project/architecture.md"),
        ("README.md", "deploy", "https://example.org/tree/main/deploy"),
        ("docs/stores.md", "../README.md#guarantees", "index.md#guarantees"),
        ("docs/stores.md", "images/concepts.svg", "images/concepts.svg"),
        ("docs/stores.md", "../deploy/systemd", "https://example.org/tree/main/deploy/systemd"),
        ("ARCHITECTURE.md", "docs/errors.md", "../errors.md"),
        ("ARCHITECTURE.md", "CONTRIBUTING.md", "contributing.md"),
        ("ARCHITECTURE.md", "https://www.sqlite.org", "https://www.sqlite.org"),
        ("ARCHITECTURE.md", "#rooms", "#rooms"),
    ],
)
def test_links_fit_the_site(pages: ModuleType, file: str, link: str, on_site: str) -> None:
    assert pages.with_links_of_the_site(f"see [it]({link})!", file, "https://example.org") == f"see [it]({on_site})!"


def test_the_name_of_a_file_becomes_the_title_of_its_page(pages: ModuleType) -> None:
    """Who reads the site knows no files; a file that is no page keeps its name."""
    text = "[errors.md](errors.md#not-found), [docs/stores.md](stores.md), [unit.md](../deploy/unit.md)"
    assert pages.with_links_of_the_site(text, "docs/stores.md", "https://example.org") == (
        "[Refusals, and what to do about each](errors.md#not-found), [Stores](stores.md), "
        "[unit.md](https://example.org/tree/main/deploy/unit.md)"
    )


def test_code_stays_as_it_is(pages: ModuleType) -> None:
    text = "`a[0](b.md)`\n\n```python\nx[1](docs/errors.md)\n```\n"
    assert pages.with_links_of_the_site(text, "README.md", "https://example.org") == text


def test_every_page_is_in_the_navigation_once(tmp_path: Path) -> None:
    """The program refuses what is not."""
    done = subprocess.run([sys.executable, PROGRAM, tmp_path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "pages" / "index.md").read_text().startswith("# Lotkeeper\n")
