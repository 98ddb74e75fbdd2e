"""Calls of `lotkeeper.dataframe` that a type checker refuses, marked as in wrong_calls.py."""

from lotkeeper import Client
from lotkeeper.dataframe import record_batches, watch_batches


def without_asyncio(client: Client) -> None:
    """One fault each."""
    record_batches(client.list_lots(), batch_size=10)  # E: call-overload
    watch_batches(client.list_lots())  # E: arg-type
