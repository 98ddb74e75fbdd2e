# Made from _async/lots.py by `python client/async_to_sync.py`; change that file instead.
"""Lots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lotkeeper._moments import millis_given
from lotkeeper._pages import Pages
from lotkeeper._requests import made, mask
from lotkeeper._sync.calling import Calling
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import inventory_service_pb2 as pb
from lotkeeper.inventory.v1.inventory_lot_pb2 import InventoryLot


class LotMethods(Calling):
    """Lots."""

    def save_lot(
        self, lot: InventoryLot, *, update_mask: Sequence[str] | None = None, timeout_seconds: float | None = None
    ) -> InventoryLot:
        """Creates a lot if it has no id, else updates it; returns what is saved.

        Args:
            lot: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveLotRequest, lot=lot, update_mask=mask(update_mask))
        response = self._call(request, pb.SaveLotResponse, timeout_seconds)
        return response.lot

    def get_lot(
        self, lot_id_or_name: str, *, material_id_or_path: str | None = None, timeout_seconds: float | None = None
    ) -> InventoryLot:
        """Reads a lot.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            material_id_or_path: the material that the named lot is of.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetLotRequest, lot_id_or_name=lot_id_or_name, material_id_or_path=material_id_or_path)
        response = self._read(request, pb.GetLotResponse, timeout_seconds)
        return response.lot

    def list_lots(
        self,
        *,
        material_id_or_path: str | None = None,
        status: enums_pb2.LotStatus.ValueType = enums_pb2.LOT_STATUS_UNSPECIFIED,
        name_prefix: str | None = None,
        expiring_before: datetime | None = None,
        expiring_before_millis: int | None = None,
        supplier_lot_name: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[InventoryLot]:
        """The lots that pass every given filter, in the order of ids.

        Args:
            material_id_or_path: only of this material.
            status: only those that show this status. Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            expiring_before: only those that expire before this moment, a datetime with a time zone.
            expiring_before_millis: instead of `expiring_before`: the same in ms since the epoch, UTC.
            supplier_lot_name: only those with this number at their supplier.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListLotsRequest,
            material_id_or_path=material_id_or_path,
            status=status,
            name_prefix=name_prefix,
            expiring_before_millis=millis_given("expiring_before", expiring_before, expiring_before_millis),
            supplier_lot_name=supplier_lot_name,
            page_size=page_size,
        )
        return self._pages(request, pb.ListLotsResponse, lambda page: page.lots, timeout_seconds)

    def delete_lot(
        self,
        lot_id_or_name: str,
        *,
        material_id_or_path: str | None = None,
        version: int | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        """Deletes a lot that nothing refers to.

        Args:
            lot_id_or_name: its ULID, or its name with the material.
            material_id_or_path: the material that the named lot is of.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteLotRequest, lot_id_or_name=lot_id_or_name, material_id_or_path=material_id_or_path, version=version
        )
        self._call(request, pb.DeleteLotResponse, timeout_seconds)
