"""click's kind of an argument, with the type of what it gives, which click itself says only since 8.4."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click import ParamType
else:

    class ParamType(click.ParamType):
        """As click's, and takes the type in brackets with every click."""

        def __class_getitem__(cls, _given: object) -> type:
            return cls


__all__ = ["ParamType"]
