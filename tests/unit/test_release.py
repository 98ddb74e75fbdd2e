"""What a release is made of, and what prevents one. The last tests build; they need the package index.

Those of the clients need their programs, too: Go, Node, a JDK and Maven, Helm.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
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
    # What a package index would refuse, the README among it.
    running = [str(Path(str(UV)).absolute()), "run", "--no-project", "--isolated", "--quiet", "--with", "twine==6.2.0"]
    subprocess.run([*running, "twine", "check", "--strict", wheel, source], cwd=tmp_path, check=True)
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


def needs(part: str, *programs: str) -> pytest.MarkDecorator:
    """Skips a test whose part cannot be made here, or tried out, in the words of the release."""
    sys.path.insert(0, str(SCRIPT.parent))
    module = importlib.import_module(f"published.{part}")
    why = "it builds, and asks the network; `make test-release` runs it" if UV is None else module.absent()
    why = why or importlib.import_module("published.source").lacking(programs)
    return pytest.mark.skipif(why is not None, reason=str(why))


@pytest.fixture
def source(release: ModuleType) -> Any:
    """The tree as it is."""
    return release.Source(ROOT, release.version_of(ROOT), 1_790_000_000, str(Path(str(UV)).absolute()))


def go(folder: Path, proxies: str, *arguments: str) -> str:
    """Runs Go on a cache of its own, so that the machine's never has a version that was not published."""
    environment = os.environ | {
        "GOPROXY": proxies,
        "GONOSUMDB": "github.com/lotkeeper/*",
        "GOMODCACHE": str(folder / "cache"),
        "GOFLAGS": "-mod=mod -modcacherw",
        "GOWORK": "off",
        # The repository's address is the folder's.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}/repository.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/lotkeeper/lotkeeper",
    }
    done = subprocess.run(["go", *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs("go_module", "go")
def test_the_go_module_is_what_go_makes_of_the_tag(source: Any, tmp_path: Path) -> None:
    """The sum is what every program that uses the module keeps: it must not matter where the module came from."""
    published = importlib.import_module("published.go_module")
    repository = tmp_path / "repository"
    source.copy(repository, "clients", "LICENSE", "README.md")
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false")
    for command in (["init", "--quiet"], ["add", "--all", "--force"], [*identity, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    subprocess.run(["git", "tag", published.tag_of(source.version)], cwd=repository, check=True)
    published.make(source, tmp_path)
    module = f"{published.MODULE}@v{source.version}"
    sums = []
    for proxy in ("direct", f"file://{tmp_path}/go"):
        sums.append(json.loads(go(tmp_path, proxy, "mod", "download", "-json", module))["Sum"])
        go(tmp_path, proxy, "clean", "-modcache")
    assert sums[0] == sums[1]


@needs("go_module", "go")
@pytest.mark.timeout(900)
def test_a_program_elsewhere_builds_with_the_go_module(source: Any, tmp_path: Path) -> None:
    published = importlib.import_module("published.go_module")
    published.make(source, tmp_path)
    module = f"{published.MODULE}@v{source.version}"
    had = Path(json.loads(go(tmp_path, f"file://{tmp_path}/go", "mod", "download", "-json", module))["Dir"])
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "main.go").write_text(
        f'package main\n\nimport lotkeeper "{published.MODULE}"\n\n'
        'func main() {\n\tclient, err := lotkeeper.New("127.0.0.1:1")\n\tif err != nil {\n\t\tpanic(err)\n\t}\n'
        '\tclient.Close()\n\tprintln("closed")\n}\n'
    )
    # What it depends on is the machine's, which is compiled once for all: ours alone is from the folder.
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOWORK": "off"}
    for command in (
        ["mod", "init", "example.com/plant"],
        ["mod", "edit", f"-require={module}", f"-replace={module}={had}"],
        ["build", "-o", "plant", "."],
    ):
        subprocess.run(["go", *command], cwd=plant, env=environment, check=True, capture_output=True)
    assert subprocess.run([plant / "plant"], check=True, capture_output=True, text=True).stderr == "closed\n"


@needs("npm_package")
@pytest.mark.timeout(900)
def test_the_npm_package_is_installed_from_its_tarball_alone(source: Any, tmp_path: Path) -> None:
    importlib.import_module("published.npm_package").make(source, tmp_path)
    tarball = tmp_path / f"lotkeeper-client-{source.version}.tgz"
    with tarfile.open(tarball) as packed:
        names = {name for name in packed.getnames() if not name.startswith("package/dist/")}
        about = json.load(packed.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert names == {"package/LICENSE", "package/README.md", "package/package.json"}
    assert (about["name"], about["version"]) == ("@lotkeeper/client", source.version)
    assert about["repository"]["directory"] == "clients/typescript"
    assert about["publishConfig"] == {"access": "public"}
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    flags = ["--prefer-offline", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(["npm", "install", *flags, tarball], cwd=tmp_path, check=True)
    program = 'import { decimal } from "@lotkeeper/client/node"; console.log(decimal("0.3").value)'
    command = ["node", "--input-type=module", "--eval", program]
    assert subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout == "0.3\n"


@needs("maven_artifact")
@pytest.mark.timeout(900)
def test_a_project_elsewhere_compiles_with_the_maven_artifact(source: Any, tmp_path: Path) -> None:
    """Out of the folder as a repository, its checksums looked at; with what Maven Central asks of an artifact."""
    importlib.import_module("published.maven_artifact").make(source, tmp_path)
    folder = tmp_path / "maven/com/lotkeeper/lotkeeper-client" / source.version
    stem = f"lotkeeper-client-{source.version}"
    made = {f"{stem}{end}" for end in (".jar", "-sources.jar", "-javadoc.jar", ".pom")}
    assert {one.name for one in folder.iterdir()} == {f"{name}{end}" for name in made for end in ("", ".md5", ".sha1")}
    assert {"META-INF/LICENSE", "META-INF/README.md", "com/lotkeeper/client/LotkeeperClient.class"} <= set(
        zipfile.ZipFile(folder / f"{stem}.jar").namelist()
    )
    pages = zipfile.ZipFile(folder / f"{stem}-javadoc.jar").namelist()
    assert "com.lotkeeper.client/com/lotkeeper/client/LotkeeperClient.html" in pages
    sources = zipfile.ZipFile(folder / f"{stem}-sources.jar").namelist()
    assert {"com/lotkeeper/client/LotkeeperClient.java", "com/lotkeeper/inventory/v1/InventoryLot.java"} <= set(sources)
    pom = (folder / f"{stem}.pom").read_text()
    for asked in ("name", "description", "url", "licenses", "developers", "scm"):
        assert f"<{asked}>" in pom
    plant = tmp_path / "plant"
    shutil.copytree(ROOT / "clients/java/examples", plant, ignore=shutil.ignore_patterns("target"))
    (plant / "settings.xml").write_text(
        "<settings><profiles><profile><id>plant</id><repositories><repository><id>release</id>"
        f"<url>file://{tmp_path}/maven</url></repository></repositories></profile></profiles>"
        "<activeProfiles><activeProfile>plant</activeProfile></activeProfiles></settings>"
    )
    local = importlib.import_module("clients.java.check").repository(tmp_path)
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "--settings", "settings.xml"]
    command += [f"-Dmaven.repo.local={local}", "compile"]
    done = subprocess.run(command, cwd=plant, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert list((plant / "target/classes").rglob("Story.class"))


@builds
def test_the_site_is_packed_with_every_page(source: Any, tmp_path: Path) -> None:
    importlib.import_module("published.site_archive").make(source, tmp_path)
    top = f"lotkeeper-site-{source.version}"
    with tarfile.open(tmp_path / f"{top}.tar.gz") as packed:
        names = set(packed.getnames())
    assert {f"{top}/LICENSE", f"{top}/index.html", f"{top}/project/changelog/index.html"} <= names
    assert {f"{top}/{page.stem}/index.html" for page in (ROOT / "docs").glob("*.md")} <= names


@needs("helm_chart")
def test_the_chart_is_packed(source: Any, tmp_path: Path) -> None:
    importlib.import_module("published.helm_chart").make(source, tmp_path)
    with tarfile.open(tmp_path / f"lotkeeper-{source.version}.tgz") as packed:
        chart = yaml.safe_load(packed.extractfile("lotkeeper/Chart.yaml"))  # type: ignore[arg-type]
    assert (chart["version"], chart["appVersion"]) == (source.version, source.version)


def test_what_cannot_be_made_here_is_left_out_and_said(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine with nothing but git: the Go module is made, the others are named, each with what it lacks."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(importlib.import_module("published.helm_chart"), "FETCHED", tmp_path)
    source = release.Source(ROOT, "1.2.3", 1_790_000_000, "uv")
    assert release.make_parts(source, tmp_path / "made", ["site"]) == [
        "the npm package: node and npm not found",
        "the Maven artifact: javac and mvn not found",
        "the documentation as a site: not asked for",
        "the Helm chart: helm not found; `make test-helm` fetches it",
    ]
    assert [one.name for one in (tmp_path / "made").iterdir()] == ["go"]


def test_the_go_module_is_the_same_from_the_same_files(release: ModuleType, tmp_path: Path) -> None:
    """With the license of the repository, since it lies in a folder of it."""
    published = importlib.import_module("published.go_module")
    source = release.Source(ROOT, "1.2.3", 1_790_000_000, "uv")
    for name in ("first", "second"):
        published.make(source, tmp_path / name)
    first, second = (tmp_path / name / "go" / published.MODULE / "@v" for name in ("first", "second"))
    assert {one.name for one in first.iterdir()} == {"list", "v1.2.3.info", "v1.2.3.mod", "v1.2.3.zip"}
    assert [one.read_bytes() for one in sorted(first.iterdir())] == [
        one.read_bytes() for one in sorted(second.iterdir())
    ]
    top = f"{published.MODULE}@v1.2.3"
    names = set(zipfile.ZipFile(first / "v1.2.3.zip").namelist())
    assert {f"{top}/{name}" for name in ("go.mod", "LICENSE", "README.md", "client.go")} <= names
    assert json.loads((first / "v1.2.3.info").read_text()) == {"Version": "v1.2.3", "Time": "2026-09-21T14:13:20Z"}
    assert published.tag_of("1.2.3") == "clients/go/v1.2.3"


def test_a_part_that_fails_is_no_release(release: ModuleType, tmp_path: Path) -> None:
    """With what its program said."""
    source = release.Source(ROOT, "1.2.3", 1_790_000_000, "uv")
    with pytest.raises(release.NoRelease, match="no such page"):
        source.run(sys.executable, "-c", "import sys; sys.exit('no such page')", folder=tmp_path)
