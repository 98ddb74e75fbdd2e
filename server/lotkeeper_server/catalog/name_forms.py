"""Which fields of an entity name something, and what brings each to its one form."""

from collections.abc import Callable, Mapping
from functools import cache

from lotkeeper_server.catalog.descriptions import Description
from lotkeeper_server.catalog.fields import Name
from lotkeeper_server.domain.model.text import name_form, path_form


@cache
def name_forms(description: Description) -> Mapping[str, Callable[[str], str]]:
    """The fields of an entity that name something, with the function that gives their one form."""
    own: dict[str, Callable[[str], str]] = {one.name: name_form for one in description.fields if isinstance(one, Name)}
    return own | {
        field: path_form if column == "path" else name_form
        for reference in description.references
        for field, column in reference.beside.items()
    }
