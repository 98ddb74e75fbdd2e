"""What the TypeScript client has by hand is what the server has."""

import inspect
import re
from pathlib import Path

import pytest
from google.rpc import code_pb2
from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.refusals import NotFound, Refusal
from lotkeeper_server.rpc.server import SERVICES

from tests.methods_that_write import methods_that_write

SOURCES = Path(__file__).parents[2] / "clients" / "typescript" / "src"


def _reasons() -> dict[str, tuple[str, list[str]]]:
    """By reason: its code, and its metadata."""
    table = re.findall(
        r'^  ([A-Z_]+): \{\s*code: "(\w+)",\s*metadata: \[([^\]]*)\],?\s*\},$',
        (SOURCES / "reasons.ts").read_text(),
        re.MULTILINE,
    )
    return {reason: (code, re.findall(r'"(\w+)"', metadata)) for reason, code, metadata in table}


def test_the_client_has_every_reason_with_its_code_and_no_other() -> None:
    """Of NOT_FOUND, which names the kind of entity, all of that form."""
    known = {
        one.reason: one.code.name
        for _, one in inspect.getmembers(refusals, inspect.isclass)
        if issubclass(one, Refusal) and one not in {Refusal, NotFound}
    }
    ours = {reason: code for reason, (code, _) in _reasons().items()}
    kinds = {reason for reason in ours if reason.endswith("_NOT_FOUND")}
    assert kinds
    assert {reason: code for reason, code in ours.items() if reason not in kinds} == known
    assert {ours[reason] for reason in kinds} == {"NOT_FOUND"}


def test_the_client_has_the_reasons_of_the_contract_with_their_metadata() -> None:
    """Value by value, in order."""
    errors_pb2 = pytest.importorskip("lotkeeper.inventory.v1.errors_pb2", reason="the contract has no reasons yet")
    contract = {}
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values[1:]:
        info = value.GetOptions().Extensions[errors_pb2.reason_info]
        contract[value.name.removeprefix("ERROR_REASON_")] = (code_pb2.Code.Name(info.code), list(info.metadata_keys))
    assert _reasons() == contract


def test_what_the_client_takes_for_a_read_writes_nothing() -> None:
    """And the other way round: what writes nothing is a read, which may be repeated."""
    found = re.search(r"^const READS = /(.+)/;$", (SOURCES / "repeatable.ts").read_text(), re.MULTILINE)
    assert found
    names = {method.name for service in SERVICES for method in service.methods}
    writes = methods_that_write() - {"ValidateInventoryOperation"}  # it saves, and takes it back
    reads = {name for name in names if re.match(found[1], name)}
    assert reads & writes == set()
    assert names - reads - writes == set()
