"""Right calls of the client pass a type checker, wrong ones do not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FLAGS = ("--strict", "--explicit-package-bases", "--no-error-summary", "--cache-dir", ".mypy_cache/typing")


def test_right_calls_pass_and_each_wrong_one_fails_as_it_says() -> None:
    """By line and by kind of error."""
    files = [HERE / "right_calls.py", HERE / "wrong_calls.py"]
    mypy = [sys.executable, "-m", "mypy", "--config-file=", *FLAGS, *map(str, files)]
    environment = os.environ | {"MYPYPATH": "client"}
    done = subprocess.run(mypy, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    found: dict[str, set[str]] = {}
    for file, line, code in re.findall(r"(\w+\.py):(\d+): error: .*\[([\w-]+)\]", done.stdout):
        found.setdefault(f"{file}:{line}", set()).add(code)
    expected = {
        f"{file.name}:{number}": set(line.partition("# E: ")[2].split())
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "# E: " in line and not line.startswith('"""')
    }
    assert found == expected, done.stdout + done.stderr
