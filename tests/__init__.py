"""Tests, and what they share."""

import os

# gRPC's own handlers of fork(), run while its threads are busy, have ended children before they could start.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
