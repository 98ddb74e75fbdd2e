"""A program for the suite of clients that calls bare stubs; with --stubborn it repeats whatever fails."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import grpc
from google.type.decimal_pb2 import Decimal
from lotkeeper import LotkeeperError
from lotkeeper._errors import error_of
from lotkeeper.inventory.v1 import (
    inventory_operation_service_pb2,
    inventory_operation_service_pb2_grpc,
    inventory_service_pb2,
    inventory_service_pb2_grpc,
    master_data_pb2,
    master_data_service_pb2,
    master_data_service_pb2_grpc,
)

from clients.conformance import told

ATTEMPTS_MAX = 4


class Naive:
    """Calls stubs."""

    def __init__(self, channel: grpc.Channel, token: str, *, stubborn: bool) -> None:
        self._operations = inventory_operation_service_pb2_grpc.InventoryOperationServiceStub(channel)
        self._master_data = master_data_service_pb2_grpc.MasterDataServiceStub(channel)
        self._inventory = inventory_service_pb2_grpc.InventoryServiceStub(channel)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._attempts = ATTEMPTS_MAX if stubborn else 1

    def _call(self, method: Any, request: Any) -> Any:
        for attempt in range(1, self._attempts + 1):
            try:
                return method(request, metadata=self._metadata, timeout=20 if self._attempts > 1 else None)
            except grpc.RpcError as error:
                if attempt == self._attempts:
                    raise error_of(error) from error
            time.sleep(0.05)
        return None

    def execute(self, arguments: dict[str, Any], value: dict[str, Any]) -> None:
        request = inventory_operation_service_pb2.ExecuteInventoryOperationRequest(
            inventory_operation_id=arguments["operation_id"],
            primary_lot_id_or_name=arguments["lot"],
            exact_quantity=Decimal(value=arguments["quantity"]),
            request_id=arguments.get("request_id", "always-the-same" if self._attempts > 1 else ""),
        )
        response = self._call(self._operations.ExecuteInventoryOperation, request)
        value.update(told.record(response.inventory_lot_record))

    def sequence(self, arguments: dict[str, Any], value: dict[str, Any]) -> None:
        value["results"] = []
        for one in arguments["executions"]:
            result: dict[str, Any] = {}
            self.execute(one, result)
            value["results"].append(result)

    coalesced = sequence

    def save_unit(self, arguments: dict[str, Any], value: dict[str, Any]) -> None:
        unit = master_data_pb2.UnitOfMeasure(**arguments)
        request = master_data_service_pb2.SaveUnitOfMeasureRequest(unit_of_measure=unit)
        value["id"] = self._call(self._master_data.SaveUnitOfMeasure, request).unit_of_measure.id

    def get_unit(self, arguments: dict[str, Any], value: dict[str, Any]) -> None:
        request = master_data_service_pb2.GetUnitOfMeasureRequest(unit_of_measure_id_or_name=arguments["name"])
        value["id"] = self._call(self._master_data.GetUnitOfMeasure, request).unit_of_measure.id

    def watch(self, arguments: dict[str, Any], value: dict[str, Any]) -> None:
        value["records"] = []
        request = inventory_service_pb2.WatchInventoryLotRecordsRequest(from_beginning=True)
        for attempt in range(1, self._attempts + 1):
            try:
                for message in self._inventory.WatchInventoryLotRecords(request, metadata=self._metadata):
                    if message.HasField("inventory_lot_record"):
                        value["records"].append(message.inventory_lot_record.id)
                    request.resume_token = message.resume_token
                    if len(value["records"]) >= arguments["count"]:
                        return
            except grpc.RpcError as error:
                if attempt == self._attempts:
                    raise error_of(error) from error


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        value: dict[str, Any] = {}
        with grpc.insecure_channel(order["address"]) as channel:
            naive = Naive(channel, order["token"], stubborn="--stubborn" in sys.argv)
            try:
                getattr(naive, order["do"])(order["arguments"], value)
                outcome: dict[str, Any] = {"value": value}
            except LotkeeperError as refused:
                outcome = {"error": told.error(refused), "value": value}
        print(json.dumps({"scenario": order["scenario"], **outcome}), flush=True)


if __name__ == "__main__":
    main()
