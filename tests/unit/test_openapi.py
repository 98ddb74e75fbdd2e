"""The OpenAPI document says what the contract says, in protobuf's JSON. `make test-contract` has it validated, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from lotkeeper_server.http.openapi import document
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.server import SERVICES

DOCUMENT: dict[str, Any] = json.loads(document())
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS = [method for service in SERVICES for method in service.methods]
MESSAGES = sorted({one.full_name: one for method in METHODS for one in (method.input_type, method.output_type)}.items())
TEXTS = {"google.protobuf.Timestamp": "2026-11-30T08:00:00Z", "google.protobuf.FieldMask": "name"}
TYPES: dict[str, type | tuple[type, ...]] = {
    "array": list, "boolean": bool, "integer": int, "number": (int, float), "object": dict, "string": str,
}  # fmt: skip


def references(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        if isinstance(of.get("$ref"), str):
            yield of["$ref"]
        for one in of.values():
            yield from references(one)
    elif isinstance(of, list):
        for one in of:
            yield from references(one)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    return SCHEMAS[name] if name else schema


def filled(descriptor: Descriptor, depth: int = 3) -> dict[str, Any]:
    """The JSON of a message in which every field is set, some messages deep."""
    message = GetMessageClass(descriptor)()
    fill(message, depth)
    made: dict[str, Any] = json_format.MessageToDict(message)
    return made


def fill(message: Message, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.message_type is None:
            value = field.enum_type.values[-1].number if field.enum_type else {"string": "x", "bytes": b"x"}.get(
                FIELD_TYPES[field.type], 1
            )  # fmt: skip
            getattr(message, field.name).append(value) if field.is_repeated else setattr(message, field.name, value)
        elif text := TEXTS.get(field.message_type.full_name):
            getattr(message, field.name).FromJsonString(text)
        elif depth and field.message_type.full_name.startswith("lotkeeper."):
            fill(getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name), depth - 1)
        elif field.message_type.full_name == "google.type.Decimal":
            getattr(message, field.name).value = "1.5"


FIELD_TYPES = {FieldDescriptor.TYPE_STRING: "string", FieldDescriptor.TYPE_BYTES: "bytes"} | {
    number: "number"
    for number in range(1, 19)
    if number not in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
}


def check(value: Any, schema: dict[str, Any], place: str) -> None:
    """That a value is of a schema, as far as the schemas of the contract go."""
    schema = resolved(schema)
    kinds = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    assert any(isinstance(value, TYPES[kind]) for kind in kinds), (place, value, kinds)
    assert "enum" not in schema or value in schema["enum"], place
    if isinstance(value, dict):
        for name, one in value.items():
            assert name in schema["properties"], f"{place}.{name}"
            check(one, schema["properties"][name], f"{place}.{name}")
    elif isinstance(value, list):
        for one in value:
            check(one, schema["items"], place)


def test_every_reference_leads_somewhere() -> None:
    """Each is to a component."""
    for reference in set(references(DOCUMENT)):
        _, _, kind, name = reference.split("/", 3)
        assert name in DOCUMENT["components"][kind], reference


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_is_a_post_with_its_messages_and_its_permission(method: MethodDescriptor) -> None:
    """And there is nothing else."""
    operation = DOCUMENT["paths"][f"/{method.containing_service.full_name}/{method.name}"]["post"]
    kind = "application/connect+json" if method.client_streaming or method.server_streaming else "application/json"
    asked = operation["requestBody"]["content"][kind]["schema"]["$ref"]
    answered = operation["responses"]["200"]["content"][kind]["schema"]["$ref"]
    assert asked.rpartition("/")[2] == method.input_type.name
    assert answered.rpartition("/")[2] == method.output_type.name
    assert operation.get("x-permission", "any") == permission_of(method)
    assert len(DOCUMENT["paths"]) == len(METHODS)


@pytest.mark.parametrize(("name", "descriptor"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_the_json_of_every_message_is_of_its_schema(name: str, descriptor: Descriptor) -> None:
    """As protobuf writes it, with every field set."""
    made = filled(descriptor)
    check(made, SCHEMAS[descriptor.name], name)
    assert set(made) == set(SCHEMAS[descriptor.name].get("properties", {}))


def test_a_request_has_no_other_names_and_an_answer_may() -> None:
    """So that a misspelt name is found, and a newer server's answer is read."""
    assert SCHEMAS["ExecuteInventoryOperationRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in SCHEMAS["ExecuteInventoryOperationResponse"]
    assert "additionalProperties" not in SCHEMAS["Material"]


def test_the_document_is_valid() -> None:
    """By a validator of OpenAPI, where there is one."""
    validator = pytest.importorskip("openapi_spec_validator", reason="`make test-contract` has it")
    validator.validate(DOCUMENT)
