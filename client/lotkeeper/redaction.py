"""Takes out of a text what looks like a secret: before it is shown, or written to a log."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
_PATTERNS: Final = (
    (re.compile(r"lk_[A-Za-z0-9_-]{16,}"), f"lk_{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer\s+)[^\s'\"]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(\b\w*(?:password|passwd|pwd|passphrase|secret)\s*=\s*)[^&\s]+"), rf"\1{HIDDEN}"),
    # Up to the last @ of the line: a password may hold one that should have been escaped.
    (re.compile(r"(://[^\s/@:]*:)[^\n]*@"), rf"\1{HIDDEN}@"),
)


def without_secrets(text: str) -> str:
    """The text with *** in the place of tokens of Lotkeeper, bearer tokens, and passwords in URLs."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text
