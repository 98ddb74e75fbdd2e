# Made from the contract by `python client/exact_classes.py`; change that file instead.

"""The contract's answers with decimals and datetimes: what `lotkeeper.exactly` makes of its messages.

The classes have the messages' names and fields, but for these: a quantity is a `Decimal` (there is no `exact_quantity`
beside it), a moment a `datetime` in UTC, a duration a `timedelta`. What an answer leaves out is None, what it repeats a
tuple.
"""

from lotkeeper.exact._access_token import AccessToken
from lotkeeper.exact._audit_event import AuditEvent
from lotkeeper.exact._batch_execute_result import BatchExecuteResult
from lotkeeper.exact._check_location_has_capacity_response import CheckLocationHasCapacityResponse
from lotkeeper.exact._create_token_response import CreateTokenResponse
from lotkeeper.exact._execute_inventory_actions_response import ExecuteInventoryActionsResponse
from lotkeeper.exact._execute_inventory_operation_response import ExecuteInventoryOperationResponse
from lotkeeper.exact._get_lot_trace_graph_response import GetLotTraceGraphResponse
from lotkeeper.exact._hold_traced_lots_response import HoldTracedLotsResponse
from lotkeeper.exact._inventory import Inventory
from lotkeeper.exact._inventory_lot import InventoryLot
from lotkeeper.exact._inventory_lot_record import InventoryLotRecord
from lotkeeper.exact._inventory_operation import InventoryOperation
from lotkeeper.exact._inventory_summary import InventorySummary
from lotkeeper.exact._location import Location
from lotkeeper.exact._material import Material
from lotkeeper.exact._material_class import MaterialClass
from lotkeeper.exact._material_reason_code import MaterialReasonCode
from lotkeeper.exact._operation import Operation
from lotkeeper.exact._production_order import ProductionOrder
from lotkeeper.exact._role import Role
from lotkeeper.exact._role_grant import RoleGrant
from lotkeeper.exact._rotate_token_response import RotateTokenResponse
from lotkeeper.exact._stop_inventory_operation_response import StopInventoryOperationResponse
from lotkeeper.exact._trace_edge import TraceEdge
from lotkeeper.exact._trace_node import TraceNode
from lotkeeper.exact._trace_stock import TraceStock
from lotkeeper.exact._unconvertible_stock import UnconvertibleStock
from lotkeeper.exact._unit_of_measure import UnitOfMeasure
from lotkeeper.exact._unit_of_measure_conversion import UnitOfMeasureConversion
from lotkeeper.exact._watch_audit_events_response import WatchAuditEventsResponse
from lotkeeper.exact._watch_inventory_lot_records_response import WatchInventoryLotRecordsResponse

__all__ = [
    "AccessToken",
    "AuditEvent",
    "BatchExecuteResult",
    "CheckLocationHasCapacityResponse",
    "CreateTokenResponse",
    "ExecuteInventoryActionsResponse",
    "ExecuteInventoryOperationResponse",
    "GetLotTraceGraphResponse",
    "HoldTracedLotsResponse",
    "Inventory",
    "InventoryLot",
    "InventoryLotRecord",
    "InventoryOperation",
    "InventorySummary",
    "Location",
    "Material",
    "MaterialClass",
    "MaterialReasonCode",
    "Operation",
    "ProductionOrder",
    "Role",
    "RoleGrant",
    "RotateTokenResponse",
    "StopInventoryOperationResponse",
    "TraceEdge",
    "TraceNode",
    "TraceStock",
    "UnconvertibleStock",
    "UnitOfMeasure",
    "UnitOfMeasureConversion",
    "WatchAuditEventsResponse",
    "WatchInventoryLotRecordsResponse",
]
