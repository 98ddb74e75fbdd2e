"""How far a migration has come: who reports, and what a terminal gets of it."""

from __future__ import annotations

import pytest
from lotkeeper_server.cli import progress
from lotkeeper_server.cli.progress import TellingProgress
from lotkeeper_server.store.schema.progress import report, reporting


def test_reports_go_where_the_one_who_migrates_wants_them_and_else_nowhere() -> None:
    """Also to the outer one again, after the block."""
    told: list[tuple[str, int, int]] = []
    report("nothing listens", 1, 2)
    with reporting(lambda *said: told.append(said)):
        report("records are read", 1, 2)
    report("nothing listens", 2, 2)
    assert told == [("records are read", 1, 2)]


def test_a_terminal_gets_a_line_a_second_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A step that is over within a second is not worth one."""
    seconds = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds)
    telling = TellingProgress()
    for seconds, done in ((100.9, 1), (101.0, 2), (101.5, 3), (102.1, 4)):  # noqa: B007 - the clock reads it
        telling("records are read", done, 5)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "records are read: 2 of 5\nrecords are read: 4 of 5\n")
