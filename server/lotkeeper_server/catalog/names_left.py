"""Names from before names had one form: where one comes back just as it is stored, it stays.

A migration leaves a name as it is where two would become one, or where it has what no name may have. Whoever reads such
a thing and saves it back means the same name, and may edit the rest.
"""

from collections.abc import Callable
from typing import Any, Final

from lotkeeper_server.catalog.fields import Name
from lotkeeper_server.catalog.name_forms import name_forms
from lotkeeper_server.catalog.save_in_progress import Saving
from lotkeeper_server.domain.model.text import name_fault, path_fault, path_form

NO_NAMES: Final[frozenset[str]] = frozenset()
"""None was left."""


def names_left(saving: Saving, message: Any) -> frozenset[str]:
    """The fields of a message that repeat a stored name which is not in the one form, or which is none."""
    forms = name_forms(saving.description)
    texts = {field: text for field in forms if not (text := getattr(message, field)).isascii()}
    odd = {field: text for field, text in texts.items() if _is_odd(text, forms[field])}
    if not odd:
        return NO_NAMES
    row = saving.lookups.stored(saving.description, saving.id)
    if row is None:
        return NO_NAMES
    stored = {one.name: row[one.column] for one in saving.description.fields if isinstance(one, Name)}
    for reference in saving.description.references:
        if row[reference.column] is not None and not odd.keys().isdisjoint(reference.beside):
            columns = tuple(reference.beside.values())
            values = saving.lookups.values_of(reference.target, row[reference.column], columns)
            stored |= dict(zip(reference.beside, values, strict=True))
    return frozenset(field for field, text in odd.items() if stored.get(field) == text)


def _is_odd(text: str, form_of: Callable[[str], str]) -> bool:
    form = form_of(text)
    return form != text or (path_fault if form_of is path_form else name_fault)(form) is not None
