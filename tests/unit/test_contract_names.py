"""No two members that a generator makes of a message have one name, and no name hides what a language has itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

sys.path.insert(0, str(Path(__file__).parents[2] / "protos"))

from descriptors import files, sources
from googleapis import include_folder

Field = FieldDescriptorProto
ROOT: Final = Path(__file__).parents[2]
NOT_IN_CSHARP: Final = {"CheckLocationHasCapacityResponse": ["HasCapacity"]}
"""Of what C# has two of one name; docs/contract.md says how callers there make their stubs."""


def pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split("_|(?<=[0-9])", name))


def of_csharp(message: DescriptorProto) -> Iterator[str]:
    """Properties and methods; a property must not be named like its class, either."""
    yield from (message.name, "Parser", "Descriptor", "Clone", "Equals", "GetHashCode", "MergeFrom", "WriteTo", "Types")
    for field in message.field:
        yield pascal(field.name)
        if field.proto3_optional and field.type != Field.TYPE_MESSAGE:
            yield from (f"Has{pascal(field.name)}", f"Clear{pascal(field.name)}")
    for one in oneofs(message):
        yield from (f"{pascal(one)}Case", f"{pascal(one)}OneofCase", f"Clear{pascal(one)}")


def of_java(message: DescriptorProto) -> Iterator[str]:
    """Methods without arguments; Kotlin reads the same as properties, and has xOrNull of messages beside them."""
    yield from (
        "getClass",
        "getDescriptor",
        "getAllFields",
        "getSerializedSize",
        "getUnknownFields",
        "getParserForType",
    )
    yield from ("getDefaultInstance", "getDescriptorForType", "getInitializationErrorString", "isInitialized")
    for field in message.field:
        name, repeated = pascal(field.name), field.label == Field.LABEL_REPEATED
        yield from (f"get{name}List", f"get{name}Count") if repeated else (f"get{name}",)
        if field.type == Field.TYPE_ENUM:
            yield f"get{name}ValueList" if repeated else f"get{name}Value"
        if field.type == Field.TYPE_STRING and not repeated:
            yield f"get{name}Bytes"
        if field.type == Field.TYPE_MESSAGE:
            yield from (f"get{name}OrBuilderList", f"get{name}BuilderList") if repeated else (f"get{name}OrBuilder",)
        if not repeated and (field.proto3_optional or field.type == Field.TYPE_MESSAGE):
            yield from (f"has{name}", f"get{name}OrNull")
    for one in oneofs(message):
        yield f"get{pascal(one)}Case"


def of_go(message: DescriptorProto) -> Iterator[str]:
    """Fields and methods, which share one space of names. The opaque API, which has more, mends its names itself."""
    yield from ("Reset", "String", "ProtoMessage", "ProtoReflect", "Descriptor")
    for field in message.field:
        yield from (pascal(field.name), f"Get{pascal(field.name)}")
    for one in oneofs(message):
        yield from (pascal(one), f"Get{pascal(one)}")


def oneofs(message: DescriptorProto) -> Iterator[str]:
    """Those that somebody wrote."""
    of_optionals = {field.oneof_index for field in message.field if field.proto3_optional}
    yield from (one.name for place, one in enumerate(message.oneof_decl) if place not in of_optionals)


def twice(of_language: Callable[[DescriptorProto], Iterator[str]], described: Iterable[Any]) -> dict[str, list[str]]:
    """By message, what it has more than once."""
    counted = {one.name: Counter(of_language(one)) for file in described for one in file.message_type}
    assert sum(map(len, counted.values())) > 1_000
    found = {name: [member for member, times in one.items() if times > 1] for name, one in counted.items()}
    return {name: members for name, members in found.items() if members}


def test_each_member_of_a_message_has_a_name_of_its_own() -> None:
    """Where one has not, a file does not compile, or a generator puts an underscore behind it."""
    assert twice(of_java, files()) == {}
    assert twice(of_go, files()) == {}
    assert twice(of_csharp, files()) == NOT_IN_CSHARP


def test_the_command_of_the_docs_for_csharp_changes_a_name_in_programs_and_nothing_that_travels(tmp_path: Path) -> None:
    """Neither numbers nor types nor names in JSON."""
    shutil.copytree(ROOT / "protos/lotkeeper", tmp_path / "protos/lotkeeper")
    [mend] = re.findall(r"^sed -i.*$", (ROOT / "docs/contract.md").read_text(), re.MULTILINE)
    subprocess.run(["sh", "-c", mend], cwd=tmp_path, check=True)
    out = tmp_path / "mended.binpb"
    paths = (f"-I{tmp_path / 'protos'}", f"-I{include_folder()}")
    command = [sys.executable, "-m", "grpc_tools.protoc", *paths, f"--descriptor_set_out={out}", *sources()]
    subprocess.run(command, check=True)
    mended = FileDescriptorSet.FromString(out.read_bytes()).file
    assert twice(of_csharp, mended) == {}
    assert travels(mended) == travels(files())


def travels(described: Iterable[Any]) -> set[tuple[Any, ...]]:
    """Each field as it is on the wire and in JSON."""
    return {
        (message.name, field.number, field.json_name, field.type, field.label, field.proto3_optional)
        for file in described
        for message in file.message_type
        for field in message.field
    }


def test_files_are_named_so_that_no_outer_class_has_the_name_of_a_message() -> None:
    """inventory.proto has a message Inventory: Java and Kotlin call the file InventoryProto."""
    types = {one.name for file in files() for one in (*file.message_type, *file.enum_type)}
    outer = [file.options.java_outer_classname for file in files()]
    assert len(set(outer)) == len(outer)
    assert types.isdisjoint(outer)
    assert all(name.endswith("Proto") for name in outer)
