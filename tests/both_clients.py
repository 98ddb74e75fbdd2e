"""One test body for both clients: the one on asyncio, driven so that its calls can be written without await."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any

from lotkeeper import AsyncClient, Client


class Driven:
    """An AsyncClient whose calls run to their end, in an event loop of its own."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = self._runner.run(self._made(*arguments, **more))

    @staticmethod
    async def _made(*arguments: Any, **more: Any) -> AsyncClient:
        return AsyncClient(*arguments, **more)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **more: Any) -> Any:
            result = method(*arguments, **more)
            return self._stepped(result) if isinstance(result, AsyncIterator) else self._runner.run(_awaited(result))

        return call

    def _stepped(self, items: Any) -> Generator[Any, None, None]:
        nothing = object()
        try:
            while (item := self._runner.run(_next(items, nothing))) is not nothing:
                yield item
        finally:
            self._runner.run(items.aclose())

    def __enter__(self) -> Driven:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.close())
        self._runner.close()


async def _awaited(result: Any) -> Any:
    return await result


async def _next(items: AsyncIterator[Any], nothing: object) -> Any:
    return await anext(items, nothing)


CLIENTS: tuple[Any, ...] = (Client, Driven)
"""Both clients, to be called with an address and a token."""


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    """The data in pieces of so many bytes."""
    return (data[start : start + size] for start in range(0, len(data), size))
