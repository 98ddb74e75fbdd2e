"""The command line of the server."""

from lotkeeper_server.cli.main import main

__all__ = ["main"]
