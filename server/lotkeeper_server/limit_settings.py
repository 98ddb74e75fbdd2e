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
    connections_max: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="How many connections a process may have; descriptors may allow fewer. "
            "Beyond it those that were used the longest ago are ended.",
        ),
    ] = 4_096
    connections_per_peer_max: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many of them one IP address may have."),
    ] = 1_024
    connection_idle_seconds: Annotated[
        float,
        Field(ge=1, le=1_000_000, description="After so long a connection without a call in progress is closed."),
    ] = 900
    connection_age_seconds: Annotated[
        float,
        Field(ge=1, le=1_000_000, description="After so long a connection takes no more calls; callers open another."),
    ] = 28_800
    connection_age_grace_seconds: Annotated[
        float,
        Field(ge=1, le=1_000_000, description="How long the calls of such a connection may still go on."),
    ] = 3_600
    request_seconds_max: Annotated[
        float,
        Field(ge=0.1, le=3_600, description="How long a call may take to send its message."),
    ] = 60
    answer_seconds_max: Annotated[
        float,
        Field(
            ge=0.1,
            le=3_600,
            description="How long an answer may wait until its caller has taken it, and a second more for each 32 KB.",
        ),
    ] = 60
    held_bytes_per_connection_max: Annotated[
        int,
        Field(
            ge=1 << 20,
            le=1 << 40,
            description="How many bytes of unfinished messages or untaken answers a connection may hold in memory.",
        ),
    ] = 32 << 20
    held_bytes_max: Annotated[
        int,
        Field(
            ge=1 << 20,
            le=1 << 40,
            description="How many all connections may hold; beyond it those that hold the most are ended.",
        ),
    ] = 128 << 20
    cancelled_calls_per_second_max: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="How many calls a connection may begin and break off in a second."),
    ] = 1_000
