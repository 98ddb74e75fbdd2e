"""What a plant may set of the engine."""

from dataclasses import dataclass

from lotkeeper_server.domain import limits


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a plant may set. Times in milliseconds."""

    end_date_future_millis: int = 24 * 3_600_000
    end_date_past_millis: int = 7 * limits.MILLIS_PER_DAY
    request_id_kept_millis: int = 30 * limits.MILLIS_PER_DAY
    backdating_tolerance_millis: int = 60_000
    queue_commands_max: int = limits.ENGINE_QUEUE_COMMANDS_MAX
    queue_bytes_max: int = limits.ENGINE_QUEUE_BYTES_MAX
