"""The embedded store's log is brought over beside those who write, and begins anew."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from lotkeeper_server.engine.checkpoints import COMMITS_BETWEEN, LOG_PAGES_MAX, Checkpoints
from lotkeeper_server.engine.turns import WriteTurns
from lotkeeper_server.store.db.connection import Store
from lotkeeper_server.store.db.dialects.dialect import Log
from lotkeeper_server.store.db.statements import insert_of, write_many
from lotkeeper_server.store.schema.coordination_tables import feed

PAGE_BYTES = 4_096
ENOUGH_SECONDS = 30


@pytest.fixture
def checkpoints(embedded_store: Store) -> Iterator[Checkpoints]:
    started = Checkpoints(embedded_store, WriteTurns(exclusive=True))
    yield started
    started.close()


def commit(store: Store, checkpoints: Checkpoints, number: int, pages: int) -> None:
    with store.write() as connection:
        write_many(connection, insert_of(feed), [(number, bytes(pages * PAGE_BYTES), 0)])
    checkpoints.note_commit()


def brought_over(store: Store) -> Log:
    """The log once nobody else brings it over."""
    end = time.monotonic() + ENOUGH_SECONDS
    while (log := store.checkpoint()).pages < 0:
        assert time.monotonic() < end
    return log


def test_the_log_begins_anew_though_no_commit_brings_it_over(embedded_store: Store, checkpoints: Checkpoints) -> None:
    """Twice as much as it may hold is committed; then the next commit finds it short."""
    commits = 2 * COMMITS_BETWEEN
    for number in range(commits):
        commit(embedded_store, checkpoints, number, 2 * LOG_PAGES_MAX // commits)
    end = time.monotonic() + ENOUGH_SECONDS
    number = commits
    while embedded_store.checkpoint().pages > LOG_PAGES_MAX // 2:
        assert time.monotonic() < end
        number += 1
        commit(embedded_store, checkpoints, number, 1)
        time.sleep(0.05)


def test_a_reader_of_what_was_before_holds_the_log_back_until_it_ends(
    embedded_store: Store, checkpoints: Checkpoints
) -> None:
    """What it reads stays; what comes after it is brought over afterwards."""
    commit(embedded_store, checkpoints, 1, 1)
    with embedded_store.read() as connection:
        assert len(connection.exec_driver_sql("SELECT number FROM feed").all()) == 1
        for number in range(2, 2 + COMMITS_BETWEEN):
            commit(embedded_store, checkpoints, number, 2 * LOG_PAGES_MAX // COMMITS_BETWEEN)
        assert len(connection.exec_driver_sql("SELECT number FROM feed").all()) == 1
        log = brought_over(embedded_store)
        assert log.pages > LOG_PAGES_MAX > log.brought_over
    log = brought_over(embedded_store)
    assert log.pages == log.brought_over
