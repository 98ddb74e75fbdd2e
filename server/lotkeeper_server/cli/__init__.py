"""The command line of the server."""

import os

# gRPC's core would explain an address in use in lines of its own; it reads this when it is first imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from lotkeeper_server.cli.main import main

__all__ = ["main"]
