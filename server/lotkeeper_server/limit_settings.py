"""The limits that an operator may set; docs/limits.md says what passing each of them does."""

from typing import Annotated

from pydantic import BaseModel, Field

from lotkeeper_server.access.allowance import Allowance
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
            le=10_000_000,
            description="How many commands may wait before a principal that has more than an equal share of them is "
            "refused with OVERLOADED; a batch counts as many as it holds.",
        ),
    ] = limits.ENGINE_QUEUE_COMMANDS_MAX
    queue_bytes_max: Annotated[int, Field(ge=1, le=1 << 40, description="The same of the bytes of their requests.")] = (
        limits.ENGINE_QUEUE_BYTES_MAX
    )
    principal_calls_max: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="How many calls one principal may have in progress, where its roles do not say; 0: no limit.",
        ),
    ] = Allowance().calls_in_flight_max
    principal_streams_max: Annotated[
        int,
        Field(
            ge=0,
            le=1_000_000,
            description="How many watches, imports and exports one principal may have in progress, where its roles do "
            "not say; 0: no limit.",
        ),
    ] = Allowance().streams_max
    principal_commands_per_second_max: Annotated[
        int,
        Field(
            ge=0,
            description="How many commands one principal may send in a second, where its roles do not say; 0: no "
            "limit.",
        ),
    ] = 0
    principal_bytes_per_second_max: Annotated[
        int,
        Field(
            ge=0,
            description="How many bytes one principal may send and read in a second, where its roles do not say; 0: no "
            "limit.",
        ),
    ] = 0
    plant_unfolded_bytes_max: Annotated[
        int,
        Field(
            ge=1_000_000,
            le=64_000_000_000,
            description="What the document of a plant may take in memory, with aliases unfolded; two are read at once.",
        ),
    ] = limits.PLANT_UNFOLDED_BYTES_MAX
    stream_rest_seconds: Annotated[
        float,
        Field(gt=0, le=600, description="How long the caller of an import or export may do nothing."),
    ] = 30.0
    stream_bytes_per_second_min: Annotated[
        int,
        Field(ge=0, le=1 << 30, description="The slowest pace at which an import is sent, or an export is read."),
    ] = 8_192
    stream_seconds_max: Annotated[
        float,
        Field(gt=0, le=86_400, description="How long an import or export may wait for its caller in all."),
    ] = 1_800.0
    watches_max: Annotated[int, Field(ge=1, le=100_000, description="How many watches a process serves at once.")] = 512
    watches_of_principal_max: Annotated[
        int, Field(ge=1, le=100_000, description="How many of them one principal may have.")
    ] = 128
    temporary_bytes_max: Annotated[
        int, Field(ge=0, description="How much disk the temporary files of a process may take.")
    ] = 4 << 30
    temporary_bytes_of_principal_max: Annotated[
        int, Field(ge=0, description="How much of it those of one principal may take.")
    ] = 3 << 30
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
