"""What the contract's files import, from where, and that both ways to build them give the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).parents[2]
PROTOS = ROOT / "protos"
BUF = Path(sys.executable).with_name("buf")
OF_PROTOBUF = "google/protobuf/"
OF_DEPENDENCIES = {"buf.build/googleapis/googleapis": ("google/api/", "google/rpc/", "google/type/")}
"""What a module of buf's registry has, by its name."""


@pytest.fixture(scope="module")
def made_by_protoc(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    """With an include path from the installed package."""
    return described(tmp_path_factory.mktemp("protoc") / "lotkeeper.protoset")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What buf reads of this repository, with the folder beside the contract."""
    shutil.copytree(PROTOS, tmp_path / "protos", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    subprocess.run([sys.executable, PROTOS / "googleapis.py", tmp_path / ".tools/googleapis"], check=True)
    return tmp_path


def described(target: Path) -> FileDescriptorSet:
    subprocess.run([sys.executable, PROTOS / "descriptors.py", target], check=True)
    return FileDescriptorSet.FromString(target.read_bytes())


def buf(workspace: Path, *arguments: str, text: bool = True) -> subprocess.CompletedProcess[Any]:
    return subprocess.run([BUF, *arguments], cwd=workspace, capture_output=True, text=text, check=False)


def test_nothing_of_google_lies_in_the_contract() -> None:
    """A second google/rpc/status.proto stops programs in Go at their start, and is a second class in Java."""
    assert {path.relative_to(PROTOS).parts[0] for path in PROTOS.rglob("*.proto")} == {"lotkeeper"}


def test_the_published_module_declares_what_it_imports() -> None:
    """And the workspace of this repository has the same module beside it, by the same name."""
    imported = {
        name
        for path in PROTOS.rglob("*.proto")
        for name in re.findall(r'^import "(.+)";$', path.read_text(), re.MULTILINE)
        if not name.startswith(("lotkeeper/", OF_PROTOBUF))
    }
    published = yaml.safe_load((PROTOS / "buf.yaml").read_text())
    provided = tuple(folder for name in published["deps"] for folder in OF_DEPENDENCIES[name])
    assert imported
    assert all(name.startswith(provided) for name in imported)
    here = yaml.safe_load((ROOT / "buf.yaml").read_text())
    assert here["deps"] == published["deps"]
    assert [one["name"] for one in here["modules"]] == [published["name"], *published["deps"]]


def test_both_ways_to_build_it_give_the_same(made_by_protoc: FileDescriptorSet, workspace: Path) -> None:
    """Protoc with an include path, and buf with a folder beside."""
    built = buf(workspace, "build", "-o", "-", "--exclude-source-info", text=False)
    assert built.returncode == 0, built.stderr
    by_buf = {one.name: one for one in FileDescriptorSet.FromString(built.stdout).file}
    for file in made_by_protoc.file:
        if not file.name.startswith(OF_PROTOBUF):
            assert without_notes(by_buf[file.name]) == without_notes(file)


def without_notes(file: FileDescriptorProto) -> FileDescriptorProto:
    """Buf's image notes in unknown fields which of its modules a file is of; ours has comments."""
    plain = FileDescriptorProto()
    plain.CopyFrom(file)
    plain.DiscardUnknownFields()
    plain.ClearField("source_code_info")
    return plain


def test_the_whole_contract_is_described_with_comments_and_json_names(made_by_protoc: FileDescriptorSet) -> None:
    """As `grpcurl -protoset` reads it: each file after those that it imports."""
    seen: set[str] = set()
    for file in made_by_protoc.file:
        assert seen.issuperset(file.dependency)
        seen.add(file.name)
        if file.package == "lotkeeper.inventory.v1":
            assert any(place.leading_comments for place in file.source_code_info.location)
            assert all(field.json_name for message in file.message_type for field in message.field)
    assert "google/rpc/status.proto" in seen


def test_the_command_of_the_docs_makes_stubs(tmp_path: Path) -> None:
    """With protoc as Python has it."""
    page = (ROOT / "docs/contract.md").read_text()
    block = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)[0]
    (tmp_path / "protos").symlink_to(PROTOS)
    (tmp_path / "protoc").write_text(f'#!/bin/sh\nexec {sys.executable} -m grpc_tools.protoc "$@"\n')
    (tmp_path / "protoc").chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", "-euc", block], cwd=tmp_path, env=os.environ | {"PATH": path}, check=True)
    made = {one.name.removesuffix("_pb2.py") for one in (tmp_path / "stubs/lotkeeper/inventory/v1").iterdir()}
    assert made == {one.stem for one in PROTOS.rglob("*.proto")}


@pytest.mark.parametrize(("old", "new"), [("double quantity = 3;", "double quantity = 33;"), ("= 9;", "= 99;")])
def test_a_change_that_breaks_old_callers_is_refused(workspace: Path, old: str, new: str) -> None:
    """By the contract of the last release, protos/contract.binpb."""
    against = ("--against", "protos/contract.binpb", "--config", "protos/buf.yaml")
    image = str(workspace / "now.binpb")
    assert buf(workspace, "build", "--path", "protos/lotkeeper", "-o", image).returncode == 0
    found = buf(workspace, "breaking", image, *against)
    assert (found.returncode, found.stdout) == (0, "")
    service = workspace / "protos/lotkeeper/inventory/v1/inventory_operation_service.proto"
    service.write_text(service.read_text().replace(old, new, 1))
    assert buf(workspace, "build", "--path", "protos/lotkeeper", "-o", image).returncode == 0
    found = buf(workspace, "breaking", image, *against)
    assert found.returncode != 0
    assert "ExecuteInventoryOperationRequest" in found.stdout
