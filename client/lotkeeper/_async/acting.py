"""Single actions: a method for each type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from lotkeeper import actions
from lotkeeper._async.inventory import InventoryMethods
from lotkeeper._quantities import Quantity
from lotkeeper.action_details import Details, FlowDetails, RiseDetails
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1.inventory_action_pb2 import InventoryAction
from lotkeeper.inventory.v1.inventory_lot_record_pb2 import InventoryLotRecord


class ActionMethods(InventoryMethods):
    """Single actions: a method for each type, which makes one call of `execute_inventory_actions`.

    Each returns every record that it wrote, in order, the one of its type first. There is only one record, except for
    picked lots, a RECEIVE_AND_CONSUME, and a location that merges lots. If there can be only one: `[record] = await
    client.split(...)`. For several actions at once, `lotkeeper.actions` has a function of each name.

    In all of them lots, locations, materials and production orders are given by ULID, or by their name or path, a lot's
    name together with its material; a unit by its symbol (default: the lot's own, for a pick the material's). Their
    other arguments are in `lotkeeper.action_details`: `Details`, for those where stock comes or goes `FlowDetails`,
    where it comes in `RiseDetails`; and `request_id`, which makes a retry safe (default: a new one), `validate_only`,
    which does everything except the commit, and `timeout_seconds` (default: the client's).
    """

    async def consume(
        self,
        lot: str | None,
        quantity: Quantity,
        *,
        source: str,
        destination: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[FlowDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source: it is used up.

        Without a lot it is picked from the material's lots at the source, with one record for each lot. The secondary
        lot is the lot that consumes it.
        """
        action = actions.consume(lot, quantity, source=source, destination=destination, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def unconsume(
        self,
        lot: str,
        quantity: Quantity,
        *,
        destination: str,
        source: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[RiseDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot rises at the destination: what was taken and not used comes back.

        The secondary lot is the lot that it comes back from.
        """
        action = actions.unconsume(lot, quantity, destination=destination, source=source, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def produce(
        self,
        lot: str,
        quantity: Quantity,
        *,
        destination: str,
        source: str | None = None,
        unit: str | None = None,
        increment_production_order_count: bool = False,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[RiseDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot rises at the destination: it is made.

        The secondary lot is the lot that produces it. `increment_production_order_count` adds the quantity to the
        production order's quantity_produced.
        """
        action = actions.produce(
            lot,
            quantity,
            destination=destination,
            source=source,
            unit=unit,
            increment_production_order_count=increment_production_order_count,
            **details,
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def scrap(
        self,
        lot: str | None,
        quantity: Quantity,
        *,
        source: str,
        destination: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[FlowDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source, with any lot status: it is thrown away.

        Without a lot it is picked, like in `consume`. The secondary lot is the lot scrapped into.
        """
        action = actions.scrap(lot, quantity, source=source, destination=destination, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def scrap_all(
        self,
        lot: str | None = None,
        *,
        source: str,
        destination: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[FlowDetails],
    ) -> Sequence[InventoryLotRecord]:
        """The stock of a lot, or of every lot of the material, falls to zero at the source, with any lot status.

        There is one record for each lot; none if there was no stock.
        """
        action = actions.scrap_all(lot, source=source, destination=destination, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def return_lot(
        self,
        lot: str | None,
        quantity: Quantity,
        *,
        source: str,
        destination: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[FlowDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source, with any lot status: it goes back where it came from.

        Without a lot it is picked, like in `consume`. The secondary lot is the lot returned into.
        """
        action = actions.return_lot(lot, quantity, source=source, destination=destination, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def receive(
        self,
        lot: str,
        quantity: Quantity,
        *,
        destination: str,
        source: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[RiseDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot rises at the destination: it comes from outside.

        The secondary lot is the lot received from.
        """
        action = actions.receive(lot, quantity, destination=destination, source=source, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def receive_and_consume(
        self,
        lot: str,
        quantity: Quantity,
        *,
        source: str,
        destination: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[RiseDetails],
    ) -> Sequence[InventoryLotRecord]:
        """A lot passes through the source: received and used up at once, no stock is kept.

        Two records, RECEIVE and CONSUME. The secondary lot is the lot that consumes it.
        """
        action = actions.receive_and_consume(
            lot, quantity, source=source, destination=destination, unit=unit, **details
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def ship(
        self,
        lot: str | None,
        quantity: Quantity,
        *,
        source: str,
        destination: str | None = None,
        unit: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[FlowDetails],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source: it goes to a customer.

        Without a lot it is picked, like in `consume`. The secondary lot is the lot shipped into.
        """
        action = actions.ship(lot, quantity, source=source, destination=destination, unit=unit, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def move(
        self,
        lot: str,
        quantity: Quantity,
        *,
        source: str,
        destination: str,
        unit: str | None = None,
        inventory_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[Details],
    ) -> Sequence[InventoryLotRecord]:
        """Stock of a lot falls at the source and rises at the destination.

        Without an inventory name it keeps that of the row at the source.
        """
        action = actions.move(
            lot, quantity, source=source, destination=destination, unit=unit, inventory_name=inventory_name, **details
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def split(
        self,
        lot: str,
        quantity: Quantity,
        *,
        new_lot_name: str,
        source: str,
        unit: str | None = None,
        inventory_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[Details],
    ) -> Sequence[InventoryLotRecord]:
        """Part of a lot's stock at the source becomes a new lot with this name, the record's secondary lot."""
        action = actions.split(
            lot, quantity, new_lot_name=new_lot_name, source=source, unit=unit, inventory_name=inventory_name, **details
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def merge(
        self,
        lot: str,
        secondary_lot: str,
        *,
        source: str,
        secondary_material: str | None = None,
        inventory_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[Details],
    ) -> Sequence[InventoryLotRecord]:
        """All stock of the secondary lot at the source goes into the lot.

        The secondary lot is closed if it has no stock left anywhere.
        """
        action = actions.merge(
            lot,
            secondary_lot,
            source=source,
            secondary_material=secondary_material,
            inventory_name=inventory_name,
            **details,
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def edit_quantity(
        self,
        lot: str,
        quantity: Quantity,
        *,
        source: str,
        unit: str | None = None,
        inventory_name: str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[Details],
    ) -> Sequence[InventoryLotRecord]:
        """The stock that a lot had at the source at the action's end becomes the quantity, 0 or above.

        The record's quantity is the difference.
        """
        action = actions.edit_quantity(
            lot, quantity, source=source, unit=unit, inventory_name=inventory_name, **details
        )
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def change_status(
        self,
        lot: str,
        lot_status: enums_pb2.LotStatus.ValueType,
        *,
        request_id: str | None = None,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
        **details: Unpack[Details],
    ) -> Sequence[InventoryLotRecord]:
        """The lot gets another status; no stock moves."""
        action = actions.change_status(lot, lot_status, **details)
        return await self._act(action, request_id, validate_only, timeout_seconds)

    async def _act(
        self, action: InventoryAction, request_id: str | None, validate_only: bool, timeout_seconds: float | None
    ) -> Sequence[InventoryLotRecord]:
        response = await self.execute_inventory_actions(
            [action], request_id=request_id, validate_only=validate_only, timeout_seconds=timeout_seconds
        )
        return response.inventory_lot_records
