"""The suite for clients has every refusal that docs/errors.md names, with all its metadata."""

from __future__ import annotations

import re
from pathlib import Path

from clients.conformance.refusals import CATALOGUE
from clients.conformance.scenarios import SCENARIOS

ERRORS = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([A-Z_]+)` \|[^|]*\| ?([^|]*)\|", re.MULTILINE)


def documented() -> dict[str, set[str]]:
    rows = {reason: set(re.findall(r"[a-z_]+", re.sub(r"\([^)]*\)", "", keys))) for reason, keys in ROW.findall(ERRORS)}
    entities = re.findall(r"`([A-Z_]+_NOT_FOUND)`", ERRORS)
    return rows | {reason: set() for reason in entities}


def test_every_documented_refusal_is_sent_with_all_its_metadata() -> None:
    named = documented()

    assert set(CATALOGUE) == set(named)
    for reason, keys in named.items():
        if not reason.endswith("_NOT_FOUND"):
            assert set(CATALOGUE[reason].metadata) == keys, reason


def test_scenarios_have_names_of_their_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]

    assert len(set(names)) == len(names)
    assert {f"refusal-{reason.lower().replace('_', '-')}" for reason in CATALOGUE} <= set(names)
