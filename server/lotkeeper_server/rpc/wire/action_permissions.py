"""The permission that each type of action needs, by the contract."""

from functools import cache

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import EnumValueDescriptor
from lotkeeper.inventory.v1 import enums_pb2, permission_pb2


def action_permission_of(value: EnumValueDescriptor) -> str:
    """The permission that the contract names for a type of action.

    Raises:
        LookupError: where it names none: such an action cannot be requested.
    """
    options = value.GetOptions()
    assert isinstance(options, descriptor_pb2.EnumValueOptions)
    permission = options.Extensions[permission_pb2.action_permission]
    if not permission:
        raise LookupError(f"{value.name} names no permission")
    return permission


@cache
def action_permissions() -> dict[int, str]:
    """The permission of every type of action, by its number; zero means no type and has none."""
    values = enums_pb2.InventoryActionType.DESCRIPTOR.values
    return {value.number: action_permission_of(value) for value in values if value.number}
