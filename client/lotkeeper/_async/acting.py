"""What the methods of single actions share."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper._action_errors import of_single_action
from lotkeeper._async.inventory import InventoryMethods
from lotkeeper._errors import LotkeeperError
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


class Acting(InventoryMethods):
    """Single actions: a method for each type, which makes one call of `execute_inventory_actions`.

    Each returns every record that it wrote, in order, the one of its type first. There is only one record, except for
    picked lots, a RECEIVE_AND_CONSUME, and a location that merges lots. If there can be only one: `[record] = await
    client.split(...)`. For several actions at once, `lotkeeper.actions` has a function of each name.
    """

    async def _act(
        self, action: InventoryAction, request_id: str | None, validate_only: bool, timeout_seconds: float | None
    ) -> Sequence[InventoryLotRecord]:
        try:
            response = await self.execute_inventory_actions(
                [action], request_id=request_id, validate_only=validate_only, timeout_seconds=timeout_seconds
            )
        except LotkeeperError as error:
            raise of_single_action(error) from None
        return response.inventory_lot_records
