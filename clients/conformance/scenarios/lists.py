"""Lists that come in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import grpc
from lotkeeper.inventory.v1 import master_data_pb2, master_data_service_pb2

from clients.conformance.http2 import Call, ScriptedServer
from clients.conformance.refusals import CATALOGUE, Refusal
from clients.conformance.scenario import Judge, Outcome, Scenario, Script, Seen, equal
from clients.conformance.scenarios.answers import UNAVAILABLE, Step, cutting, error, plays, refusing, value

TOKENS: Final = ("", "page-2/+==", "page-3", "page-4")


def page(names: Sequence[str], next_token: str) -> Step:
    """A page."""

    def answer(call: Call, server: ScriptedServer) -> None:
        units = [master_data_pb2.UnitOfMeasure(id=f"id-{name}", name=name) for name in names]
        call.answer(
            master_data_service_pb2.ListUnitsOfMeasureResponse(units_of_measure=units, next_page_token=next_token)
        )

    return answer


PAGES: Final = (
    page(["a", "b"], TOKENS[1]),
    page([], TOKENS[2]),
    page(["c"], TOKENS[3]),
    page(["d", "a"], ""),
)
ALL: Final = ["a", "b", "c", "d", "a"]
PAGE_TOKEN_REFUSED: Final = Refusal(
    grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT", fields=(("page_token", "is of another request", "INVALID"),)
)


def _listed(tokens: Sequence[str], page_size: int = 0) -> Judge:
    def judge(outcome: Outcome, seen: Seen) -> None:
        equal("the names", value(outcome)["names"], ALL)
        _asked(seen, tokens, page_size)

    return judge


def _asked(seen: Seen, tokens: Sequence[str], page_size: int = 0) -> None:
    equal("the page tokens", [call.request.page_token for call in seen.calls], list(tokens))
    for call in seen.calls:
        asked = master_data_service_pb2.ListUnitsOfMeasureRequest()
        asked.CopyFrom(call.request)
        asked.page_token = ""
        if page_size:
            equal("page_size", asked.page_size, page_size)
        asked.page_size = 0
        equal("the rest of the request", asked, master_data_service_pb2.ListUnitsOfMeasureRequest())


def _broken_off(outcome: Outcome, seen: Seen) -> None:
    told = error(outcome)
    equal("the code", told["code"], "INVALID_ARGUMENT")
    equal("the fields", [one["field"] for one in told["fields"]], ["page_token"])
    equal("the names before", outcome.get("value", {}).get("names"), ["a", "b"])
    _asked(seen, TOKENS[:3])


def _empty(outcome: Outcome, seen: Seen) -> None:
    equal("the names", value(outcome)["names"], [])
    equal("calls", len(seen.calls), 1)


def _through_trouble() -> Script:
    return plays(
        PAGES[0],
        refusing(UNAVAILABLE),
        PAGES[1],
        cutting,
        PAGES[2],
        refusing(CATALOGUE["OVERLOADED"]),
        refusing(CATALOGUE["STORE_UNAVAILABLE"]),
        PAGES[3],
    )


SCENARIOS: Final = (
    Scenario(
        "pages",
        "pages are read to the last one, also where one is empty or shorter than asked for",
        "list_units",
        plays(*PAGES),
        _listed(TOKENS),
    ),
    Scenario(
        "page-size",
        "the page size of the caller stands in each request",
        "list_units",
        plays(*PAGES),
        _listed(TOKENS, page_size=2),
        {"page_size": 2},
    ),
    Scenario("no-items", "an empty list is empty", "list_units", plays(page([], "")), _empty),
    Scenario(
        "pages-through-trouble",
        "a page that fails is asked for again by the same token; none is lost, none comes twice",
        "list_units",
        _through_trouble(),
        _listed([TOKENS[0], *[TOKENS[1]] * 2, *[TOKENS[2]] * 2, *[TOKENS[3]] * 3]),
        timeout_seconds=20.0,
    ),
    Scenario(
        "page-token-refused",
        "where a later page is refused, the caller has the items before it, and then the error",
        "list_units",
        plays(PAGES[0], PAGES[1], refusing(PAGE_TOKEN_REFUSED)),
        _broken_off,
    ),
)
