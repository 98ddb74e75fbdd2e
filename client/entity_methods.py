"""Makes the client's save, get, list and delete of each kind of entity from the contract, or proves them current.

python client/entity_methods.py           writes the modules of GROUPS into client/lotkeeper/_async
python client/entity_methods.py --check   exits 1 and names those that differ
"""

import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

CLIENT = Path(__file__).parent
PROTOS, TARGET = CLIENT.parent / "protos", CLIENT / "lotkeeper" / "_async"
PACKAGE = "lotkeeper/inventory/v1"
MESSAGE_TYPE, ENUM_TYPE = 4, 5  # the messages and enums of a file, in the paths of comments
NAME_OF = "lotkeeper.inventory.v1."


@dataclass(frozen=True)
class Group:
    """The kinds whose methods share a module.

    Attributes:
        about: the module's docstring.
        class_name: the class that has the methods.
        service: the .proto file of their service.
        kinds: by their name in the methods: the plural, and the words for a single one.
    """

    about: str
    class_name: str
    service: str
    kinds: dict[str, tuple[str, str]]


GROUPS = {
    "units": Group(
        "Units of measure and the conversions between them.",
        "UnitMethods",
        "master_data_service",
        {
            "UnitOfMeasure": ("UnitsOfMeasure", "a unit of measure"),
            "UnitOfMeasureConversion": ("UnitOfMeasureConversions", "a conversion between units"),
        },
    ),
    "materials": Group(
        "Material classes, materials and reason codes.",
        "MaterialMethods",
        "master_data_service",
        {
            "MaterialClass": ("MaterialClasses", "a material class"),
            "Material": ("Materials", "a material"),
            "MaterialReasonCode": ("MaterialReasonCodes", "a reason code"),
        },
    ),
    "plant": Group(
        "Locations, process operations and production orders.",
        "PlantMethods",
        "master_data_service",
        {
            "Location": ("Locations", "a location"),
            "Operation": ("Operations", "a process operation"),
            "ProductionOrder": ("ProductionOrders", "a production order"),
        },
    ),
    "definitions": Group(
        "The definitions of inventory operations.",
        "DefinitionMethods",
        "inventory_operation_service",
        {"InventoryOperation": ("InventoryOperations", "the definition of an inventory operation")},
    ),
    "lots": Group("Lots.", "LotMethods", "inventory_service", {"Lot": ("Lots", "a lot")}),
}


class Contract:
    """The messages of the contract, with their comments."""

    def __init__(self) -> None:
        self.messages: dict[str, DescriptorProto] = {}
        self._about: dict[str, str] = {}
        self._comments: dict[tuple[str, str], str] = {}
        self.module_of: dict[str, str] = {}
        self._values: dict[str, list[tuple[str, str]]] = {}
        for file in _descriptors().file:
            if not file.name.startswith(PACKAGE):
                continue
            self.messages |= {message.name: message for message in file.message_type}
            module = file.name.removeprefix(f"{PACKAGE}/").removesuffix(".proto")
            self.module_of |= {one.name: f"{module}_pb2" for one in (*file.message_type, *file.enum_type)}
            for location in file.source_code_info.location:
                match list(location.path):
                    case [first, enum_index, 2, value_index] if first == ENUM_TYPE:
                        enum = file.enum_type[enum_index]
                        comment = " ".join(location.leading_comments.split())
                        self._values.setdefault(enum.name, []).append((enum.value[value_index].name, comment))
                    case [first, message_index] if first == MESSAGE_TYPE:
                        self._about[file.message_type[message_index].name] = location.leading_comments.strip()
                    case [first, message_index, 2, field_index] if first == MESSAGE_TYPE:
                        message = file.message_type[message_index]
                        field = message.field[field_index].name
                        self._comments[message.name, field] = " ".join(location.leading_comments.split())

    def fields(self, message: str) -> list[FieldDescriptorProto]:
        """A message's fields, in order."""
        return list(self.messages[message].field)

    def values(self, enum: str) -> list[tuple[str, str]]:
        """The names of an enum's values, in order, each with the contract's comment on it."""
        return self._values[enum]

    def about(self, message: str) -> str:
        """The contract's comment on a message."""
        return self._about[message]

    def comment(self, message: str, field: str) -> str:
        """The contract's comment on a field."""
        return self._comments[message, field].removeprefix("Required. ")


def _descriptors() -> FileDescriptorSet:
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([sys.executable, PROTOS / "descriptors.py", file.name], check=True)  # noqa: S603 - our own
        return FileDescriptorSet.FromString(Path(file.name).read_bytes())


def module_text(name: str, contract: Contract) -> str:
    """The module of a group."""
    group = GROUPS[name]
    methods = [
        method
        for kind, (plural, words) in group.kinds.items()
        for method in (
            _save(kind, words, contract),
            _get(kind, words, contract),
            _list(kind, plural, contract),
            _delete(kind, words, contract),
        )
    ]
    entities: dict[str, list[str]] = {}
    for kind in group.kinds:
        entity = _entity(kind, contract)
        entities.setdefault(contract.module_of[entity], []).append(entity)
    body = "\n".join(methods)
    imports = [f"from lotkeeper.inventory.v1.{module} import {', '.join(found)}" for module, found in entities.items()]
    if "datetime" in body:
        imports += ["from datetime import datetime", "from lotkeeper._moments import millis_given"]
    if "enums_pb2." in body:
        imports.append("from lotkeeper.inventory.v1 import enums_pb2")
    return "\n".join(
        [
            "# Made from the contract by `python client/entity_methods.py`; change that file instead.",
            f'"""{group.about}"""',
            "",
            "from __future__ import annotations",
            "from collections.abc import Sequence",
            "from lotkeeper._async.calling import Calling",
            "from lotkeeper._async_pages import AsyncPages",
            "from lotkeeper._requests import made, mask",
            f"from lotkeeper.inventory.v1 import {group.service}_pb2 as pb",
            *imports,
            "",
            f"class {group.class_name}(Calling):",
            f'    """{group.about}"""',
            "",
            body,
        ]
    )


def _save(kind: str, words: str, contract: Contract) -> str:
    snake, entity = _snake(kind), _entity(kind, contract)
    arguments = {
        snake: "what to save.",
        "update_mask": "the fields to update, by their proto names. Default: every field. A creation ignores it.",
    }
    return f"""
    async def save_{snake}(self, {snake}: {entity}, *, update_mask: Sequence[str] | None = None,
            timeout_seconds: float | None = None) -> {entity}:
        \"\"\"Creates {words} if it has no id, else updates it; returns what is saved.

{_arguments(arguments)}
        \"\"\"
        request = made(pb.Save{kind}Request, {snake}={snake}, update_mask=mask(update_mask))
        response = await self._call(request, pb.Save{kind}Response, timeout_seconds)
        return response.{snake}
"""


def _get(kind: str, words: str, contract: Contract) -> str:
    keys = _keys(f"Get{kind}Request", contract)
    return f"""
    async def get_{_snake(kind)}(self, {keys.parameters}, timeout_seconds: float | None = None
            ) -> {_entity(kind, contract)}:
        \"\"\"Reads {words}.

{_arguments(keys.documented)}
        \"\"\"
        request = made(pb.Get{kind}Request, {keys.passed})
        response = await self._read(request, pb.Get{kind}Response, timeout_seconds)
        return response.{_snake(kind)}
"""


def _list(kind: str, plural: str, contract: Contract) -> str:
    message = f"List{plural}Request"
    filters = [one for one in contract.fields(message) if one.name not in ("page_size", "page_token")]
    parameters = ", ".join(_parameter(one) for one in filters)
    documented = {}
    for one in filters:
        about = _lowered(contract.comment(message, one.name))
        if moment := _moment(one):
            documented[moment] = about.replace("ms since the epoch", "a datetime with a time zone")
            about = f"instead of `{moment}`: the same in ms since the epoch, UTC."
        documented[one.name] = about
    documented["page_size"] = "how many a call brings, at most 1,000. Default: the server's."
    documented["timeout_seconds"] = "of each call. Default: the client's."
    passed = ", ".join(f"{one.name}={_value(one)}" for one in filters)
    words = _snake(plural).replace("_", " ")
    return f"""
    def list_{_snake(plural)}(self, *, {parameters}, page_size: int = 0, timeout_seconds: float | None = None
            ) -> AsyncPages[{_entity(kind, contract)}]:
        \"\"\"The {words} that pass every given filter, in the order of ids.

{_arguments(documented, with_timeout=False)}
        \"\"\"
        request = made(pb.{message}, {passed}, page_size=page_size)
        return self._pages(request, pb.List{plural}Response, lambda page: page.{_snake(plural)}, timeout_seconds)
"""


def _delete(kind: str, words: str, contract: Contract) -> str:
    keys = _keys(f"Delete{kind}Request", contract)
    documented = keys.documented | {
        "version": _lowered(contract.comment(f"Delete{kind}Request", "version")).replace("Absent or 0", "Default"),
    }
    return f"""
    async def delete_{_snake(kind)}(self, {keys.parameters}, version: int | None = None,
            timeout_seconds: float | None = None) -> None:
        \"\"\"Deletes {words} that nothing refers to.

{_arguments(documented)}
        \"\"\"
        request = made(pb.Delete{kind}Request, {keys.passed}, version=version)
        await self._call(request, pb.Delete{kind}Response, timeout_seconds)
"""


@dataclass(frozen=True)
class _Keys:
    """The arguments that identify the entity: one by position, the rest by keyword."""

    parameters: str
    passed: str
    documented: dict[str, str]


def _keys(message: str, contract: Contract) -> _Keys:
    first, *rest = [one for one in contract.fields(message) if one.name != "version"]
    return _Keys(
        ", ".join([f"{first.name}: str", "*", *map(_parameter, rest)]),
        ", ".join(f"{one.name}={one.name}" for one in (first, *rest)),
        {one.name: _lowered(contract.comment(message, one.name)) for one in (first, *rest)},
    )


def _parameter(field: FieldDescriptorProto) -> str:
    if field.type == FieldDescriptorProto.TYPE_ENUM:
        enum = field.type_name.rsplit(".", 1)[1]
        return f"{field.name}: enums_pb2.{enum}.ValueType = enums_pb2.{_snake(enum).upper()}_UNSPECIFIED"
    kind = {
        FieldDescriptorProto.TYPE_STRING: "str",
        FieldDescriptorProto.TYPE_BOOL: "bool",
        FieldDescriptorProto.TYPE_INT64: "int",
    }[field.type]
    if moment := _moment(field):
        return f"{moment}: datetime | None = None, {field.name}: int | None = None"
    if field.proto3_optional:
        return f"{field.name}: {kind} | None = None"
    assert kind == "bool", f"{field.name}: only flags are never absent"
    return f"{field.name}: bool = False"


def _moment(field: FieldDescriptorProto) -> str | None:
    """The name of the argument that takes a datetime, for a field in ms."""
    return field.name.removesuffix("_millis") if field.name.endswith("_millis") else None


def _value(field: FieldDescriptorProto) -> str:
    moment = _moment(field)
    return f'millis_given("{moment}", {moment}, {field.name})' if moment else field.name


def _arguments(documented: dict[str, str], with_timeout: bool = True) -> str:
    if with_timeout:
        documented = documented | {"timeout_seconds": "of this call. Default: the client's."}
    entries = [
        textwrap.fill(f"{name}: {text}", 120, initial_indent=" " * 12, subsequent_indent=" " * 16)
        for name, text in documented.items()
    ]
    return "\n".join([" " * 8 + "Args:", *entries])


def _lowered(text: str) -> str:
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def _entity(kind: str, contract: Contract) -> str:
    [field] = [one for one in contract.fields(f"Save{kind}Response") if one.name == _snake(kind)]
    return field.type_name.rsplit(".", 1)[1]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def tidied(text: str, path: Path) -> str:
    """The text as the linter wants it: imports in order, formatted."""
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"]
        done = subprocess.run(ruff, input=text, text=True, capture_output=True, check=True)  # noqa: S603 - ours
        text = done.stdout
    return text


def main() -> int:
    """Runs the command line; the exit status is 1 if a module is not current."""
    contract = Contract()
    texts = {TARGET / f"{name}.py": tidied(module_text(name, contract), TARGET / f"{name}.py") for name in GROUPS}
    if "--check" not in sys.argv:
        for path, text in texts.items():
            path.write_text(text)
        return 0
    differing = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if differing:
        print("not current, run `make client`:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
