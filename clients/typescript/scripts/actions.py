"""Makes src/gen/actions.ts, a function for each type of action, of the table that Python's are made of.

python clients/typescript/scripts/actions.py FILE
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "client"))

from action_table import ACTIONS, Action, Argument

HEAD = """// Made of client/action_table.py by scripts/actions.py.
import { made } from "../acting.js";
import { InventoryActionType, type LotStatus } from "./lotkeeper/inventory/v1/enums_pb.js";
import type { InventoryAction } from "./lotkeeper/inventory/v1/inventory_action_pb.js";
"""
TYPES = {"str": "string", "bool": "boolean", "Quantity": "string", "datetime": "Date"}
SAID = {
    "; a float, which is rounded to them, or exact: a Decimal, an int or a text.": ', as a text: "0.3".',
    "an exact one also below 0": "also below 0",
    "a datetime with a time zone, cut to milliseconds": "to the ms",
    "None: picked": "Left out: picked",
    "quantity_produced": "quantityProduced",
    "LOT_STATUS_QA_HOLD": "LotStatus.QA_HOLD",
}


def camel(name: str) -> str:
    """A name as TypeScript has it."""
    first, *more = name.split("_")
    return first + "".join(word.capitalize() for word in more)


def function(action: Action) -> str:
    """The function of a type of action, and what it takes."""
    name = camel(action.name)
    taken = f"{name[0].upper()}{name[1:]}Action"
    arguments = {key: one for key, one in action.arguments.items() if not key.endswith("_millis")}
    fields = "\n".join(_field(key, one) for key, one in arguments.items())
    about = [_said(text) for text in action.about]
    return f"""
/** What `{name}` takes. */
export interface {taken} {{
{fields}
}}

{_comment(" ".join(about), "")}
export function {name}(given: {taken}): InventoryAction {{
  return made(InventoryActionType.{action.kind}, given);
}}
"""


def _field(name: str, argument: Argument) -> str:
    declared = argument.declared.split(" = ")[0].removesuffix(" | None")
    is_optional = declared != argument.declared
    type_name = TYPES.get(declared, "LotStatus")
    about = _said(argument.about)
    return f"{_comment(about[0].upper() + about[1:], '  ')}\n  readonly {camel(name)}{'?' * is_optional}: {type_name};"


def _said(text: str) -> str:
    text = " ".join(text.split())
    for python, typescript in SAID.items():
        text = text.replace(python, typescript)
    return text


def _comment(text: str, indent: str) -> str:
    if len(line := f"{indent}/** {text} */") <= 120:
        return line
    lines = textwrap.wrap(text, 116 - len(indent))
    return "\n".join([f"{indent}/**", *(f"{indent} * {one}" for one in lines), f"{indent} */"])


def main() -> None:
    """Writes the file that the command line names."""
    Path(sys.argv[1]).write_text(HEAD + "".join(function(action) for action in ACTIONS), encoding="utf-8")


if __name__ == "__main__":
    main()
