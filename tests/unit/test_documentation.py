"""What the documentation says is what the code has."""

import inspect
import re
from pathlib import Path

from lotkeeper_server.domain import refusals
from lotkeeper_server.domain.refusals import NotFound, Refusal

DOCS = Path(__file__).parents[2] / "docs"


def test_the_error_guide_has_every_reason_under_its_code_and_no_other() -> None:
    """Each with what to do; of NOT_FOUND, which names the kind of entity, the text."""
    guide = (DOCS / "errors.md").read_text()
    documented = {}
    for title, section in re.findall(r"^## [^:\n]*: ([A-Z_, ]+)\n(.*?)(?=^## |\Z)", guide, re.DOTALL | re.MULTILINE):
        for reason, when, _, what_to_do in re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", section, re.MULTILINE):
            assert reason not in documented, reason
            documented[reason] = title.split(", ")
            assert when.strip(), reason
            assert what_to_do.strip(), reason
    known = {
        one.reason: one.code.name
        for _, one in inspect.getmembers(refusals, inspect.isclass)
        if issubclass(one, Refusal) and one not in {Refusal, NotFound}
    }
    assert documented.keys() == known.keys()
    assert {reason: code for reason, code in known.items() if code not in documented[reason]} == {}


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    """Files, and headings within them."""
    pages = [*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")]
    for page in pages:
        text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            name, _, heading = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            assert file.exists(), f"{page.name}: {target}"
            assert not heading or heading in _anchors(file), f"{page.name}: {target}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_fault_on_record_names_a_test_that_is_there() -> None:
    """By file and function; but for those in the last section, which says that it has none."""
    page = (DOCS / "correctness.md").read_text()
    record = page[page.index("\n## As if one after another") :]
    tested, _, untested = record.partition("\n## Without a test of their own")
    named = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
    for entry in re.findall(r"^\* \*\*.*?(?=^\* |^## |\Z)", tested, re.DOTALL | re.MULTILINE):
        assert named.search(entry), entry
    assert "::" not in untested
    for file, function in named.findall(page):
        text = (DOCS.parent / file).read_text() if (DOCS.parent / file).exists() else ""
        assert re.search(rf"^(async )?def {function}\(", text, re.MULTILINE), f"{file}::{function}"
    for file in re.findall(r"`(tests/[\w/]+\.py)`", page):
        assert (DOCS.parent / file).exists(), file
