"""The OpenAPI document of the methods over HTTP. `make openapi` makes it from the contract, with its comments."""

from functools import cache
from importlib.resources import files


@cache
def document() -> bytes:
    """The document: OpenAPI 3.1, JSON in UTF-8. Read from beside this module once."""
    return files(__package__).joinpath("openapi.json").read_bytes()
