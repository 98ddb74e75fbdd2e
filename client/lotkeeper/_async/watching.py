"""The stream of completed records, which resumes by itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from lotkeeper._async.calling import Calling
from lotkeeper._async.following import followed
from lotkeeper._requests import made
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb


class WatchMethods(Calling):
    """The stream of completed records, which resumes by itself."""

    async def watch_inventory_lot_records(
        self,
        *,
        resume_token: str | None = None,
        from_beginning: bool = False,
        lot_id_or_name: str | None = None,
        material_id_or_path: str | None = None,
        inventory_operation_id: str | None = None,
        lot_record_types: Sequence[enums_pb2.LotRecordType.ValueType] = (),
        production_order_id_or_name: str | None = None,
        material_reason_code_id: str | None = None,
        location_id_or_path: str | None = None,
        include_children: bool = False,
    ) -> AsyncGenerator[pb.WatchInventoryLotRecordsResponse, None]:
        """Every completed record that passes the filters, once, when it is completed; the stream does not end.

        If the connection or the server is lost, it goes on after the last message: none is skipped, none comes twice. A
        message without a record is a heartbeat; the first message is one. A caller that must survive its own restart
        stores the `resume_token` of the last message that it has dealt with. Close the iterator to end it.

        Args:
            resume_token: goes on after the message that had it. Default: begins with what is completed from now on.
            from_beginning: without a token: begins with the oldest record.
            lot_id_or_name: only of this lot, primary or secondary; a name needs the material, too.
            material_id_or_path: only of this material.
            inventory_operation_id: only of this inventory operation.
            lot_record_types: only of these types. Default: all.
            production_order_id_or_name: only of this production order.
            material_reason_code_id: only of this reason code.
            location_id_or_path: only those that have this location as source or destination.
            include_children: with a location: also those of locations below it, as the tree is when the watch begins.

        Raises:
            LotkeeperError: what the server refuses; Unavailable if it cannot be reached at the beginning. After the
                first message the client tries for ever to reach the server again.
        """
        request = made(
            pb.WatchInventoryLotRecordsRequest,
            resume_token=resume_token,
            from_beginning=from_beginning,
            lot_id_or_name=lot_id_or_name,
            material_id_or_path=material_id_or_path,
            inventory_operation_id=inventory_operation_id,
            lot_record_types=lot_record_types,
            production_order_id_or_name=production_order_id_or_name,
            material_reason_code_id=material_reason_code_id,
            location_id_or_path=location_id_or_path,
            include_children=include_children,
        )
        messages = followed(self._transport, request, pb.WatchInventoryLotRecordsResponse, self._timeout_seconds)
        async with aclosing(messages):
            async for message in messages:
                yield message
