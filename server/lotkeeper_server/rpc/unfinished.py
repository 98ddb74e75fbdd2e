"""Scaffolding: answers the methods of the contract that are still being built. It goes when the last one stands."""

from typing import Any

from lotkeeper_server.rpc.call import Call


class Unfinished:
    """Every method that no other servicer has."""

    def __getattr__(self, name: str) -> Any:
        if not name[:1].isupper():
            raise AttributeError(name)

        async def unfinished(_request: Any, _call: Call) -> Any:
            raise NotImplementedError(name)

        return unfinished
