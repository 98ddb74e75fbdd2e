"""The methods of the contract, by their paths on the wire."""

from __future__ import annotations

from typing import Any

from google.protobuf import message_factory
from lotkeeper.inventory.v1 import (
    access_service_pb2,
    audit_service_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)

_FILES = (
    access_service_pb2,
    audit_service_pb2,
    inventory_operation_service_pb2,
    inventory_service_pb2,
    master_data_service_pb2,
    trace_service_pb2,
)


def request_class(path: str) -> Any:
    """The class of a method's request; None for a path that is not in the contract."""
    return _CLASSES.get(path)


def _classes() -> dict[str, Any]:
    return {
        f"/{service.full_name}/{method.name}": message_factory.GetMessageClass(method.input_type)
        for file in _FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


_CLASSES = _classes()
