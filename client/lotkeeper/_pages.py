"""What a list gives."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from lotkeeper._requests import PAGE_SIZE_MAX, listed_class

Item = TypeVar("Item", bound=Message)


class Pages(Iterator[Item], Generic[Item]):
    """The items of a list, one after another; the next page is read once all items of the last one have been taken.

    It is a stream of Arrow's, too, of what has not been taken yet: `polars.DataFrame(client.list_inventory())`. See
    `lotkeeper.dataframe`.

    Attributes:
        message_class: the class of the items.
    """

    message_class: type[Item]

    def __init__(
        self,
        request: Message,
        response_class: type[Message],
        read_page: Callable[[Message], Any],
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

    def _walk(
        self, read_page: Callable[[Message], Any], items_of: Callable[[Any], Iterable[Item]]
    ) -> Generator[Item, None, None]:
        while True:
            page = read_page(self._asking)
            yield from items_of(page)
            self._asking.page_token = page.next_page_token
            if not page.next_page_token:
                return

    def __next__(self) -> Item:
        return next(self._items)

    def close(self) -> None:
        """Ends it: there are no more items."""
        self._items.close()

    def in_large_pages(self) -> None:
        """Makes the following pages as large as they may be, unless whoever asked for the list has said how large."""
        self._asking.page_size = self._asking.page_size or PAGE_SIZE_MAX

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        from lotkeeper.dataframe import record_batches  # noqa: PLC0415 - needs an extra

        return record_batches(self).__arrow_c_stream__(requested_schema)
