"""The size of an answer, as it is known before the answer is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lotkeeper_server.domain import limits
from lotkeeper_server.domain.decide.answer_weight import RECORDS_ALWAYS_LIGHT, weight_bytes
from lotkeeper_server.domain.model.identifiers import RecordId
from lotkeeper_server.domain.model.stock import Answer, Common, Label, Record
from lotkeeper_server.rpc.methods.inventory_operations import execute_response

from tests.unit.test_record_message import START, bare_record, identifier

THREE_BYTES = "鑫"
LARGEST = (1 << 63) - 1


def full_record(letter: str, length: int) -> Record:
    """A record that refers to everything, with each text of so many letters."""
    name = letter * length

    def named(number: int) -> Any:
        return Label(identifier(number), name=name, path=name, symbol=name, code=name)

    return bare_record(
        lot=named(2),
        secondary_lot=named(3),
        material=named(4),
        inventory_operation=named(5),
        operation_record_id=name,
        production_order=named(6),
        reason_code=named(7),
        source_location=named(8),
        destination_location=named(9),
        unit=named(10),
        quantity_millionths=LARGEST,
        source_change_millionths=-LARGEST,
        destination_change_millionths=LARGEST,
        inventory_name=name,
        end_millis=START + (1 << 40),
        reverses_record_id=RecordId(identifier(11)),
        reversed_by_record_id=RecordId(identifier(12)),
        request_id=name,
        common=Common(START, name, name, True, name, name, name, START, name, LARGEST),
    )


@pytest.mark.parametrize("letter", ["a", "é", THREE_BYTES, "🥛"])
@pytest.mark.parametrize("length", [0, 1, 50, 255])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("main_index", [0, None])
def test_an_answer_takes_no_more_than_its_weight(letter: str, length: int, count: int, main_index: int | None) -> None:
    """Whatever its texts are, and however many records it has; the record of the call stands in it twice."""
    answer = Answer([full_record(letter, length) for _ in range(count)], main_index)
    size = execute_response(answer).ByteSize()
    assert size <= weight_bytes(answer) <= size + 900 * (count + 1)


def test_so_many_records_are_always_light() -> None:
    """With the longest texts that there may be."""
    record = full_record(THREE_BYTES, limits.NAME_CODE_POINTS_MAX)
    path = THREE_BYTES * limits.PATH_CODE_POINTS_MAX
    place = Label(identifier(8), name=THREE_BYTES * limits.NAME_CODE_POINTS_MAX, path=path)
    longest = replace(
        record,
        material=replace(place, id=identifier(4)),
        source_location=place,
        destination_location=place,
        request_id="r" * limits.REQUEST_ID_CHARACTERS_MAX,
        common=replace(record.common, notes=THREE_BYTES * limits.TEXT_CODE_POINTS_MAX),
    )
    assert weight_bytes(Answer([longest] * RECORDS_ALWAYS_LIGHT)) <= limits.ANSWER_BYTES_MAX
