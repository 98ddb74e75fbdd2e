"""Clients whose token comes from a function, for tokens that expire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from lotkeeper import AsyncClient, Client, TokenFault, Unauthenticated

from tests.server_process import ServerProcess


def _called_until_refused(client: Client) -> None:
    """A server may let a revoked token in for a moment."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        client.get_plant_settings()


def broken() -> str:
    raise OSError("the issuer is away")


def test_the_calls_after_a_renewal_carry_the_new_token(own_server: ServerProcess) -> None:
    """The old one is revoked meanwhile; the client stays the same."""
    created = own_server.run("token", "create", "--name", "second", "--role", "admin").stdout.strip()
    given = [own_server.token]
    with Client(own_server.address, token_source=lambda: given[0]) as client:
        client.get_plant_settings()
        given[0] = created
        assert own_server.run("token", "revoke", "--name", "tester").returncode == 0
        client.get_plant_settings()
        given[0] = own_server.token
        with pytest.raises(Unauthenticated):
            _called_until_refused(client)


@pytest.mark.parametrize("coalesce", [False, True])
@pytest.mark.parametrize(
    ("source", "why"),
    [(broken, "the issuer is away"), (lambda: "", "the token is empty"), (lambda: "lk_ä", "no token has, at place 4")],
)
def test_a_source_that_gives_no_token_ends_each_call_before_it_is_sent(
    server: ServerProcess, coalesce: bool, source: Callable[[], str], why: str
) -> None:
    with Client(server.address, token_source=source, coalesce=coalesce) as client, ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(client.execute_inventory_operation, "no operation", "L", "1") for _ in range(20)]
        for call in calls:
            with pytest.raises(
                Unauthenticated, match=f"was not sent, as token_source gave no token: .*{why}"
            ) as failed:
                call.result()
            assert "ä" not in str(failed.value)


def test_the_same_holds_on_asyncio(server: ServerProcess) -> None:
    async def calls() -> None:
        async with AsyncClient(server.address, token_source=lambda: server.token, coalesce=True) as client:
            await client.get_plant_settings()
        async with AsyncClient(server.address, token_source=broken, coalesce=True) as client:
            each = (client.execute_inventory_operation("no operation", "L", "1") for _ in range(20))
            for outcome in await asyncio.gather(*each, return_exceptions=True):
                assert isinstance(outcome, Unauthenticated), outcome

    asyncio.run(calls())


def test_a_watch_asks_the_source_as_well(server: ServerProcess) -> None:
    with Client(server.address, token_source=broken) as client, pytest.raises(Unauthenticated, match="the issuer"):
        next(client.watch_inventory_lot_records())
    with Client(server.address, token_source=lambda: server.token) as client:
        messages = client.watch_inventory_lot_records()
        assert next(messages).resume_token
        messages.close()


def test_a_token_and_a_source_of_tokens_are_not_both_taken() -> None:
    with pytest.raises(TokenFault, match="token and token_source are both given: give one of them"):
        Client("127.0.0.1", token="lk_a", token_source=lambda: "lk_b")
