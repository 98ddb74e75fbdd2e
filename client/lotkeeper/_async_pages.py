"""What a list gives, on asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from lotkeeper._requests import PAGE_SIZE_MAX, listed_class

Item = TypeVar("Item", bound=Message)


class AsyncPages(AsyncIterator[Item], Generic[Item]):
    """The items of a list, one after another; the next page is read once all items of the last one have been taken.

    `lotkeeper.dataframe` makes Arrow's batches of it.

    Attributes:
        message_class: the class of the items.
    """

    message_class: type[Item]

    def __init__(
        self,
        request: Message,
        response_class: type[Message],
        read_page: Callable[[Message], Awaitable[Any]],
        items_of: Callable[[Any], Iterable[Item]],
    ) -> None:
        """Reads nothing yet.

        Args:
            request: asks for a page.
            response_class: of its answers.
            read_page: makes the call.
            items_of: the items of an answer.
        """
        self.message_class = listed_class(response_class)
        self._asking: Any = request
        self._items = self._walk(read_page, items_of)

    async def _walk(
        self, read_page: Callable[[Message], Awaitable[Any]], items_of: Callable[[Any], Iterable[Item]]
    ) -> AsyncGenerator[Item, None]:
        while True:
            page = await read_page(self._asking)
            for item in items_of(page):
                yield item
            self._asking.page_token = page.next_page_token
            if not page.next_page_token:
                return

    async def __anext__(self) -> Item:
        return await anext(self._items)

    async def aclose(self) -> None:
        """Ends it: there are no more items."""
        await self._items.aclose()

    def in_large_pages(self) -> None:
        """Makes the following pages as large as they may be, unless whoever asked for the list has said how large."""
        self._asking.page_size = self._asking.page_size or PAGE_SIZE_MAX
