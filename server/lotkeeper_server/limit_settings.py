"""The limits that an operator may set; docs/limits.md says what passing each of them does."""

from typing import Annotated

from pydantic import BaseModel, Field

from lotkeeper_server.domain import limits


class LimitSettings(BaseModel):
    """What callers may take of a server. A name says its unit; a description is the help of its flag."""

    max_concurrent_streams: Annotated[
        int, Field(ge=1, le=10_000, description="How many calls may be in progress on one connection.")
    ] = 64
    queue_max: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="How many calls may wait before more are refused with OVERLOADED.",
        ),
    ] = limits.ENGINE_QUEUE_CALLS_MAX
    plant_unfolded_bytes_max: Annotated[
        int,
        Field(
            ge=1_000_000,
            le=64_000_000_000,
            description="What the document of a plant may take in memory, with aliases unfolded; two are read at once.",
        ),
    ] = limits.PLANT_UNFOLDED_BYTES_MAX
