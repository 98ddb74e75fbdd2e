"""Transactions that change roles, tokens and grants by themselves, as those of the command line do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.errors import StoreContention
from lotkeeper_server.store.db.snapshot import WriteConnection
from lotkeeper_server.store.state.definitions import lock_versions

WAIT_SECONDS: Final = 30.0
"""How long others may take: an import of definitions holds the versions until it is done."""


@contextmanager
def changing_access(store: Store) -> Iterator[WriteConnection]:
    """A write transaction that waits for others that change definitions, roles or tokens before it locks anything.

    Calls that change them lock the versions first, too: who locked a role and then the versions would wait for a call
    that waits for the role.

    Raises:
        StoreError: as `Store.write`.
    """
    until_seconds = time.monotonic() + WAIT_SECONDS
    while True:
        has_begun = False
        try:
            with store.write() as connection:
                lock_versions(connection)
                has_begun = True
                yield connection
            return
        except StoreContention:  # MariaDB waits for a second
            if has_begun or time.monotonic() > until_seconds:
                raise
