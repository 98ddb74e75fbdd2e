"""The Helm chart, packed: what `helm push` and `helm install` take."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from published import NoRelease
from published.source import Source

ROOT: Final = Path(__file__).resolve().parents[2]
FETCHED: Final = ROOT / ".tools/helm"
"""Where `make test-helm` puts Helm."""


def program() -> str | None:
    """Helm on this machine."""
    return shutil.which("helm") or shutil.which("helm", path=FETCHED)


def absent() -> str | None:
    """Why it cannot be made on this machine; None if it can."""
    return None if program() else "helm not found; `make test-helm` fetches it"


def make(source: Source, folder: Path) -> None:
    """Packs it into a folder.

    Raises:
        NoRelease: where Helm does not take it.
    """
    helm = program()
    if helm is None:
        raise NoRelease("helm not found")
    chart = source.root / "deploy/helm/lotkeeper"
    source.run(helm, "package", chart, "--destination", folder.absolute(), folder=source.root)
