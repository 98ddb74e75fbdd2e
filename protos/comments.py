"""The comments of the contract, by what they are about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from google.protobuf.descriptor_pb2 import FileDescriptorProto

MESSAGE: Final = 4
SERVICE: Final = 6
ENUM: Final = 5
MEMBER: Final = 2
"""Places in a source path: messages, services and enums of a file; fields, methods and values inside one."""


class Comments:
    """What stands above each thing in the contract: one line, or of a service one for each paragraph."""

    def __init__(self, files: Sequence[FileDescriptorProto]) -> None:
        self._texts = {
            (file.name, tuple(place.path)): _text(
                place.leading_comments, in_paragraphs=list(place.path[:-1]) == [SERVICE]
            )
            for file in files
            for place in file.source_code_info.location
        }

    def of(self, file: FileDescriptorProto, *path: int) -> str:
        """What stands above the thing with that source path; empty where nothing does."""
        return self._texts.get((file.name, path), "")


def _text(comment: str, *, in_paragraphs: bool) -> str:
    if not in_paragraphs:
        return " ".join(comment.split())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", comment.strip()))
