"""A status for people: a word for what it is about, then what there is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lotkeeper.visible_text import visible

from lotkeeper_server.cli.shown_bytes import shown_bytes
from lotkeeper_server.domain.model.dates import rfc3339

_TITLE_CHARACTERS: Final = 12


def lines_of(status: Mapping[str, Any]) -> Iterator[str]:
    """Its lines, as a terminal may show them.

    Args:
        status: in the form that `--json` prints.
    """
    for title, text in _parts(status):
        yield visible(f"{title:{_TITLE_CHARACTERS}}{text}")


def _parts(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _of_store(status["store"])
    yield from _of_processes(status)
    calls = status["server"]
    if status["processes"]:
        yield from _of_calls(calls)


def _of_store(store: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "store", f"{store['url']}, {store.get('database', 'not asked')}"
    if store["fault"] is not None:
        yield "", f"FAULT: {store['fault']}; lotkeeper-server doctor says more"
    if "schema" in store:
        yield "schema", f"{store['schema']}; this program's is {store['schema_of_program']}"
    if "epoch" in store:
        until = f", until {store['archived_until']}" if store["archived_until"] else ""
        yield "epoch", store["epoch"]
        yield "archive", f"{store['archive_files']} files{until}"
    if "bytes" in store:
        sizes = f"the store has {shown_bytes(store['bytes'])}, its log {shown_bytes(store['log_bytes'])}"
        yield "disk", f"{sizes}; {shown_bytes(store['disk_free_bytes'])} left"
    if "clock_ahead_ms" in store:
        ahead, uncertain = store["clock_ahead_ms"], store["clock_uncertain_ms"]
        yield "clock", f"the database's is {ahead:+.1f} ms beside this machine's (± {uncertain:.1f} ms)"


def _of_processes(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    processes, silent = status["processes"], status["silent_pids"]
    yield "processes", f"{len(processes)} serve this store" if processes else "none of this user serves this store here"
    for one in processes:
        usable = "usable" if one["store_usable"] else "NOT USABLE"
        yield (
            f"  {one['pid']}",
            f"{one['address']}, {one['version']}, schema {one['schema']}, since {rfc3339(one['begun_millis'])}",
        )
        memory = shown_bytes(one.get("memory_bytes", 0))
        yield "", f"store {usable} for {one['store_seconds']:g} s, {one['connections']} connections"
        descriptors = f"{one.get('descriptors', '?')} of {one['descriptors_max']} descriptors"
        yield "", f"{memory}, {one['cpu_seconds']:g} s of processor, {descriptors}"
    for pid in silent:
        yield f"  {pid}", "SILENT: it is frozen, or its event loop is held"


def _of_calls(server: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "queue", f"{server['calls_in_progress']} calls in progress, {server['calls_waiting']} wait to be collected"
    yield "", f"{server['calls_held']} held by other transactions, the longest for {server['held_seconds']:g} s"
    yield "", f"{server['works_waiting']} saves and imports and {server['reads_waiting']} reads wait"
    yield from _of_wait(server["wait"])
    oldest = server["oldest_call"]
    said = "none" if oldest is None else f"{oldest['method']} of {oldest['principal'] or '?'}, {oldest['seconds']:g} s"
    yield "oldest call", said
    yield from _rows(
        "principals",
        [
            f"{one['principal']}: {one['calls_per_second']:g} calls a second, {one['calls_in_progress']} in progress"
            for one in server["principals"]
        ],
    )
    yield from _rows(
        "locations",
        [f"{one['path'] or one['id']}: {one['changes_per_second']:g} changes a second" for one in server["locations"]],
    )
    lots = [f"{one['lot']}: {one['waits_per_second']:g} waits a second" for one in server["lots_waited_for"]]
    yield from _rows("hot lots", lots)
    refused = [
        f"{one['cause_and_principal']}: {one['calls_per_second']:g} a second" for one in server["refused_callers"]
    ]
    yield from _rows("not let in", refused)
    behind = [f"{one['principal']}: {one['behind_seconds']:g} s behind" for one in server["watches_behind"]]
    yield from _rows("watches", [str(server["watches"]), *behind])


def _of_wait(wait: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Why calls wait: docs/slow-calls.md has a part for each cause."""
    if wait is None:
        yield "slow", "calls do not wait"
        return
    numbers = {name: value for name, value in wait.items() if name not in {"why", "holders", "principals"}}
    yield "SLOW", f"{wait['why']}: {_named(numbers.items())}"
    for holder in wait.get("holders", ()):
        who, more = list(holder.items())[:2], list(holder.items())[2:]
        yield "", "held by " + _named(who)
        if more:
            yield "", "  " + _named(more)
    for principal, calls in wait.get("principals", {}).items():
        yield "", f"{principal} has {calls} calls in progress"


def _named(values: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values)


def _rows(title: str, rows: list[str]) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(rows or ["none in the last minute"]):
        yield title if not number else "", row
