"""Which line a call is, and where what is in it comes from."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from lotkeeper_server.observability.call_log import CODE_NAMES, _event
from lotkeeper_server.observability.method_metrics import CODES
from lotkeeper_server.observability.native_lines import told_of
from lotkeeper_server.observability.pipeline import Phases, shown_phases
from lotkeeper_server.observability.trace_context import trace_id_of
from lotkeeper_server.settings import Settings
from lotkeeper_server.shown_settings import shown_settings
from lotkeeper_server.transport import Status

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("code", "reason", "is_slow", "event", "level"),
    [
        ("OK", "", True, "call_slow", logging.WARNING),
        ("CANCELLED", "", True, "call_slow", logging.WARNING),
        ("CANCELLED", "", False, "call_refused", logging.DEBUG),
        ("INVALID_ARGUMENT", "INVALID_ARGUMENT", True, "call_refused", logging.INFO),
        ("NOT_FOUND", "LOT_NOT_FOUND", False, "call_refused", logging.INFO),
        ("FAILED_PRECONDITION", "INSUFFICIENT_INVENTORY", False, "call_refused", logging.INFO),
        ("UNIMPLEMENTED", "", False, "call_refused", logging.INFO),
        ("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", False, "call_refused", logging.WARNING),
        ("RESOURCE_EXHAUSTED", "OVERLOADED", False, "call_refused", logging.WARNING),
        ("ABORTED", "CONTENTION", False, "call_refused", logging.WARNING),
        ("PERMISSION_DENIED", "PERMISSION_DENIED", False, "call_refused", logging.WARNING),
        ("UNAUTHENTICATED", "UNAUTHENTICATED", False, "call_refused", logging.DEBUG),
        ("UNAVAILABLE", "SHUTTING_DOWN", False, "call_refused", logging.INFO),
        ("UNAVAILABLE", "STORE_UNAVAILABLE", False, "call_failed", logging.ERROR),
        ("INTERNAL", "INTERNAL", False, "call_failed", logging.ERROR),
    ],
)
def test_the_level_follows_from_whose_fault_it_is(
    code: str, reason: str, is_slow: bool, event: str, level: int
) -> None:
    """As docs/logs.md says."""
    status = Status(CODE_NAMES.index(code), reason=reason)
    assert _event(status, is_slow=is_slow) == (event, level)


def test_the_codes_of_the_log_and_of_the_metrics_are_the_same() -> None:
    """In the order of their numbers, each in its own way to write them."""
    plain = [name.replace("_", "").lower() for name in CODE_NAMES]
    assert [name.lower() for name in CODES] == [name.replace("cancelled", "canceled") for name in plain]


def test_the_time_of_a_call_is_split_by_the_phases_of_its_last_transaction() -> None:
    phases = Phases(10.5)
    assert shown_phases(None, 10.0, 11.0) == {"ms": 1000}
    assert shown_phases(phases, 10.0, 11.0) == {"ms": 1000, "waiting_ms": 500, "deciding_ms": 500}
    phases.decided_seconds, phases.committed_seconds = 10.6, 10.9
    assert shown_phases(phases, 10.0, 11.0) == {
        "ms": 1000,
        "waiting_ms": 500,
        "deciding_ms": 100,
        "committing_ms": 300,
    }


@pytest.mark.parametrize(
    ("sent", "trace_id"),
    [
        (f"00-{TRACE_ID}-00f067aa0ba902b7-01", TRACE_ID),
        (f"cc-{TRACE_ID}-00f067aa0ba902b7-01-more", TRACE_ID),
        (f"ff-{TRACE_ID}-00f067aa0ba902b7-01", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE_ID.upper()}-00f067aa0ba902b7-01", ""),
        (f"00-{TRACE_ID}", ""),
        ("x" * 10_000, ""),
        ("", ""),
    ],
)
def test_a_trace_id_is_that_of_w3c_or_none(sent: str, trace_id: str) -> None:
    """Nothing else that a caller sends gets into that field."""
    assert trace_id_of([("a", "b"), ("traceparent", sent)]) == trace_id
    assert trace_id_of([("traceparent", b"bytes")]) == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "E0000 00:00:1764480000.123456   4711 ssl_transport_security.cc:1665] Handshake failed: {x}",
            ("error", "grpc.ssl_transport_security.cc:1665", "Handshake failed: {x}"),
        ),
        (
            "I1130 05:39:25.300449   27066 chttp2_transport.cc:1403] Got goaway",
            ("info", "grpc.chttp2_transport.cc:1403", "Got goaway"),
        ),
        ("free(): invalid pointer", ("warning", "native", "free(): invalid pointer")),
    ],
)
def test_a_line_of_grpc_gets_its_level_and_place(line: str, told: tuple[str, str, str]) -> None:
    assert told_of(line) == told


def test_the_settings_that_are_shown_hold_no_secret() -> None:
    """The store's URL without its password; every other setting by its name."""
    settings = Settings(database_url="postgresql+psycopg://keeper:geheim@db/lots?password=geheim&sslmode=require")
    shown = shown_settings(settings)
    assert "geheim" not in str(shown)
    assert "db/lots" in shown["database_url"]
    assert shown.keys() == {"database_url"}


def test_the_settings_that_are_shown_are_those_that_somebody_has_set(tmp_path: Path) -> None:
    """The store's URL is not shown where it is kept in a file."""
    file = tmp_path / "url"
    file.write_text("sqlite:///kept-in-a-file.db")
    shown = shown_settings(Settings(slow_call_seconds=2, database_url_file=file, processes=1))
    assert shown == {"slow_call_seconds": 2, "database_url_file": str(file)}
