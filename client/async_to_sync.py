"""Makes the client without asyncio from the one with it, or proves that the committed one is current.

python client/async_to_sync.py           writes client/lotkeeper/_sync from client/lotkeeper/_async
python client/async_to_sync.py --check   exits 1 and names the modules that differ
"""

import re
import sys
from pathlib import Path

from entity_methods import tidied

SOURCE = Path(__file__).parent / "lotkeeper" / "_async"
TARGET = SOURCE.with_name("_sync")
WORDS = (
    (r"# Made from the contract by .*\n", ""),
    (r"lotkeeper\._async\b", "lotkeeper._sync"),
    (r"\bon asyncio\b", "without asyncio"),
    (r" \| AsyncIterable\[\w+\]", ""),
    (r"AsyncIterable, ", ""),
    (r"AsyncGenerator\[([\w.]+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync(Client|Coalescing|Transport|Generator|Iterator|Pages)\b", r"\1"),
    (r"\b_async_(coalescing|pages|transport)\b", r"_\1"),
    (r"\baclosing\b", "closing"),
    (r"\basync (with|def|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
)


def twin_of(path: Path) -> str:
    """A module without asyncio."""
    text = path.read_text()
    for word, instead in WORDS:
        text = re.sub(word, instead, text)
    text = f"# Made from _async/{path.name} by `python client/async_to_sync.py`; change that file instead.\n{text}"
    return tidied(text, TARGET / path.name)


def main() -> int:
    """Runs the command line; the exit status is 1 if a module is not current."""
    TARGET.mkdir(exist_ok=True)
    (TARGET / "__init__.py").touch()  # otherwise the linter does not see these files as a part of the package
    texts = {TARGET / path.name: twin_of(path) for path in sorted(SOURCE.glob("*.py"))}
    if "--check" not in sys.argv:
        for path, text in texts.items():
            path.write_text(text)
        return 0
    differing = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    differing += set(TARGET.glob("*.py")) - set(texts)
    if differing:
        print("not current, run `make client`:", *differing, sep="\n  ", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
