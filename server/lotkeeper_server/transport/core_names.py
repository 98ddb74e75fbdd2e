"""What of grpcio's inner module `cygrpc` the server on gRPC's core stands on. No other module names `cygrpc`."""

import importlib
from typing import Any

cygrpc: Any = importlib.import_module("grpc._cython.cygrpc")
"""It has no types."""
