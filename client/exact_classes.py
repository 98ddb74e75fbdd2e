"""Makes `lotkeeper.exact`, the contract's answers with decimals and datetimes, or proves it current.

python client/exact_classes.py           writes client/lotkeeper/exact
python client/exact_classes.py --check   exits 1 and names the modules that differ
"""

import re
import sys
import textwrap
from pathlib import Path

from entity_methods import Contract, tidied
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

TARGET = Path(__file__).parent / "lotkeeper" / "exact"
MADE = "# Made from the contract by `python client/exact_classes.py`; change that file instead."
ANSWERS = {
    "BatchExecuteResult",
    "CheckLocationHasCapacityResponse",
    "CreateTokenResponse",
    "ExecuteInventoryActionsResponse",
    "ExecuteInventoryOperationResponse",
    "GetLotTraceGraphResponse",
    "HoldTracedLotsResponse",
    "RotateTokenResponse",
    "StopInventoryOperationResponse",
    "WatchAuditEventsResponse",
    "WatchInventoryLotRecordsResponse",
}
"""Those that the client's methods return; they make requests themselves, and take other answers apart."""
NOT_ANSWERED = re.compile(r"\w+(Request|Response)|InventoryAction|BatchExecuteResult")
QUANTITIES_WITHOUT_TWIN = {("Location", "storage_capacity")}
SPANS = {("InventoryLotRecord", "duration")}
ALWAYS_SET = {("InventoryLotRecord", "quantity")}
TIMESTAMP, DECIMAL = ".google.protobuf.Timestamp", ".google.type.Decimal"
ABOUT = '''
"""The contract's answers with decimals and datetimes: what `lotkeeper.exactly` makes of its messages.

The classes have the messages' names and fields, but for these: a quantity is a `Decimal` (there is no `exact_quantity`
beside it), a moment a `datetime` in UTC, a duration a `timedelta`. What an answer leaves out is None, what it repeats a
tuple.
"""
'''
PLAIN = {
    FieldDescriptorProto.TYPE_STRING: "str",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_INT32: "int",
    FieldDescriptorProto.TYPE_INT64: "int",
    FieldDescriptorProto.TYPE_DOUBLE: "float",
}


class Classes:
    """Which messages have a class, and its text."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.names = sorted(
            name
            for name in contract.messages
            if (name in ANSWERS or not NOT_ANSWERED.fullmatch(name)) and self._differs(name)
        )

    def _differs(self, message: str) -> bool:
        """Whether it has a quantity or a moment, or a message that has."""
        return any(
            one.type_name in (TIMESTAMP, DECIMAL)
            or (one.type == FieldDescriptorProto.TYPE_MESSAGE and self._of_contract(one) and self._differs(_last(one)))
            for one in self._contract.fields(message)
        )

    def _of_contract(self, one: FieldDescriptorProto) -> bool:
        return _last(one) in self._contract.messages

    def module(self, message: str) -> str:
        """The module of a class."""
        fields = self._contract.fields(message)
        twins = {f"exact_{one.name}" for one in fields}
        body = [
            f"{one.name}: {self._declared(message, one)}\n{self._about(message, one)}"
            for one in fields
            if one.name not in twins
        ]
        imports = [
            "from dataclasses import dataclass",
            "from datetime import datetime, timedelta",
            "from decimal import Decimal",
            "from google.rpc import status_pb2",
            "from lotkeeper.inventory.v1 import enums_pb2",
            *(f"from lotkeeper.exact._{_snake(name)} import {name}" for name in self.names if name != message),
            *(
                f"from lotkeeper.inventory.v1.{module} import {name}"
                for name, module in self._contract.module_of.items()
                if name in self._contract.messages and name not in self.names
            ),
        ]
        text = "\n".join(body)
        return "\n".join(
            [
                MADE,
                f'"""{message}."""',
                "from __future__ import annotations",
                *_used(imports, text),
                "@dataclass(frozen=True, slots=True, kw_only=True)",
                f"class {message}:",
                textwrap.indent(_quoted(self._contract.about(message)), "    "),
                "",
                textwrap.indent(text, "    "),
            ]
        )

    def _declared(self, message: str, one: FieldDescriptorProto) -> str:
        repeated = one.label == FieldDescriptorProto.LABEL_REPEATED
        by_message = one.type == FieldDescriptorProto.TYPE_MESSAGE
        may_be_absent = (by_message or one.HasField("oneof_index")) and (message, one.name) not in ALWAYS_SET
        kind = self._kind(message, one)
        return f"tuple[{kind}, ...]" if repeated else f"{kind} | None" if may_be_absent else kind

    def _kind(self, message: str, one: FieldDescriptorProto) -> str:
        twins = {field.name for field in self._contract.fields(message)}
        if f"exact_{one.name}" in twins or (message, one.name) in QUANTITIES_WITHOUT_TWIN:
            return "Decimal"
        if (message, one.name) in SPANS:
            return "timedelta"
        if one.type == FieldDescriptorProto.TYPE_ENUM:
            return f"enums_pb2.{_last(one)}.ValueType"
        if one.type_name == TIMESTAMP:
            return "datetime"
        if one.type_name == ".google.rpc.Status":
            return "status_pb2.Status"
        return _last(one) if one.type == FieldDescriptorProto.TYPE_MESSAGE else PLAIN[one.type]

    def _about(self, message: str, one: FieldDescriptorProto) -> str:
        return _quoted(self._contract.comment(message, one.name))

    def package(self) -> str:
        """What makes the classes those of one package."""
        modules = [f"from lotkeeper.exact._{_snake(name)} import {name}" for name in self.names]
        listed = ", ".join(f'"{name}"' for name in self.names)
        return "\n".join([MADE, ABOUT, *modules, f"__all__ = [{listed}]"])

    def function(self) -> str:
        """What turns messages into these."""
        modules: dict[str, None] = dict.fromkeys(self._contract.module_of[name] for name in self.names)
        overloads = [
            f"@overload\ndef exactly(message: {self._contract.module_of[name]}.{name}) -> exact.{name}: ..."
            for name in self.names
        ]
        return "\n".join(
            [
                MADE,
                '"""From messages to what they say, exactly."""',
                "from __future__ import annotations",
                "from typing import TYPE_CHECKING, Any, overload",
                "from lotkeeper._exactness import exact_class_of, made_exact",
                "if TYPE_CHECKING:",
                "    from lotkeeper import exact",
                f"    from lotkeeper.inventory.v1 import {', '.join(modules)}",
                *overloads,
                FUNCTION,
            ]
        )


FUNCTION = '''
def exactly(message: Any) -> Any:
    """An answer, or an entity, with its quantities as `Decimal` and its moments as `datetime` in UTC.

        for record in map(exactly, client.list_inventory_lot_records()):
            print(record.quantity, record.end_date)

    Args:
        message: one that has a class of its name in `lotkeeper.exact`.

    Returns:
        an object of that class: quantities are decimals, moments datetimes in UTC, what the message leaves out is None.

    Raises:
        TypeError: for a message without quantities and moments, or what is no message.
    """
    return made_exact(message, exact_class_of(message))
'''


def _quoted(text: str) -> str:
    """As a docstring, which ends on a line of its own where it has several."""
    filled = textwrap.fill(" ".join(text.replace("\\", "\\\\").replace('"', "'").split()), 110)
    end = "\n" if "\n" in filled else ""
    return f'"""{filled}{end}"""'


def _used(imports: list[str], text: str) -> list[str]:
    found = []
    for line in imports:
        before, _, names = line.partition(" import ")
        used = [name for name in names.split(", ") if name == "dataclass" or _names(name, text)]
        found += [f"{before} import {', '.join(used)}"] if used else []
    return found


def _names(name: str, text: str) -> bool:
    code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
    return re.search(rf"(?<![\w.]){name}\b", code) is not None


def _last(one: FieldDescriptorProto) -> str:
    return one.type_name.rsplit(".", 1)[-1]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def main() -> int:
    """Runs the command line; the exit status is 1 if a module is not current."""
    classes = Classes(Contract())
    texts = {TARGET / f"_{_snake(name)}.py": classes.module(name) for name in classes.names}
    texts |= {TARGET / "__init__.py": classes.package(), TARGET.with_name("_exactly.py"): classes.function()}
    texts = {path: tidied(text, path) for path, text in texts.items()}
    if "--check" not in sys.argv:
        TARGET.mkdir(exist_ok=True)
        for path, text in texts.items():
            path.write_text(text)
        return 0
    differing = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    differing += set(TARGET.glob("*.py")) - set(texts)
    if differing:
        print("not current, run `make client`:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
