"""docs/capacity.md repeats figures of the benchmark's report, and is to be changed with it."""

import json
import re
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/capacity.md").read_text()
REPORT = {one["number"]: one for one in json.loads((ROOT / "bench/report/report.json").read_text())["figures"]}
RELATIVE = 0.05  # figures of the page are rounded


@pytest.mark.parametrize(
    ("row", "column", "number"),
    [
        ("B1u, B2", 2, "B1u"),
        ("B1u, B2", 3, "B2"),
        ("B1", 2, "B1"),
        ("B3", 2, "B3"),
        ("B3", 3, "B3, PostgreSQL"),
        ("B5", 2, "B5"),
        ("B5", 3, "B5, PostgreSQL"),
        ("B6", 3, "B6"),
        ("B7", 2, "B7"),
        ("B10 idle", 2, "B10 idle"),
        ("B10", 2, "B10"),
        ("B9 memory", 2, "B9 memory"),
    ],
)
def test_a_figure_of_the_page_is_that_of_the_report(row: str, column: int, number: str) -> None:
    [found] = re.findall(rf"^\| {re.escape(row)} \|.*$", PAGE, re.MULTILINE)
    said = float(found.strip("|").split("|")[column].removesuffix("/s ").replace(",", ""))
    assert said == pytest.approx(median(REPORT[number]["measured"]), rel=RELATIVE)


def test_what_the_page_says_in_words_is_what_the_report_says() -> None:
    assert median(REPORT["B4 p50"]["measured"]) == pytest.approx(2, rel=0.1)
    assert median(REPORT["B4 p50, PostgreSQL"]["measured"]) == pytest.approx(8, rel=0.1)
    assert REPORT["B9"]["median"] == pytest.approx(0.9, abs=0.05)
    assert REPORT["B7"]["median"] >= 0.9
    assert REPORT["B13 page 10,000"]["median"] >= 0.9
