"""The contract, the domain, the docs and the client have the same reasons, each with the same code and metadata."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import lotkeeper
import pytest
from google.protobuf.descriptor import EnumValueDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import code_pb2
from lotkeeper.inventory.v1 import errors_pb2
from lotkeeper_server.catalog.descriptions import INVENTORY_OPERATION, LOT, MASTER_DATA
from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.refusals import NotFound, Refusal
from lotkeeper_server.domain.refusals import refusal as every_refusal
from lotkeeper_server.rpc.gate.refusal_status import DOMAIN
from lotkeeper_server.rpc.server import SERVICES

ROOT = Path(__file__).parents[2]
PREFIX = "ERROR_REASON_"
VALUES = {one.name.removeprefix(PREFIX): one for one in errors_pb2.ErrorReason.DESCRIPTOR.values if one.number}
CLASSES = {
    one.reason: one
    for _, one in inspect.getmembers(refusals, inspect.isclass)
    if issubclass(one, Refusal) and one not in {Refusal, NotFound}
}
KINDS_WITHOUT_DESCRIPTION = {"inventory", "inventory_lot_record", "role", "token", "grant"}
NOT_FOUND = {
    NotFound(entity=entity).reason
    for entity in {
        *(one.refusal_entity for one in (*MASTER_DATA, INVENTORY_OPERATION, LOT)),
        *KINDS_WITHOUT_DESCRIPTION,
    }
}
OTHER_KEYS = {"UNIT_NOT_CONVERTIBLE": {"from", "to", "material"}}
"""Metadata whose keys are not the names of the class's fields."""


def info_of(value: EnumValueDescriptor) -> errors_pb2.ReasonInfo:
    return value.GetOptions().Extensions[errors_pb2.reason_info]


def keys_of(kind: type[Refusal]) -> set[str]:
    names = {one.name for one in fields(kind)} - every_refusal._NOT_SHOWN
    return {every_refusal._SHOWN_AS.get(name, name) for name in names}


def comments() -> dict[str, str]:
    """Those of the contract on each reason, line by line."""
    made = ROOT / "protos/descriptors.py"
    said = subprocess.run([sys.executable, made, "/dev/stdout"], check=True, capture_output=True).stdout
    [file] = [one for one in FileDescriptorSet.FromString(said).file if one.name.endswith("v1/errors.proto")]
    return dict(_comments_of(file))


def _comments_of(file: FileDescriptorProto) -> Any:
    for place in file.source_code_info.location:
        if len(place.path) == 4 and list(place.path)[:3] == [5, 0, 2]:
            yield file.enum_type[0].value[place.path[3]].name.removeprefix(PREFIX), place.leading_comments


def documented() -> dict[str, set[str]]:
    """The reasons in the tables of the error guide, each with its metadata, and those of NOT_FOUND."""
    guide = (ROOT / "docs/errors.md").read_text()
    found = {
        reason: {key.split()[0] for key in metadata.split(",") if key.strip()}
        for reason, metadata in re.findall(r"^\| `([A-Z_]+)` \|[^|]*\|([^|]*)\|[^|]*\|$", guide, re.MULTILINE)
        if reason in CLASSES
    }
    return found | {reason: {"id"} for reason in re.findall(r"`((?!ERROR_)[A-Z_]+_NOT_FOUND)`", guide)}


def test_the_contract_has_the_reasons_of_the_domain_and_no_other() -> None:
    """Those of NOT_FOUND by kinds of entity."""
    assert VALUES.keys() == CLASSES.keys() | NOT_FOUND


@pytest.mark.parametrize("reason", sorted(CLASSES))
def test_each_reason_has_the_code_the_metadata_and_the_retry_of_its_refusal(reason: str) -> None:
    """As options, for programs."""
    info, kind = info_of(VALUES[reason]), CLASSES[reason]
    assert code_pb2.Code.Name(info.code) == kind.code.name
    assert set(info.metadata_keys) == OTHER_KEYS.get(reason, keys_of(kind))
    assert info.has_retry_info == (kind.retry_after_millis is not None)


@pytest.mark.parametrize("reason", sorted(NOT_FOUND))
def test_what_is_not_found_is_told_by_the_keys_by_which_it_is_named(reason: str) -> None:
    """And by nothing else."""
    info = info_of(VALUES[reason])
    assert code_pb2.Code.Name(info.code) == "NOT_FOUND"
    assert info.metadata_keys
    assert set(info.metadata_keys) <= {"id", "name", "path", "symbol", "code", "archived"}


def test_the_comment_on_each_reason_says_code_metadata_remedy_and_an_example() -> None:
    """The code and the keys are those of the options, and the example has no other keys."""
    said = comments()
    for reason, value in VALUES.items():
        info, comment = info_of(value), " ".join(said[reason].split())
        keys = ", ".join(info.metadata_keys)
        about = f"Metadata: {keys}." if keys else "No metadata."
        assert f"{code_pb2.Code.Name(info.code)}. {about} Remedy: " in comment, reason
        example = re.search(r"Example: (\{.*\})$", comment)
        assert (example is not None) == bool(keys), reason
        if example is not None:
            assert json.loads(example[1]).keys() <= set(info.metadata_keys), reason
            assert json.loads(example[1]), reason


def test_the_error_guide_has_the_same_reasons_and_metadata() -> None:
    """The guide lists the keys of NOT_FOUND for all kinds together."""
    guide = documented()
    assert guide.keys() == VALUES.keys()
    for reason in CLASSES:
        assert guide[reason] == set(info_of(VALUES[reason]).metadata_keys), reason


def test_the_error_guide_has_each_reason_below_a_heading_that_names_its_code() -> None:
    """Once."""
    places: dict[str, list[str]] = {}
    for section in (ROOT / "docs/errors.md").read_text().split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        rows = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE)) & CLASSES.keys()
        kinds = NOT_FOUND & set(re.findall(r"`([A-Z_]+_NOT_FOUND)`", text)) if "NOT_FOUND" in heading else set()
        for reason in rows | kinds:
            places.setdefault(reason, []).append(heading)
    assert places.keys() == VALUES.keys()
    for reason, value in VALUES.items():
        [heading] = places[reason]
        assert code_pb2.Code.Name(info_of(value).code) in re.findall("[A-Z_]{3,}", heading), reason


def test_the_reasons_of_fields_are_the_same_in_contract_domain_client_and_guide() -> None:
    """A small closed set."""
    prefix = "FIELD_REASON_"
    values = [name.removeprefix(prefix) for name in errors_pb2.FieldReason.keys()][1:]  # noqa: SIM118 - of protobuf
    guide = (ROOT / "docs/errors.md").read_text()
    section = guide[guide.index("\n## Wrong fields") :].split("\n## ")[1]
    assert values == [one.value for one in refusals.FieldReason]
    assert values == [one.value for one in lotkeeper.FieldReason]
    assert values == re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)


def test_the_client_has_each_reason_and_its_own_by_name() -> None:
    """Each is equal to its text."""
    assert [one.name for one in lotkeeper.Reason] == [one.value for one in lotkeeper.Reason]
    assert {one.value for one in lotkeeper.Reason} == VALUES.keys() | {"CLIENT_CLOSED", "WRONG_EVENT_LOOP"}


def test_every_service_names_the_domain_of_its_refusals() -> None:
    """Which brings the catalogue, and the types of the details, to whoever asks reflection for a service."""
    for service in SERVICES:
        assert service.GetOptions().Extensions[errors_pb2.error_domain] == DOMAIN
