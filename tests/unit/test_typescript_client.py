"""What the TypeScript client has by hand is what the server has."""

import inspect
import re
from pathlib import Path

from google.rpc import code_pb2
from lotkeeper.inventory.v1 import errors_pb2
from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.refusals import NotFound, Refusal

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
    contract = {}
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values[1:]:
        info = value.GetOptions().Extensions[errors_pb2.reason_info]
        contract[value.name.removeprefix("ERROR_REASON_")] = (code_pb2.Code.Name(info.code), list(info.metadata_keys))
    assert _reasons() == contract
