"""What repeats in the log is counted: the first line at once, then one that says how many it stands for."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from lotkeeper_server.observability.repeats import ALWAYS_WRITTEN, ERROR_IDS_MAX, KEPT_MAX, WINDOW_SECONDS, Repeats


class Log:
    """A log whose clock a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.dropped = 0
        self.repeats = Repeats(self._drop, lambda: self.seconds)

    def _drop(self) -> None:
        self.dropped += 1

    def writes(self, event: str = "call_refused", **fields: Any) -> bool:
        """Whether a line is written now."""
        try:
            self.repeats(None, "", {"event": event, "level": "warning", **fields})
        except structlog.DropEvent:
            return False
        return True


def test_equal_lines_are_one_and_then_a_count_every_ten_seconds() -> None:
    """Of 3,000 lines in half a minute four are written."""
    log = Log()
    written = 0
    counted = []
    for _ in range(3_000):
        written += log.writes(reason="STORE_UNAVAILABLE", method="Execute", ms=3)
        log.seconds += 0.01
        counted += [line["repeated"] for line in log.repeats.due()]
    counted += [line["repeated"] for line in log.repeats.due(all_of_them=True)]
    assert written == 1
    assert len(counted) <= 3
    assert 1 + sum(counted) == 3_000
    assert log.dropped == 2_999


def test_after_a_quiet_while_a_line_is_written_at_once_again() -> None:
    log = Log()
    assert log.writes()
    log.seconds += WINDOW_SECONDS + 1
    assert log.repeats.due() == []
    assert log.writes()


@pytest.mark.parametrize("field", ["reason", "method", "caller", "limit", "task", "logger", "worker"])
def test_lines_about_something_else_are_not_alike(field: str) -> None:
    """By whatever says what a line is about; not by what it measured."""
    log = Log()
    assert log.writes(**{field: "a"}, ms=1, peer="p")
    assert log.writes(**{field: "b"}, ms=1, peer="p")
    assert not log.writes(**{field: "b"}, ms=2, peer="q")


def test_faults_are_told_apart_by_their_class_and_name_the_ids_that_callers_were_told() -> None:
    """Whoever has an id finds it; the stack of the first is there."""
    log = Log()
    assert log.writes("fault", error_id="0", exc_info=ValueError("a"))
    assert log.writes("fault", error_id="1", exc_info=KeyError("a"))
    for number in range(ERROR_IDS_MAX + 10):
        assert not log.writes("fault", error_id=str(number), exc_info=ValueError("b"))
    (line,) = log.repeats.due(all_of_them=True)
    assert line["error_ids"] == [str(number) for number in range(ERROR_IDS_MAX)]
    assert (line["repeated"], line["error_class"]) == (ERROR_IDS_MAX + 10, "ValueError")
    assert "exc_info" not in line  # it would keep every frame of the stack in memory


def test_what_is_kept_has_an_end() -> None:
    """Callers without number are told apart by the event alone; those whose time is over make room."""
    log = Log()
    for number in range(KEPT_MAX):
        assert log.writes(caller=str(number))
    assert log.writes(caller="one more")
    assert not log.writes(caller="and another")
    log.seconds += WINDOW_SECONDS + 1
    log.repeats.due()
    assert log.writes(caller="later")
    assert log.writes(caller="later still")


@pytest.mark.parametrize("event", sorted(ALWAYS_WRITTEN))
def test_what_says_how_it_is_from_now_on_is_always_written(event: str) -> None:
    """As is a line that stands for others."""
    log = Log()
    assert all(log.writes(event) for _ in range(3))
    assert all(log.writes(repeated=5) for _ in range(3))


def test_a_forked_process_has_written_nothing_yet() -> None:
    """Else the first line of a worker would be missing, since its supervisor had written one like it."""
    log = Log()
    assert log.writes()
    log.repeats.forget()
    assert log.writes()
