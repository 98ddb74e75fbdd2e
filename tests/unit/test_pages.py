"""What a list gives, page by page, with and without asyncio."""

from __future__ import annotations

from typing import Any

import pytest
from lotkeeper import AsyncPages, Pages
from lotkeeper.inventory.v1.inventory_pb2 import Inventory
from lotkeeper.inventory.v1.inventory_service_pb2 import ListInventoryRequest, ListInventoryResponse


class Stock:
    """Rows that are asked for page by page.

    Attributes:
        asked: the sizes of the pages that were asked for.
    """

    def __init__(self, rows: int) -> None:
        self.asked: list[int] = []
        self._rows = [Inventory(quantity=number) for number in range(rows)]

    def page(self, request: Any) -> ListInventoryResponse:
        """Two rows, or as many as asked for; the token says where the next page begins."""
        self.asked.append(request.page_size)
        start, size = int(request.page_token or 0), request.page_size or 2
        following = str(start + size) if start + size < len(self._rows) else ""
        return ListInventoryResponse(inventory=self._rows[start : start + size], next_page_token=following)

    async def awaited_page(self, request: Any) -> ListInventoryResponse:
        """The same."""
        return self.page(request)

    def pages(self, page_size: int = 0) -> Pages[Inventory]:
        """All of it."""
        request = ListInventoryRequest(page_size=page_size)
        return Pages(request, ListInventoryResponse, self.page, lambda page: page.inventory)

    def async_pages(self, page_size: int = 0) -> AsyncPages[Inventory]:
        """The same."""
        request = ListInventoryRequest(page_size=page_size)
        return AsyncPages(request, ListInventoryResponse, self.awaited_page, lambda page: page.inventory)


@pytest.mark.parametrize(("rows", "calls"), [(0, 1), (1, 1), (2, 1), (3, 2), (5, 3)])
async def test_every_item_comes_once_in_order(rows: int, calls: int) -> None:
    stock, on_asyncio = Stock(rows), Stock(rows)
    assert [row.quantity for row in stock.pages()] == list(range(rows))
    assert [row.quantity async for row in on_asyncio.async_pages()] == list(range(rows))
    assert stock.asked == on_asyncio.asked == [0] * calls


async def test_nothing_is_read_before_it_is_needed() -> None:
    stock = Stock(5)
    pages, awaited = stock.pages(), stock.async_pages()
    assert stock.asked == []
    assert [next(pages).quantity, next(pages).quantity] == [0, 1]
    assert [(await anext(awaited)).quantity, (await anext(awaited)).quantity] == [0, 1]
    assert len(stock.asked) == 2


async def test_what_is_closed_gives_nothing_more() -> None:
    stock = Stock(5)
    pages, awaited = stock.pages(), stock.async_pages()
    next(pages)
    await anext(awaited)
    pages.close()
    await awaited.aclose()
    assert list(pages) == []
    assert [row async for row in awaited] == []


async def test_they_know_what_they_are_of_and_become_large_but_where_a_size_was_asked_for() -> None:
    for size, following in [(0, 1000), (2, 2)]:
        stock = Stock(5)
        pages, awaited = stock.pages(size), stock.async_pages(size)
        for either in (pages, awaited):
            assert either.message_class is Inventory
        next(pages)
        await anext(awaited)
        pages.in_large_pages()
        awaited.in_large_pages()
        assert [row.quantity for row in pages] == [1, 2, 3, 4]
        assert [row.quantity async for row in awaited] == [1, 2, 3, 4]
        assert set(stock.asked[2:]) == {following}
