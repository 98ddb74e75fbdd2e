"""The list of sites whose pages may call by HTTP, as the setting has it."""

from typing import Final
from urllib.parse import urlsplit

EVERYBODY: Final = "*"


def known_origins(given: str) -> str:
    """The list as it is used: origins in lower case, with commas between them.

    Raises:
        ValueError: where an entry is no origin.
    """
    origins = [one.strip().rstrip("/").lower() for one in given.split(",") if one.strip()]
    for origin in origins:
        if origin != EVERYBODY and not _is_origin(origin):
            raise ValueError(f"{origin} is no origin: write https://plant.example.com, or * for all")
    return ",".join(origins)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return text == f"{parts.scheme}://{parts.netloc}" and bool(parts.netloc) and "@" not in parts.netloc
