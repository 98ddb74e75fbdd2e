"""Makes the servicer of Save, Get, List and Delete of each kind of entity from the contract, or proves it current.

python server/entity_servicer.py           writes server/lotkeeper_server/rpc/methods/entities.py
python server/entity_servicer.py --check   exits 1 where that differs
"""

import re
import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor import Descriptor
from lotkeeper.inventory.v1 import inventory_operation_service_pb2, inventory_service_pb2, master_data_service_pb2

TARGET = Path(__file__).parent / "lotkeeper_server" / "rpc" / "methods" / "entities.py"
SERVICES = {
    master_data_service_pb2: (
        ("UnitOfMeasure", "UnitsOfMeasure"),
        ("UnitOfMeasureConversion", "UnitOfMeasureConversions"),
        ("MaterialClass", "MaterialClasses"),
        ("Material", "Materials"),
        ("MaterialReasonCode", "MaterialReasonCodes"),
        ("Location", "Locations"),
        ("Operation", "Operations"),
        ("ProductionOrder", "ProductionOrders"),
    ),
    inventory_operation_service_pb2: (("InventoryOperation", "InventoryOperations"),),
    inventory_service_pb2: (("Lot", "Lots"),),
}
"""The modules of the services, and for each kind of entity its name in the methods: singular and plural."""
HEAD = '''# Made from the contract by `python server/entity_servicer.py`; change that file instead.
# ruff: noqa: N802 - named as in the contract
"""Save, Get, List and Delete of each kind of entity, under their names in the contract."""

{imports}


class Entities:
    """The methods of every entity in the catalog; the functions that they call say what they do."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
'''
METHODS = """
    @confirmed_by_engine
    async def Save{one}(self, request: {pb}.Save{one}Request, call: Call) -> {pb}.Save{one}Response:
        saved = await save_entity(self._engine, {description}, request.{entity}, request.update_mask, call)
        return {pb}.Save{one}Response({entity}=saved)

    async def Get{one}(self, request: {pb}.Get{one}Request, _call: Call) -> {pb}.Get{one}Response:
        found = await get_entity(self._engine, {description}, request)
        return {pb}.Get{one}Response({entity}=found)

    async def List{many}(self, request: {pb}.List{many}Request, _call: Call) -> {pb}.List{many}Response:
        page = await list_entities(self._engine, {description}, request)
        return {pb}.List{many}Response({entities}=page.messages, next_page_token=page.next_page_token)

    @confirmed_by_engine
    async def Delete{one}(self, request: {pb}.Delete{one}Request, call: Call) -> {pb}.Delete{one}Response:
        await delete_entity(self._engine, {description}, request, request.version, call)
        return {pb}.Delete{one}Response()
"""


def module_text() -> str:
    """The module, before it is formatted."""
    descriptions: list[str] = []
    body: list[str] = []
    for module, kinds in SERVICES.items():
        messages: dict[str, Descriptor] = module.DESCRIPTOR.message_types_by_name
        for one, many in kinds:
            entity = _snake(one)
            descriptions.append(entity.upper())
            [entities] = [field.name for field in messages[f"List{many}Response"].fields if field.message_type]
            names = {"one": one, "many": many, "entity": entity, "entities": entities, "pb": _module(module.__name__)}
            body.append(METHODS.format(**names, description=entity.upper()))
    imports = [
        f"from lotkeeper_server.catalog.descriptions import {', '.join(descriptions)}",
        *(f"from lotkeeper.inventory.v1 import {_module(one.__name__)}" for one in SERVICES),
        "from lotkeeper_server.engine.engine import Engine",
        "from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine",
        "from lotkeeper_server.rpc.methods.entity_calls import delete_entity, get_entity, list_entities, save_entity",
    ]
    return HEAD.format(imports="\n".join(imports)) + "".join(body)


def _module(name: str) -> str:
    return name.rpartition(".")[2]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def tidied(text: str) -> str:
    """The text as the linter wants it: imports in order, formatted."""
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET), "-"]
        text = subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout  # noqa: S603 - ours
    return text


def main() -> int:
    """Runs the command line; the exit status is 1 if the module is not current."""
    text = tidied(module_text())
    if "--check" not in sys.argv:
        TARGET.write_text(text)
    elif not TARGET.exists() or TARGET.read_text() != text:
        print(f"not current, run `make servicer`: {TARGET}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
