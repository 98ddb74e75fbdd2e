"""Writes the API reference from the comments of the contract, or proves that the committed one is current.

python protos/reference.py FILE            writes FILE
python protos/reference.py --check FILE    exits 1 if it differs
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from comments import ENUM, MEMBER, MESSAGE, SERVICE, Comments
from descriptors import PACKAGE, files
from google.protobuf import descriptor_pb2
from lotkeeper.inventory.v1 import permission_pb2

SCALARS = {
    value.number: name.removeprefix("TYPE_").lower()
    for name, value in descriptor_pb2.FieldDescriptorProto.Type.DESCRIPTOR.values_by_name.items()
}
INTRODUCTION = f"""# API reference

Made from the comments of the contract, [`protos/lotkeeper/inventory/v1`](../protos/lotkeeper/inventory/v1), by
`make protos`. The package is `{PACKAGE}`. Send a token as `authorization: Bearer TOKEN` in the call's metadata.
Each method names the permission that a caller needs; permissions are hierarchical by dots: `INVENTORY` grants
`INVENTORY.READ`, `*` all. Every refusal is one of [errors.md](errors.md). *optional* marks a field for which absent and
zero are different.
"""


class Reference:
    """The text of one contract."""

    def __init__(self, files: Sequence[descriptor_pb2.FileDescriptorProto]) -> None:
        self._files = files
        self._comment = Comments(files).of

    def text(self) -> str:
        """The whole page: services with the messages of their methods, then shared messages, then enums."""
        asked = {kind for file in self._files for service in file.service for kind in _own_messages(service)}
        lines = [INTRODUCTION]
        for file in sorted(self._files, key=lambda one: one.name):
            for index, service in enumerate(file.service):
                lines += self._service(file, index, service)
        lines.append("\n## Messages\n")
        for file, index, message in self._messages():
            if message.name not in asked:
                lines += [f"### {message.name}\n", self._comment(file, MESSAGE, index) + "\n"]
                lines += [*self._fields(file, index, message), ""]
        lines.append("\n## Enums\n")
        for file in sorted(self._files, key=lambda one: one.name):
            for index, enum in enumerate(file.enum_type):
                lines += self._enum(file, index, enum)
        return "\n".join(lines).rstrip() + "\n"

    def _messages(self) -> Iterator[tuple[Any, int, Any]]:
        everything = [(file, index, one) for file in self._files for index, one in enumerate(file.message_type)]
        yield from sorted(everything, key=lambda place: place[2].name)

    def _service(self, file: Any, index: int, service: Any) -> list[str]:
        lines = [f"\n## {service.name}\n", self._comment(file, SERVICE, index) + "\n"]
        messages = {message.name: (at, where, message) for at, where, message in self._messages()}
        for number, method in enumerate(service.method):
            permission = method.options.Extensions[permission_pb2.permission]
            stream = " Takes a stream." if method.client_streaming else ""
            stream += " Answers with a stream." if method.server_streaming else ""
            lines += [
                f"### {method.name}\n",
                self._comment(file, SERVICE, index, MEMBER, number) + "\n",
                f"Permission: {'any caller' if permission == 'any' else f'`{permission}`'}.{stream}\n",
            ]
            for kind in (method.input_type, method.output_type):
                at, where, message = messages[kind.rpartition(".")[2]]
                lines += [f"#### {message.name}\n", *(self._fields(at, where, message) or ["Empty."]), ""]
        return lines

    def _fields(self, file: Any, index: int, message: Any) -> list[str]:
        if not message.field:
            return []
        rows = ["| field | type | meaning |", "|---|---|---|"]
        for number, field in enumerate(message.field):
            comment = self._comment(file, MESSAGE, index, MEMBER, number)
            rows.append(f"| `{field.name}` = {field.number} | {_type_of(field)} | {_cell(comment)} |")
        return rows

    def _enum(self, file: Any, index: int, enum: Any) -> list[str]:
        lines = [f"### {enum.name}\n", self._comment(file, ENUM, index) + "\n", "| value | meaning |", "|---|---|"]
        for number, value in enumerate(enum.value):
            comment = self._comment(file, ENUM, index, MEMBER, number)
            permission = value.options.Extensions[permission_pb2.action_permission]
            comment += f" Permission: `{permission}`." if permission else ""
            lines.append(f"| `{value.name}` = {value.number} | {_cell(comment)} |")
        return [*lines, ""]


def _own_messages(service: Any) -> set[str]:
    return {kind.rpartition(".")[2] for method in service.method for kind in (method.input_type, method.output_type)}


def _type_of(field: Any) -> str:
    name = field.type_name.removeprefix(".")
    own = name.startswith(PACKAGE)
    short = name.removeprefix(PACKAGE + ".") if own else name
    text = f"[{short}](#{short.lower()})" if own else short or SCALARS[field.type]
    if field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {text}"
    return f"*optional* {text}" if field.proto3_optional else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Runs the command line; the exit status is 1 if the page is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    text = Reference(files()).text()
    if not arguments.check:
        arguments.target.write_text(text)
        return 0
    if arguments.target.read_text() == text:
        return 0
    print(f"{arguments.target} is not current, run `make protos`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
