"""Save, Get, List and Delete of what is described in the catalog: one servicer, made from the descriptions."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from google.protobuf.message import Message
from lotkeeper.inventory.v1 import (
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
)
from sqlalchemy import Connection

from lotkeeper_server.catalog import descriptions as d
from lotkeeper_server.catalog.deleting import check_deletable, delete_one
from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.reading import messages, read_one, read_page
from lotkeeper_server.catalog.saving import Saver, save
from lotkeeper_server.domain.model.identifiers import ID_BYTES
from lotkeeper_server.engine.clock import now_millis
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.wire.catalog_filters import conditions_of, key_of
from lotkeeper_server.rpc.wire.paging import fitting, page_token, read_page_request
from lotkeeper_server.rpc.wire.shape import Shape
from lotkeeper_server.store.db.transaction import Transaction

Method = Callable[[Any, Call], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Served:
    """How the methods of an entity are named in the contract."""

    description: Description
    module: ModuleType
    one: str
    many: str
    repeated: str


SERVED: Final[Sequence[Served]] = (
    Served(d.UNIT_OF_MEASURE, master_data_service_pb2, "UnitOfMeasure", "UnitsOfMeasure", "units_of_measure"),
    Served(
        d.UNIT_OF_MEASURE_CONVERSION,
        master_data_service_pb2,
        "UnitOfMeasureConversion",
        "UnitOfMeasureConversions",
        "unit_of_measure_conversions",
    ),
    Served(d.MATERIAL_CLASS, master_data_service_pb2, "MaterialClass", "MaterialClasses", "material_classes"),
    Served(d.MATERIAL, master_data_service_pb2, "Material", "Materials", "materials"),
    Served(
        d.MATERIAL_REASON_CODE,
        master_data_service_pb2,
        "MaterialReasonCode",
        "MaterialReasonCodes",
        "material_reason_codes",
    ),
    Served(d.LOCATION, master_data_service_pb2, "Location", "Locations", "locations"),
    Served(d.OPERATION, master_data_service_pb2, "Operation", "Operations", "operations"),
    Served(d.PRODUCTION_ORDER, master_data_service_pb2, "ProductionOrder", "ProductionOrders", "production_orders"),
    Served(
        d.INVENTORY_OPERATION,
        inventory_operation_service_pb2,
        "InventoryOperation",
        "InventoryOperations",
        "inventory_operations",
    ),
    Served(d.LOT, inventory_service_pb2, "Lot", "Lots", "lots"),
)


class Catalog:
    """The methods of every entity, under their names in the contract."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        for served in SERVED:
            setattr(self, f"Save{served.one}", self._save_method(served))
            setattr(self, f"Get{served.one}", self._get_method(served))
            setattr(self, f"List{served.many}", self._list_method(served))
            setattr(self, f"Delete{served.one}", self._delete_method(served))

    def _save_method(self, served: Served) -> Method:
        description = served.description
        response_class = getattr(served.module, f"Save{served.one}Response")

        @confirmed_by_engine
        async def save_one(request: Any, call: Call) -> Message:
            mask = list(request.update_mask.paths) or None
            message = getattr(request, description.entity)

            def work(tx: Transaction) -> Any:
                identifier = save(tx, description, message, Saver(call.principal, call.may), mask)
                return read_one(tx.connection, description, identifier, tx.now_millis)

            saved = await self._engine.transact(work, call)
            response: Message = response_class(**{description.entity: saved})
            return response

        return save_one

    def _get_method(self, served: Served) -> Method:
        description = served.description
        response_class = getattr(served.module, f"Get{served.one}Response")

        async def get_one(request: Any, _call: Call) -> Message:
            key = key_of(description, request, Shape())
            found = await self._engine.read(
                lambda connection: read_one(connection, description, key(connection), now_millis())
            )
            response: Message = response_class(**{description.entity: found})
            return response

        return get_one

    def _list_method(self, served: Served) -> Method:
        description = served.description
        response_class = getattr(served.module, f"List{served.many}Response")

        async def list_many(request: Any, _call: Call) -> Message:
            shape = Shape()
            page = read_page_request(request, shape, ID_BYTES)
            conditions = conditions_of(description, request, shape)
            shape.check()

            def work(connection: Connection) -> Message:
                rows, after = read_page(connection, description, conditions(connection), page.after or None, page.size)
                shown = fitting(messages(connection, description, rows, now_millis()))
                if len(shown) < len(rows):
                    after = rows[len(shown) - 1]["id"]
                response: Message = response_class()
                getattr(response, served.repeated).extend(shown)
                response.next_page_token = page_token(request, after)  # type: ignore[attr-defined]
                return response

            return await self._engine.read(work)

        return list_many

    def _delete_method(self, served: Served) -> Method:
        description = served.description
        response_class = getattr(served.module, f"Delete{served.one}Response")

        async def delete_named(request: Any, call: Call) -> Message:
            shape = Shape()
            if request.version < 0:
                shape.fault("version", f"{request.version} is below 0")
            key = key_of(description, request, shape)

            # Counting a million records takes a moment: what is refused is refused on a snapshot, which no one waits
            # for. The transaction looks again, and has little to count.
            await self._engine.read(
                lambda connection: check_deletable(connection, description, key(connection), request.version)
            )
            await self._engine.transact(
                lambda tx: delete_one(tx, description, key(tx.connection), request.version), call
            )
            response: Message = response_class()
            return response

        return delete_named
