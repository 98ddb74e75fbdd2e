"""Makes the client without asyncio from the one with it, or proves that the committed one is current.

python client/async_to_sync.py           writes client/lotkeeper/_client.py
python client/async_to_sync.py --check   exits 1 where it differs
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "lotkeeper"
SOURCE, TARGET = FOLDER / "_async_client.py", FOLDER / "_client.py"
WORDS = (
    (
        '"""The client on asyncio. Its twin without is made from this file by `python client/async_to_sync.py`."""',
        '"""The client. Made from `_async_client.py` by `python client/async_to_sync.py`; change that one."""',
    ),
    (
        # Its place among the imports is another one.
        "from lotkeeper._async_transport import AsyncTransport\nfrom lotkeeper._retrying",
        "from lotkeeper._retrying",
    ),
    (
        "from lotkeeper._tokens import find_token\n",
        "from lotkeeper._tokens import find_token\nfrom lotkeeper._transport import Transport\n",
    ),
    ("AsyncIterator", "Iterator"),
    ("AsyncTransport", "Transport"),
    ("_async_transport", "_transport"),
    ("AsyncClient", "Client"),
    ("import Iterator, Iterable,", "import Iterable, Iterator,"),
    ("async with", "with"),
    ("async def ", "def "),
    ("await ", ""),
    ("__aenter__", "__enter__"),
    ("__aexit__", "__exit__"),
)


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout  # noqa: S603 - ours


def main() -> int:
    """Runs the command line; the exit status is 1 where the client is not current."""
    text = SOURCE.read_text()
    for word, instead in WORDS:
        text = text.replace(word, instead)
    text = _formatted(text)
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    if TARGET.read_text() == text:
        return 0
    print(f"{TARGET} is not current, run `make client`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
