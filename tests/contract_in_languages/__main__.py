"""The contract as others take it: stubs are made of the published descriptors in each language, and compiled.

    python -m tests.contract_in_languages FOLDER [LANGUAGE ...]

FOLDER keeps the generators from run to run. A language whose tools are not there is skipped, with the reason. It asks
the package registries of the languages.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.contract_in_languages.golang import go
from tests.contract_in_languages.jvm import java, kotlin
from tests.contract_in_languages.node import grpc_js, typescript
from tests.contract_in_languages.read_alone import csharp, read_by
from tests.contract_in_languages.rust import rust
from tests.contract_in_languages.workshop import Skipped, Workshop

LANGUAGES: Final[dict[str, Callable[[Workshop], str]]] = {
    "go": go,
    "java": java,
    "kotlin": kotlin,
    "typescript": typescript,
    "grpc-js": grpc_js,
    "rust": rust,
    "csharp": csharp,
    "php": read_by("php", "php", "-l"),
    "ruby": read_by("ruby", "ruby", "-c"),
}


def main() -> None:
    """Makes and compiles all, or the languages that are named."""
    workshop = Workshop(Path(sys.argv[1]))
    for language in sys.argv[2:] or LANGUAGES:
        began = time.monotonic()
        try:
            outcome = LANGUAGES[language](workshop)
        except Skipped as why:
            outcome = f"skipped: {why}"
        print(f"{language}: {outcome}, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
