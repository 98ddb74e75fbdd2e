"""The command line of the client."""

from lotkeeper.cli.main import main

__all__ = ["main"]
