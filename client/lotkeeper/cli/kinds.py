"""What has a name on the command line: how it is listed, and which of its texts finds it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

from lotkeeper._sync.client import Client

LOOKED_AT_MAX: Final = 2_000
"""So many things of a kind at most are looked at for one that may have been meant."""
PAGE_SIZE: Final = 500
SHOWN_MAX: Final = 3


@dataclass(frozen=True)
class Named:
    """A kind of thing.

    Attributes:
        words: such as `inventory operation`.
        reason: of the refusal where there is none.
        list_method: of the client.
        keys: the fields whose text names one, the one that is shown first.
        prefix_argument: of the list method.
        is_tree: whether the key is a path, and the list takes a parent.
    """

    words: str
    reason: str
    list_method: str
    keys: tuple[str, ...]
    prefix_argument: str = "name_prefix"
    is_tree: bool = False

    def listed(self, client: Client, *, prefix: str = "", limit: int = LOOKED_AT_MAX, **filters: Any) -> Iterator[Any]:
        """Those that begin with a text, in the order of their ids."""
        if prefix:
            filters[self.prefix_argument] = prefix
        method: Callable[..., Iterable[Any]] = getattr(client, self.list_method)
        return islice(method(page_size=min(limit, PAGE_SIZE), **filters), limit)


OPERATION: Final = Named("inventory operation", "INVENTORY_OPERATION_NOT_FOUND", "list_inventory_operations", ("name",))
LOT: Final = Named("lot", "LOT_NOT_FOUND", "list_lots", ("name",))
UNIT: Final = Named("unit of measure", "UNIT_OF_MEASURE_NOT_FOUND", "list_units_of_measure", ("symbol", "name"))
LOCATION: Final = Named("location", "LOCATION_NOT_FOUND", "list_locations", ("path",), is_tree=True)
MATERIAL: Final = Named("material", "MATERIAL_NOT_FOUND", "list_materials", ("path",))
MATERIAL_CLASS: Final = Named(
    "material class", "MATERIAL_CLASS_NOT_FOUND", "list_material_classes", ("path",), is_tree=True
)
REASON_CODE: Final = Named(
    "reason code",
    "MATERIAL_REASON_CODE_NOT_FOUND",
    "list_material_reason_codes",
    ("reason_code",),
    prefix_argument="reason_code_prefix",
)
PROCESS_OPERATION: Final = Named("process operation", "OPERATION_NOT_FOUND", "list_operations", ("name",))
ORDER: Final = Named("production order", "PRODUCTION_ORDER_NOT_FOUND", "list_production_orders", ("name",))
KINDS: Final = (
    OPERATION,
    LOT,
    UNIT,
    LOCATION,
    MATERIAL,
    MATERIAL_CLASS,
    REASON_CODE,
    PROCESS_OPERATION,
    ORDER,
)


def form_of(text: str) -> str:
    """A text as the server keeps names."""
    return unicodedata.normalize("NFC", text)


def close_to(client: Client, kind: Named, text: str) -> list[str]:
    """The names of a kind that may have been meant, the likeliest first.

    Args:
        client: of the server that has them.
        kind: of what was asked for.
        text: as it was asked for.
    """
    wanted = form_of(text)
    texts: dict[str, str] = {}
    # The whole list of a large plant would take long: what begins alike comes first.
    last = wanted.rpartition("/")[2] if kind.keys[0] == "path" else wanted
    for prefix in (last[: (len(last) + 1) // 2], ""):
        for one in kind.listed(client, prefix=prefix):
            for key in kind.keys:
                shown = getattr(one, kind.keys[0])
                texts.setdefault(getattr(one, key).casefold(), shown)
                texts.setdefault(getattr(one, key).rpartition("/")[2].casefold(), shown)
        found = get_close_matches(wanted.casefold(), texts, SHOWN_MAX * 2)
        found += get_close_matches(last.casefold(), texts, SHOWN_MAX * 2)
        found += [known for known in texts if len(wanted) > 2 and wanted.casefold() in known]
        if found:
            break
    return list(dict.fromkeys(texts[known] for known in found if texts[known] != wanted))[:SHOWN_MAX]
