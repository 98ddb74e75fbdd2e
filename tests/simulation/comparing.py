"""What the engine said beside what the model says."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lotkeeper_server.domain.model.stock import Record
from lotkeeper_server.domain.refusals import Refused

from tests.model.plant import ById, Plant
from tests.model.refusal import Refusal
from tests.simulation.definitions import millionths

DECIMALS = ("available", "requested", "capacity", "stored")


class Apart(Exception):
    """The engine did something else than the rules say."""


class Undecided(Exception):
    """Two processes' clocks showed the same, so that nobody can say which of two lots came first."""


@dataclass
class Names:
    """The store's ids and texts by the model's keys and names, and back."""

    ids: dict[str, bytes] = field(default_factory=dict)
    keys: dict[bytes, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    model_texts: dict[str, str] = field(default_factory=dict)

    def copied(self) -> Names:
        """Names of one's own."""
        return Names(dict(self.ids), dict(self.keys), dict(self.texts), dict(self.model_texts))

    def learn(self, key: str | None, identifier: bytes | None) -> None:
        """Of what is met for the first time."""
        if key is not None and identifier is not None and key not in self.ids:
            if identifier in self.keys:
                raise Apart(f"{key} should be new, and is {self.keys[identifier]}")
            self.ids[key], self.keys[identifier] = identifier, key

    def learn_text(self, name: str, told: str) -> None:
        """A generated name."""
        if name.startswith("uuid ") and name not in self.texts:
            self.texts[name], self.model_texts[told] = told, name

    def to_store(self, reference: ById | str) -> ById | str:
        """A reference as it is asked for; an id in hexadecimal.

        Raises:
            KeyError: where it is of nothing.
        """
        if isinstance(reference, ById):
            return ById(self.ids[reference.key].hex())
        if reference.startswith("no such"):
            raise KeyError(reference)
        return self.texts.get(reference, reference)

    def to_model(self, reference: ById | str) -> ById | str:
        """And back."""
        if isinstance(reference, ById):
            return ById(self.keys.get(bytes.fromhex(reference.key), f"unknown {reference.key}"))
        return self.model_texts.get(reference, reference)

    def id_of(self, key: str | None) -> bytes | None:
        """The store's id."""
        return None if not key else self.ids.get(key)

    def text_of(self, name: str) -> str:
        """The store's text."""
        return self.texts.get(name, name)


def compare_records(names: Names, plant: Plant, keys: list[str], told: list[Record]) -> None:
    """Every field that the rules speak of.

    Raises:
        Apart: where one differs.
    """
    if len(keys) != len(told):
        raise Apart(f"{len(told)} records, expected {len(keys)}")
    for key, record in zip(keys, told, strict=True):
        compare_record(names, plant, key, record)


def compare_record(names: Names, plant: Plant, key: str, told: Record) -> None:
    """One record."""
    expected = plant.records[key]
    names.learn(key, told.id)
    names.learn(expected.lot, told.lot.id)
    names.learn(expected.secondary, _id(told.secondary_lot))
    names.learn_text(plant.lots[expected.lot].name, told.lot.name)
    if expected.secondary is not None and told.secondary_lot is not None:
        names.learn_text(plant.lots[expected.secondary].name, told.secondary_lot.name)
    names.learn_text(expected.inventory_name, told.inventory_name)
    pairs = {
        "id": (told.id, names.id_of(key)),
        "type": (told.lot_record_type.name, expected.type),
        "status": (told.status.name, expected.status),
        "lot": (told.lot.id, names.id_of(expected.lot)),
        "lot name": (told.lot.name, names.text_of(plant.lots[expected.lot].name)),
        "secondary lot": (_id(told.secondary_lot), names.id_of(expected.secondary)),
        "operation": (_id(told.inventory_operation), names.id_of(expected.operation)),
        "operation record": (told.operation_record_id, expected.operation_record),
        "order": (_id(told.production_order), names.id_of(expected.order)),
        "reason code": (_id(told.reason_code), names.id_of(expected.reason_code)),
        "source": (_id(told.source_location), names.id_of(expected.source)),
        "destination": (_id(told.destination_location), names.id_of(expected.destination)),
        "lot status": (told.lot_status.name, expected.lot_status),
        "quantity": (told.quantity_millionths, millionths(expected.quantity)),
        "unit": (_id(told.unit), names.id_of(expected.unit)),
        "source change": (told.source_change_millionths, millionths(expected.source_change)),
        "destination change": (told.destination_change_millionths, millionths(expected.destination_change)),
        "inventory name": (told.inventory_name, names.text_of(expected.inventory_name)),
        "start": (told.start_millis, expected.start),
        "end": (told.end_millis, expected.end),
        "reverses": (told.reverses_record_id, names.id_of(expected.reverses)),
        "reversed by": (told.reversed_by_record_id, names.id_of(expected.reversed_by)),
        "request id": (told.request_id, expected.request_id),
        "notes": (told.common.notes, expected.notes),
        "created": (told.common.created_millis, expected.created),
        "modified": (told.common.modified_millis, expected.modified),
        "version": (told.common.version, expected.version),
    }
    refuse_apart(f"of {key}", pairs)


def compare_refusal(told: Refused, expected: Refusal) -> None:
    """Reason, place in a batch, and the quantities that it names."""
    said = told.refusal.metadata
    index = expected.metadata.get("index")
    pairs: dict[str, tuple[Any, Any]] = {"reason": (told.refusal.reason, expected.reason)}
    if index is not None:
        pairs["index"] = (str(told.index), index)
    for name in DECIMALS if expected.reason != "LOT_DIFFERS" else ():
        wanted = expected.metadata.get(name)
        if isinstance(wanted, str) and name in said:
            pairs[name] = (Decimal(said[name]), Decimal(wanted))
    refuse_apart(f"of the refusal {told.refusal.message}", pairs)


def refuse_apart(about: str, pairs: dict[str, tuple[Any, Any]]) -> None:
    """Told and expected, by name.

    Raises:
        Apart: where one differs.
    """
    apart = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if apart:
        raise Apart(f"{about}, told and expected: {apart}")


def _id(thing: Any) -> bytes | None:
    return None if thing is None else thing.id
