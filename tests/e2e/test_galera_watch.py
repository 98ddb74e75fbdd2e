"""Watchers of three servers on three Galera nodes, whose numberings of the feed meet at their commits only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import stores
from tests.e2e.test_watch_of_two_processes import check_feed_of
from tests.galera import GaleraCluster
from tests.galera_nodes import on_each_node

pytestmark = [
    pytest.mark.galera,
    pytest.mark.skipif(GaleraCluster.missing() is not None, reason=str(GaleraCluster.missing())),
]


def test_watchers_of_all_nodes_see_each_record_once_and_in_one_order(tmp_path: Path) -> None:
    """Writers through all at full speed, on the same lots."""
    with on_each_node(stores.galera(), tmp_path) as processes:
        check_feed_of(processes)
