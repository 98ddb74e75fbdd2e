"""What a release is made of, and what prevents one. The last tests build; they need the package index.

Those of the clients need their programs, too: Go, Node, a JDK and Maven, Helm.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy/release.py"
UV = os.environ.get("LOTKEEPER_TEST_UV")
HOLE = {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z", "summary": "a hole"}

builds = pytest.mark.skipif(UV is None, reason="it asks the package index; `make test-release` runs it")


@pytest.fixture(scope="module")
def release() -> ModuleType:
    """The script as a module; it finds those beside it as when it is run."""
    sys.path.insert(0, str(SCRIPT.parent))
    found = importlib.util.spec_from_file_location("lotkeeper_release", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def test_notes_are_the_section_of_the_version_alone(release: ModuleType) -> None:
    changelog = "# Changelog\n\n## Unreleased\n\n* new\n\n## 1.2.0 (2026-11-30)\n\n* this\n\n## 1.2.0.1\n\n* not this\n"
    assert release.notes_of(changelog, "1.2.0") == "* this\n"


@pytest.mark.parametrize("changelog", ["", "## 1.1.0\n\n* this\n", "## 1.2.0\n\n## 1.1.0\n\n* this\n"])
def test_a_version_that_the_changelog_does_not_know_is_no_release(release: ModuleType, changelog: str) -> None:
    with pytest.raises(release.NoRelease, match=r"says nothing of 1\.2\.0"):
        release.notes_of(changelog, "1.2.0")


def test_a_bill_that_lacks_a_locked_package_is_no_release(release: ModuleType) -> None:
    bill = json.dumps({"components": [{"name": "click", "version": "8.1.0"}]})
    assert release.check_bill(bill, "click==8.1.0 \\\n    --hash=sha256:00\n") == 1
    with pytest.raises(release.NoRelease, match="alembic"):
        release.check_bill(bill, "click==8.1.0\nalembic==1.2\n")


def test_sums_are_of_every_file_but_themselves(release: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"2")
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "c").mkdir()
    (tmp_path / "c/d").write_bytes(b"3")
    (tmp_path / "SHA256SUMS").write_text("old")
    one, two, three = (hashlib.sha256(text).hexdigest() for text in (b"1", b"2", b"3"))
    assert release.sums_of(tmp_path) == f"{one}  a\n{two}  b\n{three}  c/d\n"


def test_the_image_has_the_programs_version_and_runs_as_nobody_in_particular(release: ModuleType) -> None:
    """Its user is a number, so that Kubernetes can see that it is not root."""
    lines = (ROOT / "deploy/container/Containerfile").read_text().splitlines()
    assert f"ARG VERSION={release.version_of(ROOT)}" in lines
    assert lines[-1] == 'CMD ["serve"]'
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert "VOLUME /var/lib/lotkeeper" in lines


def test_the_contract_is_packed_as_a_module_that_builds(release: ModuleType, tmp_path: Path) -> None:
    """Beside googleapis, which buf's registry would give; the same commit packs the same bytes."""
    archive = tmp_path / "contract.tar.gz"
    release.pack_module(archive, 1_700_000_000)
    first = archive.read_bytes()
    release.pack_module(archive, 1_700_000_000)
    assert archive.read_bytes() == first
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "module", filter="data")
    module = yaml.safe_load((tmp_path / "module/buf.yaml").read_text())
    assert (module["name"], module["deps"]) == ("buf.build/lotkeeper/lotkeeper", ["buf.build/googleapis/googleapis"])
    (tmp_path / "module/buf.yaml").unlink()
    subprocess.run([sys.executable, ROOT / "protos/googleapis.py", tmp_path / "googleapis"], check=True)
    workspace = {"version": "v2", "modules": [{"path": "module"}, {"path": "googleapis"}]}
    (tmp_path / "buf.yaml").write_text(yaml.safe_dump(workspace))
    done = subprocess.run(
        [Path(sys.executable).with_name("buf"), "build"], cwd=tmp_path, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def advisory_service(holes_of: str) -> Iterator[str]:
    """A service with OSV's interface, which knows a hole of one package."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
            vulns = [{"vulns": [HOLE]} if one["package"]["name"] == holes_of else {} for one in queries]
            self._answer({"results": vulns})

        def do_GET(self) -> None:
            self._answer(HOLE)

        def _answer(self, said: dict[str, Any]) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def made(folder: Path, advisories: str, status: int) -> str:
    without = [f"--without={part}" for part in ("npm", "maven", "site", "chart")]  # each has a test of its own
    command = [sys.executable, SCRIPT, str(UV), folder, "--try", "--advisories", advisories, *without]
    environment = os.environ | {"NO_PROXY": "127.0.0.1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@builds
def test_a_release_has_the_wheel_the_source_the_packages_the_bill_and_their_sums(tmp_path: Path) -> None:
    """The wheel has everything that is imported or read beside the code, and nothing of the tests."""
    folder = tmp_path / "release"
    with advisory_service("none") as url:
        said = made(folder, url, 0)
    assert "LEFT OUT: the npm package: not asked for" in said
    assert "ready, but for what was left out" in said
    assert "the Go module" not in said.partition("LEFT OUT")[2]
    assert "clients/go/@v/v" in (folder / "SHA256SUMS").read_text()
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)
    [wheel], [source] = folder.glob("*.whl"), folder.glob("lotkeeper-[0-9]*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"lotkeeper", "lotkeeper_server", "lotkeeper_command.py", "pytest_lotkeeper.py"}
    assert "lotkeeper/py.typed" in names
    assert not [name for name in names if name.endswith(".pyc")]
    with tarfile.open(source) as packed:
        assert any(name.endswith("/LICENSE") for name in packed.getnames())
    described = FileDescriptorSet.FromString((folder / "lotkeeper.protoset").read_bytes())
    assert "google/rpc/error_details.proto" in {one.name for one in described.file}
    assert json.loads((folder / "openapi.json").read_text())["openapi"] == "3.1.0"
    [module] = folder.glob("lotkeeper-contract-*.tar.gz")
    with tarfile.open(module) as packed:
        assert {"buf.yaml", "LICENSE", "lotkeeper/inventory/v1/errors.proto"} <= set(packed.getnames())
    requirements = (folder / "requirements.txt").read_text()
    assert "--hash=sha256:" in requirements
    assert "pytest" not in requirements
    listed = {one["name"] for one in json.loads((folder / "bill-of-materials.cdx.json").read_text())["components"]}
    assert {"grpcio", "sqlalchemy", "psycopg-binary", "joserfc"} <= listed


@builds
def test_the_same_commit_makes_the_same_wheel_and_source(tmp_path: Path) -> None:
    sums = []
    for name in ("first", "second"):
        with advisory_service("none") as url:
            made(tmp_path / name, url, 0)
        sums.append(
            [hashlib.sha256(one.read_bytes()).digest() for one in sorted((tmp_path / name).glob("lotkeeper[-.]*"))]
        )
    assert sums[0] == sums[1]
    assert len(sums[0]) == 4


@builds
def test_a_known_hole_in_a_package_is_no_release(tmp_path: Path) -> None:
    with advisory_service("grpcio") as url:
        assert "PYSEC-2026-1" in made(tmp_path / "release", url, 1)
    assert not (tmp_path / "release").exists()


@builds
def test_advisories_that_nobody_tells_of_are_no_release(tmp_path: Path) -> None:
    """Silence is no answer."""
    assert "no release: advisories" in made(tmp_path / "release", "http://127.0.0.1:9", 1)
