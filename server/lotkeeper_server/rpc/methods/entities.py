# Made from the contract by `python server/entity_servicer.py`; change that file instead.
# ruff: noqa: N802 - named as in the contract
"""Save, Get, List and Delete of each kind of entity, under their names in the contract."""

from lotkeeper.inventory.v1 import inventory_operation_service_pb2, inventory_service_pb2, master_data_service_pb2

from lotkeeper_server.catalog.descriptions import (
    INVENTORY_OPERATION,
    LOCATION,
    LOT,
    MATERIAL,
    MATERIAL_CLASS,
    MATERIAL_REASON_CODE,
    OPERATION,
    PRODUCTION_ORDER,
    UNIT_OF_MEASURE,
    UNIT_OF_MEASURE_CONVERSION,
)
from lotkeeper_server.engine.engine import Engine
from lotkeeper_server.rpc.gate.call import Call, confirmed_by_engine
from lotkeeper_server.rpc.methods.entity_calls import delete_entity, get_entity, list_entities, save_entity


class Entities:
    """The methods of every entity in the catalog; the functions that they call say what they do."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @confirmed_by_engine
    async def SaveUnitOfMeasure(
        self, request: master_data_service_pb2.SaveUnitOfMeasureRequest, call: Call
    ) -> master_data_service_pb2.SaveUnitOfMeasureResponse:
        saved = await save_entity(self._engine, UNIT_OF_MEASURE, request.unit_of_measure, request.update_mask, call)
        return master_data_service_pb2.SaveUnitOfMeasureResponse(unit_of_measure=saved)

    async def GetUnitOfMeasure(
        self, request: master_data_service_pb2.GetUnitOfMeasureRequest, _call: Call
    ) -> master_data_service_pb2.GetUnitOfMeasureResponse:
        found = await get_entity(self._engine, UNIT_OF_MEASURE, request)
        return master_data_service_pb2.GetUnitOfMeasureResponse(unit_of_measure=found)

    async def ListUnitsOfMeasure(
        self, request: master_data_service_pb2.ListUnitsOfMeasureRequest, _call: Call
    ) -> master_data_service_pb2.ListUnitsOfMeasureResponse:
        page = await list_entities(self._engine, UNIT_OF_MEASURE, request)
        return master_data_service_pb2.ListUnitsOfMeasureResponse(
            units_of_measure=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteUnitOfMeasure(
        self, request: master_data_service_pb2.DeleteUnitOfMeasureRequest, call: Call
    ) -> master_data_service_pb2.DeleteUnitOfMeasureResponse:
        await delete_entity(self._engine, UNIT_OF_MEASURE, request, request.version, call)
        return master_data_service_pb2.DeleteUnitOfMeasureResponse()

    @confirmed_by_engine
    async def SaveUnitOfMeasureConversion(
        self, request: master_data_service_pb2.SaveUnitOfMeasureConversionRequest, call: Call
    ) -> master_data_service_pb2.SaveUnitOfMeasureConversionResponse:
        saved = await save_entity(
            self._engine, UNIT_OF_MEASURE_CONVERSION, request.unit_of_measure_conversion, request.update_mask, call
        )
        return master_data_service_pb2.SaveUnitOfMeasureConversionResponse(unit_of_measure_conversion=saved)

    async def GetUnitOfMeasureConversion(
        self, request: master_data_service_pb2.GetUnitOfMeasureConversionRequest, _call: Call
    ) -> master_data_service_pb2.GetUnitOfMeasureConversionResponse:
        found = await get_entity(self._engine, UNIT_OF_MEASURE_CONVERSION, request)
        return master_data_service_pb2.GetUnitOfMeasureConversionResponse(unit_of_measure_conversion=found)

    async def ListUnitOfMeasureConversions(
        self, request: master_data_service_pb2.ListUnitOfMeasureConversionsRequest, _call: Call
    ) -> master_data_service_pb2.ListUnitOfMeasureConversionsResponse:
        page = await list_entities(self._engine, UNIT_OF_MEASURE_CONVERSION, request)
        return master_data_service_pb2.ListUnitOfMeasureConversionsResponse(
            unit_of_measure_conversions=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteUnitOfMeasureConversion(
        self, request: master_data_service_pb2.DeleteUnitOfMeasureConversionRequest, call: Call
    ) -> master_data_service_pb2.DeleteUnitOfMeasureConversionResponse:
        await delete_entity(self._engine, UNIT_OF_MEASURE_CONVERSION, request, request.version, call)
        return master_data_service_pb2.DeleteUnitOfMeasureConversionResponse()

    @confirmed_by_engine
    async def SaveMaterialClass(
        self, request: master_data_service_pb2.SaveMaterialClassRequest, call: Call
    ) -> master_data_service_pb2.SaveMaterialClassResponse:
        saved = await save_entity(self._engine, MATERIAL_CLASS, request.material_class, request.update_mask, call)
        return master_data_service_pb2.SaveMaterialClassResponse(material_class=saved)

    async def GetMaterialClass(
        self, request: master_data_service_pb2.GetMaterialClassRequest, _call: Call
    ) -> master_data_service_pb2.GetMaterialClassResponse:
        found = await get_entity(self._engine, MATERIAL_CLASS, request)
        return master_data_service_pb2.GetMaterialClassResponse(material_class=found)

    async def ListMaterialClasses(
        self, request: master_data_service_pb2.ListMaterialClassesRequest, _call: Call
    ) -> master_data_service_pb2.ListMaterialClassesResponse:
        page = await list_entities(self._engine, MATERIAL_CLASS, request)
        return master_data_service_pb2.ListMaterialClassesResponse(
            material_classes=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteMaterialClass(
        self, request: master_data_service_pb2.DeleteMaterialClassRequest, call: Call
    ) -> master_data_service_pb2.DeleteMaterialClassResponse:
        await delete_entity(self._engine, MATERIAL_CLASS, request, request.version, call)
        return master_data_service_pb2.DeleteMaterialClassResponse()

    @confirmed_by_engine
    async def SaveMaterial(
        self, request: master_data_service_pb2.SaveMaterialRequest, call: Call
    ) -> master_data_service_pb2.SaveMaterialResponse:
        saved = await save_entity(self._engine, MATERIAL, request.material, request.update_mask, call)
        return master_data_service_pb2.SaveMaterialResponse(material=saved)

    async def GetMaterial(
        self, request: master_data_service_pb2.GetMaterialRequest, _call: Call
    ) -> master_data_service_pb2.GetMaterialResponse:
        found = await get_entity(self._engine, MATERIAL, request)
        return master_data_service_pb2.GetMaterialResponse(material=found)

    async def ListMaterials(
        self, request: master_data_service_pb2.ListMaterialsRequest, _call: Call
    ) -> master_data_service_pb2.ListMaterialsResponse:
        page = await list_entities(self._engine, MATERIAL, request)
        return master_data_service_pb2.ListMaterialsResponse(
            materials=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteMaterial(
        self, request: master_data_service_pb2.DeleteMaterialRequest, call: Call
    ) -> master_data_service_pb2.DeleteMaterialResponse:
        await delete_entity(self._engine, MATERIAL, request, request.version, call)
        return master_data_service_pb2.DeleteMaterialResponse()

    @confirmed_by_engine
    async def SaveMaterialReasonCode(
        self, request: master_data_service_pb2.SaveMaterialReasonCodeRequest, call: Call
    ) -> master_data_service_pb2.SaveMaterialReasonCodeResponse:
        saved = await save_entity(
            self._engine, MATERIAL_REASON_CODE, request.material_reason_code, request.update_mask, call
        )
        return master_data_service_pb2.SaveMaterialReasonCodeResponse(material_reason_code=saved)

    async def GetMaterialReasonCode(
        self, request: master_data_service_pb2.GetMaterialReasonCodeRequest, _call: Call
    ) -> master_data_service_pb2.GetMaterialReasonCodeResponse:
        found = await get_entity(self._engine, MATERIAL_REASON_CODE, request)
        return master_data_service_pb2.GetMaterialReasonCodeResponse(material_reason_code=found)

    async def ListMaterialReasonCodes(
        self, request: master_data_service_pb2.ListMaterialReasonCodesRequest, _call: Call
    ) -> master_data_service_pb2.ListMaterialReasonCodesResponse:
        page = await list_entities(self._engine, MATERIAL_REASON_CODE, request)
        return master_data_service_pb2.ListMaterialReasonCodesResponse(
            material_reason_codes=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteMaterialReasonCode(
        self, request: master_data_service_pb2.DeleteMaterialReasonCodeRequest, call: Call
    ) -> master_data_service_pb2.DeleteMaterialReasonCodeResponse:
        await delete_entity(self._engine, MATERIAL_REASON_CODE, request, request.version, call)
        return master_data_service_pb2.DeleteMaterialReasonCodeResponse()

    @confirmed_by_engine
    async def SaveLocation(
        self, request: master_data_service_pb2.SaveLocationRequest, call: Call
    ) -> master_data_service_pb2.SaveLocationResponse:
        saved = await save_entity(self._engine, LOCATION, request.location, request.update_mask, call)
        return master_data_service_pb2.SaveLocationResponse(location=saved)

    async def GetLocation(
        self, request: master_data_service_pb2.GetLocationRequest, _call: Call
    ) -> master_data_service_pb2.GetLocationResponse:
        found = await get_entity(self._engine, LOCATION, request)
        return master_data_service_pb2.GetLocationResponse(location=found)

    async def ListLocations(
        self, request: master_data_service_pb2.ListLocationsRequest, _call: Call
    ) -> master_data_service_pb2.ListLocationsResponse:
        page = await list_entities(self._engine, LOCATION, request)
        return master_data_service_pb2.ListLocationsResponse(
            locations=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteLocation(
        self, request: master_data_service_pb2.DeleteLocationRequest, call: Call
    ) -> master_data_service_pb2.DeleteLocationResponse:
        await delete_entity(self._engine, LOCATION, request, request.version, call)
        return master_data_service_pb2.DeleteLocationResponse()

    @confirmed_by_engine
    async def SaveOperation(
        self, request: master_data_service_pb2.SaveOperationRequest, call: Call
    ) -> master_data_service_pb2.SaveOperationResponse:
        saved = await save_entity(self._engine, OPERATION, request.operation, request.update_mask, call)
        return master_data_service_pb2.SaveOperationResponse(operation=saved)

    async def GetOperation(
        self, request: master_data_service_pb2.GetOperationRequest, _call: Call
    ) -> master_data_service_pb2.GetOperationResponse:
        found = await get_entity(self._engine, OPERATION, request)
        return master_data_service_pb2.GetOperationResponse(operation=found)

    async def ListOperations(
        self, request: master_data_service_pb2.ListOperationsRequest, _call: Call
    ) -> master_data_service_pb2.ListOperationsResponse:
        page = await list_entities(self._engine, OPERATION, request)
        return master_data_service_pb2.ListOperationsResponse(
            operations=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteOperation(
        self, request: master_data_service_pb2.DeleteOperationRequest, call: Call
    ) -> master_data_service_pb2.DeleteOperationResponse:
        await delete_entity(self._engine, OPERATION, request, request.version, call)
        return master_data_service_pb2.DeleteOperationResponse()

    @confirmed_by_engine
    async def SaveProductionOrder(
        self, request: master_data_service_pb2.SaveProductionOrderRequest, call: Call
    ) -> master_data_service_pb2.SaveProductionOrderResponse:
        saved = await save_entity(self._engine, PRODUCTION_ORDER, request.production_order, request.update_mask, call)
        return master_data_service_pb2.SaveProductionOrderResponse(production_order=saved)

    async def GetProductionOrder(
        self, request: master_data_service_pb2.GetProductionOrderRequest, _call: Call
    ) -> master_data_service_pb2.GetProductionOrderResponse:
        found = await get_entity(self._engine, PRODUCTION_ORDER, request)
        return master_data_service_pb2.GetProductionOrderResponse(production_order=found)

    async def ListProductionOrders(
        self, request: master_data_service_pb2.ListProductionOrdersRequest, _call: Call
    ) -> master_data_service_pb2.ListProductionOrdersResponse:
        page = await list_entities(self._engine, PRODUCTION_ORDER, request)
        return master_data_service_pb2.ListProductionOrdersResponse(
            production_orders=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteProductionOrder(
        self, request: master_data_service_pb2.DeleteProductionOrderRequest, call: Call
    ) -> master_data_service_pb2.DeleteProductionOrderResponse:
        await delete_entity(self._engine, PRODUCTION_ORDER, request, request.version, call)
        return master_data_service_pb2.DeleteProductionOrderResponse()

    @confirmed_by_engine
    async def SaveInventoryOperation(
        self, request: inventory_operation_service_pb2.SaveInventoryOperationRequest, call: Call
    ) -> inventory_operation_service_pb2.SaveInventoryOperationResponse:
        saved = await save_entity(
            self._engine, INVENTORY_OPERATION, request.inventory_operation, request.update_mask, call
        )
        return inventory_operation_service_pb2.SaveInventoryOperationResponse(inventory_operation=saved)

    async def GetInventoryOperation(
        self, request: inventory_operation_service_pb2.GetInventoryOperationRequest, _call: Call
    ) -> inventory_operation_service_pb2.GetInventoryOperationResponse:
        found = await get_entity(self._engine, INVENTORY_OPERATION, request)
        return inventory_operation_service_pb2.GetInventoryOperationResponse(inventory_operation=found)

    async def ListInventoryOperations(
        self, request: inventory_operation_service_pb2.ListInventoryOperationsRequest, _call: Call
    ) -> inventory_operation_service_pb2.ListInventoryOperationsResponse:
        page = await list_entities(self._engine, INVENTORY_OPERATION, request)
        return inventory_operation_service_pb2.ListInventoryOperationsResponse(
            inventory_operations=page.messages, next_page_token=page.next_page_token
        )

    @confirmed_by_engine
    async def DeleteInventoryOperation(
        self, request: inventory_operation_service_pb2.DeleteInventoryOperationRequest, call: Call
    ) -> inventory_operation_service_pb2.DeleteInventoryOperationResponse:
        await delete_entity(self._engine, INVENTORY_OPERATION, request, request.version, call)
        return inventory_operation_service_pb2.DeleteInventoryOperationResponse()

    @confirmed_by_engine
    async def SaveLot(
        self, request: inventory_service_pb2.SaveLotRequest, call: Call
    ) -> inventory_service_pb2.SaveLotResponse:
        saved = await save_entity(self._engine, LOT, request.lot, request.update_mask, call)
        return inventory_service_pb2.SaveLotResponse(lot=saved)

    async def GetLot(
        self, request: inventory_service_pb2.GetLotRequest, _call: Call
    ) -> inventory_service_pb2.GetLotResponse:
        found = await get_entity(self._engine, LOT, request)
        return inventory_service_pb2.GetLotResponse(lot=found)

    async def ListLots(
        self, request: inventory_service_pb2.ListLotsRequest, _call: Call
    ) -> inventory_service_pb2.ListLotsResponse:
        page = await list_entities(self._engine, LOT, request)
        return inventory_service_pb2.ListLotsResponse(lots=page.messages, next_page_token=page.next_page_token)

    @confirmed_by_engine
    async def DeleteLot(
        self, request: inventory_service_pb2.DeleteLotRequest, call: Call
    ) -> inventory_service_pb2.DeleteLotResponse:
        await delete_entity(self._engine, LOT, request, request.version, call)
        return inventory_service_pb2.DeleteLotResponse()
