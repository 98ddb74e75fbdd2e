"""Makes the functions of `lotkeeper.actions`, and the client's methods of the same names, or proves them current.

python client/action_methods.py           writes client/lotkeeper/actions, and the methods into client/lotkeeper/_async
python client/action_methods.py --check   exits 1 and names the modules that differ

Every argument is written out in every signature and docstring, so that an editor shows it; here it stands once.
"""

import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from action_table import ACTIONS, MODULES, Action
from entity_methods import tidied

LOTKEEPER = Path(__file__).parent / "lotkeeper"
FUNCTIONS, METHODS = LOTKEEPER / "actions", LOTKEEPER / "_async"
MADE = "# Made by `python client/action_methods.py`; change client/action_table.py instead."
FIELDS = {
    "lot": "lot_id_or_name",
    "material": "material_id_or_path",
    "unit": "unit_of_measure_symbol",
    "source": "source_location_id_or_path",
    "destination": "destination_location_id_or_path",
    "production_order": "production_order_id_or_name",
    "reason_code_id": "material_reason_code_id",
    "secondary_lot": "secondary_lot_id_or_name",
    "secondary_material": "secondary_material_id_or_path",
}
CALL = {
    "request_id": ("str | None = None", "makes a retry safe: the same id never acts twice. Default: a new one."),
    "validate_only": ("bool = False", "does everything except the commit."),
    "timeout_seconds": ("float | None = None", "how long it may take, retries included. Default: the client's."),
}
IMPORTS = """
from __future__ import annotations
from collections.abc import Sequence
from datetime import datetime
from lotkeeper import actions
from lotkeeper._async.acting import Acting
from lotkeeper._moments import millis_given
from lotkeeper._quantities import Quantity, double_of, exact_of
from lotkeeper._requests import made
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord
"""


@dataclass(frozen=True)
class Text:
    """A module that is made, by its path."""

    path: Path
    lines: list[str] = field(default_factory=list)

    def tidied(self) -> str:
        """As the linter wants it, with the imports that it needs."""
        return tidied("\n".join([MADE, *self.lines]), self.path)


def _imports(body: str) -> list[str]:
    """Those that a body uses."""
    code, found = re.sub(r'"""(?:.|\n)*?"""', "", body), []
    for line in IMPORTS.strip().splitlines():
        before, _, names = line.partition(" import ")
        used = [name for name in names.split(", ") if name == "annotations" or name in code]
        found += [f"{before} import {', '.join(used)}"] if used else []
    return found


def function_module(module: str) -> Text:
    """The functions of a module."""
    body = "\n".join(_function(action) for action in ACTIONS if action.module == module)
    return Text(FUNCTIONS / f"_{module}.py", [f'"""{MODULES[module]}"""', *_imports(body), body])


def method_module(module: str) -> Text:
    """The client's methods of a module."""
    body = "\n".join(_method(action) for action in ACTIONS if action.module == module)
    named = f"class {module.capitalize()}Methods(Acting):\n    {_quoted(MODULES[module])}\n"
    return Text(METHODS / f"{module}.py", [f'"""{MODULES[module]}"""', *_imports(named + body), named, body])


def package_module() -> Text:
    """What makes the functions those of one package."""
    modules = [
        f"from lotkeeper.actions._{module} import {', '.join(one.name for one in ACTIONS if one.module == module)}"
        for module in MODULES
    ]
    names = ", ".join(f'"{name}"' for name in sorted(action.name for action in ACTIONS))
    return Text(FUNCTIONS / "__init__.py", [ABOUT, *modules, f"__all__ = [{names}]"])


ABOUT = '''
"""Actions for `Client.execute_inventory_actions`: a function for each type.

    client.execute_inventory_actions(
        [
            actions.receive("MILK-17", 900.0, material=milk, destination="DairyCo/Plant1/Silo1", unit="kg"),
            actions.move("MILK-17", 500.0, material=milk, source="DairyCo/Plant1/Silo1", destination=silo_2, unit="kg"),
        ]
    )

For a single action, the client has a method with the same name. A quantity is a float, or exact: a `Decimal`, an int,
or a text such as `"90000000001.099997"`. A moment is a datetime with a time zone, or ms since the epoch; a datetime
without a zone is refused with `InvalidArgument`.
"""
'''


def _function(action: Action) -> str:
    passed = [f"type=enums_pb2.INVENTORY_ACTION_TYPE_{action.kind}"]
    for name in action.arguments:
        if name == "quantity":
            passed += ["quantity=double_of(quantity)", "exact_quantity=exact_of(quantity)"]
        elif f"{name}_millis" in action.arguments:
            passed.append(f'{name}_millis=millis_given("{name}", {name}, {name}_millis)')
        elif name.removesuffix("_millis") not in action.arguments or not name.endswith("_millis"):
            passed.append(f"{FIELDS.get(name, name)}={name}")
    return f"""
def {action.name}({_signature(action)}) -> InventoryAction:
    {_documentation(action, 4, {})}
    return made(InventoryAction, {", ".join(passed)})
"""


def _method(action: Action) -> str:
    passed = [name if name in action.positional else f"{name}={name}" for name in action.arguments]
    call = "".join(f", {name}: {declared}" for name, (declared, _) in CALL.items())
    return f"""
    async def {action.name}(self, {_signature(action)}{call}) -> Sequence[InventoryLotRecord]:
        {_documentation(action, 8, {name: text for name, (_, text) in CALL.items()})}
        action = actions.{action.name}({", ".join(passed)})
        return await self._act(action, request_id, validate_only, timeout_seconds)
"""


def _signature(action: Action) -> str:
    by_position = [f"{name}: {action.arguments[name].declared}" for name in action.positional]
    by_keyword = [f"{name}: {one.declared}" for name, one in action.arguments.items() if name not in action.positional]
    return ", ".join([*by_position, "*", *by_keyword])


def _documentation(action: Action, indent: int, call: dict[str, str]) -> str:
    first, *more = [textwrap.fill(" ".join(text.split()), 120 - indent) for text in action.about]
    documented = {name: one.about for name, one in action.arguments.items()} | call
    entries = [
        textwrap.fill(f"{name}: {text}", 120 - indent, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for name, text in documented.items()
    ]
    text = "\n".join([first, *(f"\n{one}" for one in more), "\nArgs:", *entries])
    if call:
        text += "\n\nReturns:\n    every record that it wrote, in order, the one of its type first."
        text += "\n\nRaises:\n    LotkeeperError: one of its subclasses; nothing was done."
    return textwrap.indent(_quoted(f"{text}\n"), " " * indent).lstrip()


def _quoted(text: str) -> str:
    return f'"""{text}"""'


def main() -> int:
    """Runs the command line; the exit status is 1 if a module is not current."""
    made = [package_module(), *map(function_module, MODULES), *map(method_module, MODULES)]
    texts = {one.path: one.tidied() for one in made}
    if "--check" not in sys.argv:
        FUNCTIONS.mkdir(exist_ok=True)
        for path, text in texts.items():
            path.write_text(text)
        return 0
    differing = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    differing += set(FUNCTIONS.glob("*.py")) - set(texts)
    if differing:
        print("not current, run `make client`:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
