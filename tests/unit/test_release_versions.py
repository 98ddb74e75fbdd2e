"""A release has one version, in every file that says one."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/published/versions.py"


def loaded() -> ModuleType:
    """The script as a module."""
    found = importlib.util.spec_from_file_location("lotkeeper_release_versions", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


versions = loaded()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the files that say a version."""
    for file in {place.file for place in versions.PLACES}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_every_file_says_the_same_version() -> None:
    """Python, uv's lock, OpenAPI, Java, TypeScript, the chart, the image and the docs."""
    assert versions.FORM.fullmatch(versions.read(ROOT))


@pytest.mark.parametrize("place", versions.PLACES, ids=lambda place: f"{place.file}: {place.before}")
def test_a_file_that_says_another_version_is_named(tree: Path, place: versions.Place) -> None:  # type: ignore[name-defined]
    file = tree / place.file
    file.write_text(place.pattern().sub("9.8.7", file.read_text(), count=1))
    told = "says 9.8.7, but" if place is versions.PLACES[0] else f"but {place.file}: 9.8.7"
    with pytest.raises(versions.Differ, match=told):
        versions.read(tree)


@pytest.mark.parametrize("place", versions.PLACES, ids=lambda place: f"{place.file}: {place.before}")
def test_a_file_that_says_no_version_any_more_is_named(tree: Path, place: versions.Place) -> None:  # type: ignore[name-defined]
    file = tree / place.file
    file.write_text(place.pattern().sub("none", file.read_text()))
    with pytest.raises(versions.Differ, match=f"{place.file} says a version 0 times"):
        versions.read(tree)


def test_a_version_is_written_into_every_file(tree: Path) -> None:
    """And into nothing else: what is before and after it stays."""
    before = {place.file: (tree / place.file).read_text() for place in versions.PLACES}
    old = versions.read(tree)
    versions.write(tree, "10.20.30")
    assert versions.read(tree) == "10.20.30"
    versions.write(tree, old)
    assert {file: (tree / file).read_text() for file in before} == before


@pytest.mark.parametrize("version", ["1.2", "1.2.3rc1", "1.2.3-rc.1", "v1.2.3", "01.2.3", "", "1.2.3\n"])
def test_a_version_that_is_not_three_numbers_is_refused(tree: Path, version: str) -> None:
    """Python and npm write release candidates differently, so there are none."""
    with pytest.raises(versions.Differ, match="is not three numbers"):
        versions.write(tree, version)


def test_a_release_of_files_that_differ_is_refused(tree: Path) -> None:
    """By the script itself, before it asks anybody or builds anything."""
    for file in ("deploy/release.py", "deploy/published"):
        copy = shutil.copytree if (ROOT / file).is_dir() else shutil.copy
        copy(ROOT / file, tree / file)
    package = tree / "clients/typescript/package.json"
    package.write_text(package.read_text().replace('"version": "', '"version": "9', 1))
    command = [sys.executable, tree / "deploy/release.py", "uv", tree / "made", "--try", "--without-advisories"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no release: pyproject.toml says" in done.stderr
    assert "clients/typescript/package.json: 9" in done.stderr
    assert not (tree / "made").exists()
