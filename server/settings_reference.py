"""Writes docs/settings.md from the settings in the code: `settings_reference.py [--check] docs/settings.md`."""

import re
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from lotkeeper_server.access_settings import AccessSettings
from lotkeeper_server.cli.reloading import TAKEN_OVER
from lotkeeper_server.limit_settings import LimitSettings
from lotkeeper_server.settings import Settings
from lotkeeper_server.trace_settings import TraceSettings
from pydantic.fields import FieldInfo

HEAD: Final = """\
# Settings

Every setting of the server, from the code. One name everywhere: `listen` is `--listen` on the command line of
`lotkeeper-server serve` and `run` (hyphens for underscores), `LOTKEEPER_LISTEN` in the environment, and `listen` in the
TOML file that `--config FILE` or `LOTKEEPER_CONFIG` names.

```toml
listen = "0.0.0.0:50051"
log_level = "warning"
shutdown_seconds = 20
```

* **A flag wins** over the environment, the environment over the file, the file over the default. An empty variable
  counts as none.
* **A name that is none** does not start the server, in the file and in the environment: it says which was meant.
* **Secrets**: only the URL of the store can hold one. Give it by `database_url_file`: a command line can be read by
  other users.
* **At SIGHUP** a server takes over {taken_over}, and new contents of TLS files; everything else needs
  a restart ([operating.md](operating.md#sighup)).
* **Other commands** (`token`, `migrate`, `verify` …) read the same file and environment, and take the store from them.
* `server_started` in the log has those that are not as by default.
"""
SECTIONS: Final = (
    ("The server", Settings, "What they do is told in [operating.md](operating.md) and [stores.md](stores.md)."),
    (
        "Who may call",
        AccessSettings,
        "How they work together is told in [access.md](access.md).",
    ),
    ("Traces of calls", TraceSettings, "What they send is told in [traces.md](traces.md)."),
    ("Limits", LimitSettings, "What happens to whatever passes one is told in [limits.md](limits.md)."),
)
TABLE: Final = """
| setting | flag | variable | values | default | meaning |
|---|---|---|---|---|---|
"""
FOOT: Final = """
## Variables that are no settings

| variable | meaning |
|---|---|
| `LOTKEEPER_CONFIG` | the TOML file |
| `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID` | set by systemd ([operating.md](operating.md#under-systemd)) |
| `LOTKEEPER_WATCHDOG` | a file for notes of what holds the event loop; for those who work on the server |

The client's variables are in [client.md](client.md).
"""
_DEFAULT_IN_WORDS: Final = re.compile(r"\s*\[default: (.*)\]$")


def reference() -> str:
    """The whole page."""
    taken_over = ", ".join(f"`{name}`" for name in sorted(TAKEN_OVER))
    return HEAD.format(taken_over=taken_over) + "".join(_section(*one) for one in SECTIONS) + FOOT


def _section(title: str, owner: type[Any], where: str) -> str:
    rows = "".join(_row(name, field) for name, field in _fields_of(owner))
    return f"\n## {title}\n\n{where}\n{TABLE}{rows}"


def _fields_of(owner: type[Any]) -> Iterator[tuple[str, FieldInfo]]:
    """Those that a class says itself, not those it has from another."""
    for name, field in Settings.model_fields.items():
        if name in owner.__annotations__:
            yield name, field


def _row(name: str, field: FieldInfo) -> str:
    said = field.description or ""
    in_words = _DEFAULT_IN_WORDS.search(said)
    default = in_words[1] if in_words else _shown(field.default)
    meaning = _DEFAULT_IN_WORDS.sub("", said)
    cells = (
        f"`{name}`",
        f"`--{name.replace('_', '-')}`",
        f"`LOTKEEPER_{name.upper()}`",
        _values(field),
        default,
        meaning.replace("|", "\\|"),
    )
    return "| " + " | ".join(cells) + " |\n"


def _shown(default: object) -> str:
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:,}" if isinstance(default, int | float) else f"`{default}`"


def _values(field: FieldInfo) -> str:
    """What it may be: a range, a choice, or a kind."""
    kinds = [kind for kind in _alternatives(field.annotation) if kind is not type(None)]
    [kind] = kinds
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if kind is bool:
        return "true, false"
    if kind is Path:
        return "a path"
    if kind is str:
        return "HOST:PORT" if any(getattr(one, "pattern", None) for one in field.metadata) else "text"
    return _range(field.metadata, "a whole number" if kind is int else "a number")


def _alternatives(annotation: Any) -> Iterable[Any]:
    return get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)


def _range(metadata: Iterable[object], kind: str) -> str:
    lowest = highest = ""
    for one in metadata:
        if isinstance(one, Ge):
            lowest = f"{one.ge:,}"
        elif isinstance(one, Gt):
            lowest = f"above {one.gt:,}"
        elif isinstance(one, Le):
            highest = f"{one.le:,}"
    if lowest and highest:
        return f"{lowest} to {highest}"
    return f"{lowest} or more" if lowest else kind


def main(arguments: list[str]) -> int:
    """Writes the page, or says whether it is current."""
    path = Path(arguments[-1])
    if "--check" not in arguments:
        path.write_text(reference(), encoding="utf-8")
        return 0
    if path.read_text(encoding="utf-8") == reference():
        return 0
    sys.stderr.write(f"{path} is not current; run: make settings\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
