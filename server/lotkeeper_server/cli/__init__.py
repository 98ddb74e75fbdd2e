"""The command line of the server."""

import os

# gRPC's core would print lines of its own about an address in use; it reads this when it is first imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from lotkeeper_server.cli.main import main

__all__ = ["main"]
