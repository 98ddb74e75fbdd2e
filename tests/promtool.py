"""Prometheus' own programs, where they are installed (Debian: the package prometheus)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def program(name: str) -> Path:
    """Promtool or prometheus: of the folder that PROMETHEUS_PROGRAMS names, else of the system; skips without."""
    folder = os.environ.get("PROMETHEUS_PROGRAMS")
    found = shutil.which(name, path=folder) if folder else shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name} here; install Debian's prometheus, or name its folder in PROMETHEUS_PROGRAMS")
    return Path(found)
