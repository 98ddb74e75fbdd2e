"""What callers of an earlier contract rely on is in today's."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from tests.contract_of_before import descriptors_of_before

sys.path.insert(0, str(Path(__file__).parents[2] / "protos"))

from descriptors import PACKAGE, files


def test_every_method_field_and_value_of_before_is_there_with_its_number_and_names() -> None:
    """Of the contract before it had options of languages; `buf breaking` knows the last release only."""
    now, then = told(files()), told(one for one in descriptors_of_before().file if one.package == PACKAGE)
    assert len(then) > 1_000
    assert {key: now.get(key) for key in then} == then


def told(described: Iterable[FileDescriptorProto]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """All that travels, and by what names."""
    found: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for file in described:
        for message in file.message_type:
            for field in message.field:
                kind = (field.type, field.label, field.type_name, field.proto3_optional)
                found[message.name, str(field.number)] = (field.name, field.json_name, *kind)
        for enum in file.enum_type:
            for value in enum.value:
                found[enum.name, str(value.number)] = (value.name,)
        for service in file.service:
            for method in service.method:
                streams = (method.client_streaming, method.server_streaming)
                found[service.name, method.name] = (method.input_type, method.output_type, *streams)
    return found
