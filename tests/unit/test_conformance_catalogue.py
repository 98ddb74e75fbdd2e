"""The suite for clients has a scenario for every refusal of the contract, and knows those that are sent again."""

from __future__ import annotations

from lotkeeper.inventory.v1 import errors_pb2

from clients.conformance.refusals import CATALOGUE, RETRIED_WITH_REQUEST_ID, RETRIED_WITHOUT
from clients.conformance.scenarios import SCENARIOS

NAMES = [scenario.name for scenario in SCENARIOS]


def test_every_reason_of_the_contract_has_a_scenario() -> None:
    reasons = {value.name.removeprefix("ERROR_REASON_") for value in errors_pb2.ErrorReason.DESCRIPTOR.values} - {
        "UNSPECIFIED"
    }

    assert set(CATALOGUE) == reasons
    assert {f"refusal-{reason.lower().replace('_', '-')}" for reason in reasons} <= set(NAMES)


def test_scenarios_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_what_is_sent_again_are_reasons_of_the_contract() -> None:
    assert RETRIED_WITHOUT < RETRIED_WITH_REQUEST_ID < set(CATALOGUE)
    assert CATALOGUE["INSUFFICIENT_INVENTORY"].metadata.keys() >= {"lot", "location", "available", "requested"}
