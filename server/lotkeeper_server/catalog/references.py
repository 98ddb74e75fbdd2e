"""References: an id, and names, paths, symbols or codes that mean the same."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from google.protobuf.message import Message

from lotkeeper_server.catalog.descriptions import UNIQUE_NAME_TARGETS
from lotkeeper_server.catalog.fields import NoteFault, Reference
from lotkeeper_server.catalog.naming import check_seen, not_found
from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.model.identifiers import Id, format_id, parse_id
from lotkeeper_server.domain.model.text import name_fault, name_form, path_fault, path_form
from lotkeeper_server.domain.refusals import Fault, FieldViolation, InvalidArgument, Refused


@dataclass(frozen=True, slots=True)
class Parts:
    """The given parts of a reference: the id's canonical text, and texts by field; empty ones are left out."""

    given: dict[str, str]


@cache
def looked_up(reference: Reference) -> Sequence[str]:
    """The proto fields that can identify the thing; a name that is not unique by itself cannot."""
    unique = UNIQUE_NAME_TARGETS[reference.target]
    return (reference.id_field, *(name for name, column in reference.beside.items() if column in unique))


def read_parts(reference: Reference, message: Message, looked_at: Collection[str], fault: NoteFault) -> Parts:
    """The given parts of the fields that count; all of them can be looked up."""
    given: dict[str, str] = {}
    for name in looked_at:
        text: str = getattr(message, name)
        if not text:
            continue
        if name == reference.id_field:
            identifier = parse_id(text)
            if identifier is None:
                fault(name, Fault.malformed(f"{text} is not a ULID"))
            else:
                given[name] = format_id(identifier)
        else:
            path = reference.beside[name] == "path"
            text = path_form(text) if path else name_form(text)
            if description := (path_fault(text) if path else name_fault(text)):
                fault(name, description)
            else:
                given[name] = text
    if reference.required and not given:
        fault(reference.id_field, Fault.required())
    return Parts(given)


def resolve_reference(saving: Saving, reference: Reference, parts: Parts) -> None:
    """Sets the id that the parts name in the row to save; parts that only repeat the stored reference do not count."""
    given = parts.given
    current = _current(saving, reference)
    differing = {name: text for name, text in given.items() if current.get(name) != text}
    if differing:
        given = differing
    elif given and saving.old is not None:
        return
    found: dict[str, Id] = {}
    for name, text in given.items():
        by_id = name == reference.id_field
        column = "id" if by_id else reference.beside[name]
        value = (parse_id(text) if by_id else None) or text
        identifier = saving.lookups.id_by(reference.target, column, value)
        try:
            check_seen(saving.tx.connection, reference.target, value, identifier, saving.path_of(name))
        except Refused as refused:
            saving.refuse(refused.refusal)
            saving.unsettled.add(reference.name)
            return
        if identifier is None:
            saving.refuse(not_found(reference.target, column, text).at(saving.path_of(name)))
            saving.unsettled.add(reference.name)
            return
        found[name] = identifier
    if len(set(found.values())) > 1:
        text = "names something else than the other fields for it"
        faults = tuple(FieldViolation.of(saving.path_of(name), Fault.conflicting(text)) for name in found)
        saving.refuse(InvalidArgument.of(faults))
        saving.unsettled.add(reference.name)
        return
    saving.new[reference.column] = next(iter(found.values()), None)


def _current(saving: Saving, reference: Reference) -> dict[str, str]:
    """The present text of each part."""
    identifier = saving.old and saving.old[reference.column]
    if not identifier:
        return {}
    values = saving.lookups.values_of(reference.target, identifier, tuple(reference.beside.values()))
    return {reference.id_field: format_id(identifier), **dict(zip(reference.beside, values, strict=True))}
