"""The Lotkeeper client: runs inventory operations on a Lotkeeper server.

with Client("127.0.0.1:50051") as client:
    record = client.execute_inventory_operation(operation_id, "MILK-0815", 100.0)
    print(to_json(record))
"""

from importlib.metadata import PackageNotFoundError, version

from lotkeeper import actions
from lotkeeper._async.client import AsyncClient
from lotkeeper._async_pages import AsyncPages
from lotkeeper._bearer import TokenFault, open_to_others
from lotkeeper._errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    ClientClosed,
    DeadlineExceeded,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    LotkeeperError,
    NotFound,
    OutOfRange,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    WrongEventLoop,
    error_of_status,
)
from lotkeeper._exactly import exactly
from lotkeeper._faults import AddressFault, SettingFault, TlsFault
from lotkeeper._json import from_dict, from_json, to_dict, to_json
from lotkeeper._moments import millis_of, timestamp_of
from lotkeeper._pages import Pages
from lotkeeper._quantities import Quantity, decimal_of
from lotkeeper._reasons import FieldReason, Reason
from lotkeeper._retrying import Retries
from lotkeeper._sync.client import Client
from lotkeeper.development import development_token_path, is_loopback

try:
    __version__ = version("lotkeeper")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = [
    "Aborted",
    "AddressFault",
    "AlreadyExists",
    "AsyncClient",
    "AsyncPages",
    "Cancelled",
    "Client",
    "ClientClosed",
    "DeadlineExceeded",
    "FailedPrecondition",
    "FieldReason",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "LotkeeperError",
    "NotFound",
    "OutOfRange",
    "Pages",
    "PermissionDenied",
    "Quantity",
    "Reason",
    "ResourceExhausted",
    "Retries",
    "SettingFault",
    "TlsFault",
    "TokenFault",
    "Unauthenticated",
    "Unavailable",
    "WrongEventLoop",
    "__version__",
    "actions",
    "decimal_of",
    "development_token_path",
    "error_of_status",
    "exactly",
    "from_dict",
    "from_json",
    "is_loopback",
    "millis_of",
    "open_to_others",
    "timestamp_of",
    "to_dict",
    "to_json",
]
