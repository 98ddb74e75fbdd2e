"""The contract and the domain say the same."""

import inspect

import pytest
from google.protobuf.descriptor import MethodDescriptor
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.model import enumerations
from lotkeeper_server.domain.model.identifiers import format_id, parse_id
from lotkeeper_server.rpc.gate.gate import permission_of
from lotkeeper_server.rpc.server import SERVICES

METHODS = [method for service in SERVICES for method in service.methods]


@pytest.mark.parametrize(
    "vocabulary",
    [one for _, one in inspect.getmembers(enumerations, inspect.isclass) if one.__module__ == enumerations.__name__],
    ids=lambda one: one.__name__,
)
def test_enums_are_numbered_as_in_the_contract(vocabulary: type) -> None:
    """So that a number goes to the wire and back without a table."""
    wire = getattr(enums_pb2, vocabulary.__name__)
    prefix = wire.DESCRIPTOR.values_by_number[0].name.removesuffix("UNSPECIFIED")
    numbers = {name.removeprefix(prefix): number for name, number in wire.items() if number}
    assert numbers == {member.name: member.value for member in vocabulary}  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_method_names_its_permission(method: MethodDescriptor) -> None:
    """A method without one cannot be served."""
    assert permission_of(method)


def test_every_refusal_has_a_code_a_reason_and_a_sentence() -> None:
    """Each class of the catalogue."""
    classes = [
        one
        for _, one in inspect.getmembers(refusals, inspect.isclass)
        if issubclass(one, refusals.Refusal) and one is not refusals.Refusal
    ]
    assert len(classes) > 35
    for one in classes:
        assert isinstance(one.code, refusals.Code), one
        assert one.__doc__, one


@pytest.mark.parametrize(
    "text",
    ["01JPAND53P-BZ61RZHZ-V7C6EEHG", "01JPAND53PBZ61RZHZV7C6EEHG", "01jpand53p-bz61rzhz-v7c6eehg"],
)
def test_an_id_is_read_in_either_form_and_any_case(text: str) -> None:
    """And comes out hyphenated, in capitals."""
    identifier = parse_id(text)
    assert identifier is not None
    assert format_id(identifier) == "01JPAND53P-BZ61RZHZ-V7C6EEHG"


@pytest.mark.parametrize(
    "text",
    [
        "81JPAND53PBZ61RZHZV7C6EEHG",
        "01JPAND53PBZ61RZHZV7C6EEHU",
        "01JPAND53P-BZ61RZHZV7C6EEHG",
        "01JPAND53PBZ61RZHZV7C6EEH",
        "01JPAND5-3PBZ61RZHZ-V7C6EEHG",
        "",
    ],
)
def test_what_has_neither_form_is_no_id(text: str) -> None:
    """Too large, a letter that is not there, hyphens elsewhere, too short."""
    assert parse_id(text) is None
