"""Makes the OpenAPI 3.1 document from the contract: its methods over HTTP, by the Connect protocol, in JSON.

python protos/openapi.py            writes server/lotkeeper_server/http/openapi.json
python protos/openapi.py --check    exits 1 if it differs
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from comments import MEMBER, SERVICE, Comments
from connect_errors import ERROR_SCHEMAS, RESPONSES
from descriptors import PACKAGE, files
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto, MethodOptions
from json_schemas import OWN, Schemas
from lotkeeper.inventory.v1 import permission_pb2

ROOT: Final = Path(__file__).resolve().parents[1]
PROJECT: Final = ROOT / "pyproject.toml"
TARGET: Final = ROOT / "server/lotkeeper_server/http/openapi.json"
INTRODUCTION: Final = """\
The methods of Lotkeeper for whatever speaks HTTP and JSON. Each is a POST to `/SERVICE/METHOD` with a JSON object; the
same address serves the Connect protocol and gRPC-Web.

* Names are in lowerCamelCase, enum values by name, moments as RFC 3339 in UTC; what is empty, zero or false may be left
  out, and an answer leaves it out. A name that the request does not have is refused, so a misspelt `validateOnly`
  executes nothing.
* 64-bit integers are texts in answers; requests may have texts or numbers.
* A call that timed out may have been done: send it again with the same `requestId`, which gets the first answer.
* A method that answers with a stream, or takes one, has the content type `application/connect+json`: each message is a
  byte of flags (0, or 2 for the last, which tells how the call ended), its length in 4 bytes, the most significant
  first, and the JSON.
"""
UNARY, STREAM = "application/json", "application/connect+json"
PARAMETERS: Final = {
    "ConnectProtocolVersion": {
        "name": "Connect-Protocol-Version",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "const": "1"},
        "description": "Clients of the Connect protocol send it; others need not.",
    },
    "ConnectTimeoutMs": {
        "name": "Connect-Timeout-Ms",
        "in": "header",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 9_999_999_999},
        "description": "After how many milliseconds the call is given up: `deadline_exceeded`.",
    },
}
IDEMPOTENCY: Final = {
    MethodOptions.NO_SIDE_EFFECTS: "Reads only.",
    MethodOptions.IDEMPOTENT: "To call it twice does what one call does.",
}


def version() -> str:
    """The version of the release that the document is of, as pyproject.toml says it."""
    return str(tomllib.loads(PROJECT.read_text())["project"]["version"])


def document() -> dict[str, Any]:
    """The whole document."""
    contract = files()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lotkeeper",
            "summary": "Inventory operations of factories: one call moves stock and writes its record, exactly once.",
            "description": INTRODUCTION,
            "version": version(),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": list(_tags(contract)),
        "paths": dict(_paths(contract)),
        "components": {
            "parameters": PARAMETERS,
            "responses": RESPONSES,
            "schemas": Schemas(contract).all() | ERROR_SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `lotkeeper-server token create`, of `lotkeeper`, or of the issuer.",
                }
            },
        },
    }


def _tags(contract: Sequence[FileDescriptorProto]) -> Iterator[dict[str, str]]:
    comment = Comments(contract).of
    for file in sorted(contract, key=lambda one: one.name):
        for index, service in enumerate(file.service):
            yield {"name": service.name, "description": comment(file, SERVICE, index)}


def _paths(contract: Sequence[FileDescriptorProto]) -> Iterator[tuple[str, dict[str, Any]]]:
    comment = Comments(contract).of
    for file in sorted(contract, key=lambda one: one.name):
        for index, service in enumerate(file.service):
            for number, method in enumerate(service.method):
                about = comment(file, SERVICE, index, MEMBER, number)
                yield f"/{PACKAGE}.{service.name}/{method.name}", {"post": _operation(service.name, method, about)}


def _operation(service: str, method: MethodDescriptorProto, about: str) -> dict[str, Any]:
    permission = method.options.Extensions[permission_pb2.permission]
    needed = "Every caller may call it." if permission == "any" else f"Needs the permission `{permission}`."
    streams = method.client_streaming or method.server_streaming
    words = [about, IDEMPOTENCY.get(method.options.idempotency_level, ""), needed]
    if method.client_streaming:
        words.append("Takes a stream of messages.")
    if method.server_streaming:
        words.append("Answers with a stream of messages.")
    operation = {
        "operationId": method.name,
        "tags": [service],
        "summary": _first_sentence(about),
        "description": " ".join(filter(None, words)),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "requestBody": {"required": True, "content": _content(method.input_type, streams=streams)},
        "responses": {"200": {"description": "Done.", "content": _content(method.output_type, streams=streams)}}
        # Of a stream the status is 200 always, and its last message has the error.
        | ({} if streams else {"default": {"$ref": "#/components/responses/Refused"}}),
    }
    return operation if permission == "any" else operation | {"x-permission": permission}


def _content(type_name: str, *, streams: bool) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{type_name.removeprefix(OWN)}"}
    return {STREAM if streams else UNARY: {"schema": schema}}


def _first_sentence(text: str) -> str:
    return re.split(r"[.:] ", text, maxsplit=1)[0].rstrip(".") + "."


def main() -> int:
    """Runs the command line; the exit status is 1 if the document is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if not parser.parse_args().check:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print(f"{TARGET.name} is not current, run `make openapi`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
