"""What a plant may set of the engine."""

from collections.abc import Callable
from dataclasses import dataclass

from lotkeeper_server.domain import limits
from lotkeeper_server.domain.context import Context
from lotkeeper_server.domain.model.identifiers import Id
from lotkeeper_server.engine.clock import new_uuid


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a plant may set. Times in milliseconds."""

    end_date_future_millis: int = 24 * 3_600_000
    end_date_past_millis: int = 7 * limits.MILLIS_PER_DAY
    request_id_kept_millis: int = 30 * limits.MILLIS_PER_DAY
    backdating_tolerance_millis: int = 60_000
    queue_commands_max: int = limits.ENGINE_QUEUE_COMMANDS_MAX
    queue_bytes_max: int = limits.ENGINE_QUEUE_BYTES_MAX

    def context(self, now_millis: int, new_id: Callable[[], Id], next_effect_order: Callable[[int], int]) -> Context:
        """What decisions of one moment get from outside."""
        return Context(
            now_millis=now_millis,
            new_id=new_id,
            new_uuid=new_uuid,
            next_effect_order=next_effect_order,
            end_date_future_millis=self.end_date_future_millis,
            end_date_past_millis=self.end_date_past_millis,
            request_id_kept_millis=self.request_id_kept_millis,
            backdating_tolerance_millis=max(self.backdating_tolerance_millis, 1),
        )
