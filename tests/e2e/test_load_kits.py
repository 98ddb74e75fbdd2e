"""The scenarios of loadtest/ on a real server: it takes every call, and the audit sees what does not fit."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict
from lotkeeper.testing import LotkeeperServer

from loadtest.audit import Holding, findings, holding
from loadtest.harnesses import Counted
from loadtest.scenarios import SCENARIOS, Kind, Phase, Plant

CALLS_MAX = 40
"""Of each phase."""


@pytest.fixture(scope="module")
def server() -> Iterator[LotkeeperServer]:
    with LotkeeperServer({}) as server:
        yield server


def called(phase: Phase, server: LotkeeperServer, channel: grpc.Channel) -> Counted:
    """As a harness does: by the bytes, in turn."""
    statuses: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    for call in phase.calls[:CALLS_MAX] + list(phase.calls[-5:] if phase.is_mixed else ()):
        written = call.as_json()
        assert ParseDict(written["json"], type(call.request)()) == call.request
        method = channel.unary_unary(f"/{call.method}")
        data: Any = base64.b64decode(written["bytes"])
        try:
            method(data, metadata=[("authorization", f"Bearer {server.token}")], timeout=20)
            status = "OK"
        except grpc.RpcError as error:
            status = error.code().name
        kinds.setdefault(call.kind, Counter())[status] += 1
        statuses[status] += 1
    assert set(statuses) == {"OK"}, statuses
    return Counted(kinds)


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_call_of_a_scenario_does_what_the_audit_counts(server: LotkeeperServer, name: str) -> None:
    with server.client() as client, grpc.insecure_channel(server.address) as channel:
        work = SCENARIOS[name].make(Plant(client))
        before = holding(client, work.root)
        counted = [called(phase, server, channel) for phase in work.phases]
        after = holding(client, work.root)

    assert findings(before, after, counted, work.kinds) == []
    if any(kind.records for kind in work.kinds.values()):
        assert after.records > before.records


KINDS = {"consume": Kind(records=1, kilograms=-1)}
BEFORE = Holding(records=5, kilograms=Decimal(100))


def held(records: int, kilograms: int) -> Holding:
    return Holding(records=5 + records, kilograms=Decimal(100 + kilograms))


def test_an_acknowledged_call_that_is_missing_is_found() -> None:
    counted = [Counted({"consume": Counter(OK=10)})]

    assert findings(BEFORE, held(10, -10), counted, KINDS) == []
    assert len(findings(BEFORE, held(9, -9), counted, KINDS)) == 2


def test_a_refused_call_that_is_there_is_found() -> None:
    counted = [Counted({"consume": Counter(OK=10, ResourceExhausted=2)})]

    assert len(findings(BEFORE, held(11, -11), counted, KINDS)) == 2


@pytest.mark.parametrize("status", ["DeadlineExceeded", "DEADLINE_EXCEEDED", "Unavailable"])
def test_a_call_whose_end_nobody_knows_may_be_there_or_not(status: str) -> None:
    counted = [Counted({"consume": Counter({"OK": 10, status: 2})})]

    for records in (10, 11, 12):
        assert findings(BEFORE, held(records, -records), counted, KINDS) == []
    assert len(findings(BEFORE, held(13, -13), counted, KINDS)) == 2


def test_stock_that_does_not_follow_the_records_is_found_where_statuses_are_not_seen() -> None:
    counted = [Counted({"consume": Counter({"HTTP 200": 10})}, sees_statuses=False)]

    assert findings(BEFORE, held(7, -7), counted, KINDS) == []
    assert len(findings(BEFORE, held(7, -8), counted, KINDS)) == 1
