"""Right calls of the client pass type checkers, wrong ones do not; also where protobuf has no types."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CALLS = (HERE / "right_calls.py", HERE / "wrong_calls.py")
FILES = (*CALLS, HERE / "right_frames.py", HERE / "wrong_frames.py")
FLAGS = ("--config-file=", "--strict", "--no-error-summary")
RUNTIME = ("google", "grpc", "grpc_status", "click", "rich")


def expected(files: tuple[Path, ...]) -> dict[str, set[str]]:
    """The kinds of errors that each line is to have."""
    return {
        f"{file.name}:{number}": set(line.partition("# E: ")[2].split())
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "# E: " in line and not line.startswith('"""')
    }


def mypy(*arguments: str, folder: Path, **environment: str) -> None:
    """Runs it and compares, by line and by kind of error."""
    command = [sys.executable, "-m", "mypy", *FLAGS, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    found: dict[str, set[str]] = {}
    for file, line, code in re.findall(r"([\w/]+\.pyi?):(\d+): error: .*\[([\w-]+)\]", done.stdout):
        found.setdefault(f"{Path(file).name}:{line}", set()).add(code)
    assert found == expected(FILES), done.stdout + done.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the client and what it needs to run, but no package of types; the files beside it."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "env", with_pip=False)
    [packages] = (folder / "env" / "lib").glob("*/site-packages")
    shutil.copytree(ROOT / "client" / "lotkeeper", packages / "lotkeeper")
    installed = Path(sysconfig.get_paths()["purelib"])
    for name in RUNTIME:
        (packages / name).symlink_to(installed / name)
    for file in FILES:
        shutil.copy(file, folder)
    return folder


def test_right_calls_pass_and_each_wrong_one_fails_as_it_says() -> None:
    """With types-protobuf."""
    arguments = ("--explicit-package-bases", "--cache-dir", ".mypy_cache/typing", *map(str, FILES))
    mypy(*arguments, folder=ROOT, MYPYPATH="client")


def test_they_do_so_where_nothing_but_the_client_is_installed(bare: Path) -> None:
    """Messages have types of their own then."""
    names = [file.name for file in FILES]
    mypy("--python-executable", "env/bin/python", *names, folder=bare, MYPYPATH="", PYTHONPATH="")


@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="pyright is not installed: make test-typing")
def test_pyright_says_the_same(bare: Path) -> None:
    """By line; it has other names for kinds of errors. Of Arrow, which has no types, it knows nothing here."""
    settings = {"typeCheckingMode": "strict", "venvPath": ".", "venv": "env", "include": [file.name for file in CALLS]}
    (bare / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--outputjson"]
    fetched = subprocess.run([*command[:3], "--version"], cwd=bare, capture_output=True, text=True, check=False)
    if fetched.returncode:
        pytest.skip(f"pyright could not be fetched: {fetched.stderr.strip()[-200:]}")
    done = subprocess.run(command, cwd=bare, capture_output=True, text=True, check=False)
    found = {
        f"{Path(one['file']).name}:{one['range']['start']['line'] + 1}"
        for one in json.loads(done.stdout)["generalDiagnostics"]
    }
    assert found == set(expected(CALLS)), done.stdout
