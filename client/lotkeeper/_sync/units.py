# Made from _async/units.py by `python client/async_to_sync.py`; change that file instead.
"""Units of measure and the conversions between them."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper._pages import Pages
from lotkeeper._requests import made, mask
from lotkeeper._sync.calling import Calling
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb
from lotkeeper.inventory.v1.master_data_pb2 import UnitOfMeasure, UnitOfMeasureConversion


class UnitMethods(Calling):
    """Units of measure and the conversions between them."""

    def save_unit_of_measure(
        self,
        unit_of_measure: UnitOfMeasure,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> UnitOfMeasure:
        """Creates a unit of measure if it has no id, else updates it; returns what is saved.

        Args:
            unit_of_measure: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveUnitOfMeasureRequest, unit_of_measure=unit_of_measure, update_mask=mask(update_mask))
        response = self._call(request, pb.SaveUnitOfMeasureResponse, timeout_seconds)
        return response.unit_of_measure

    def get_unit_of_measure(
        self, unit_of_measure_id_or_name: str, *, timeout_seconds: float | None = None
    ) -> UnitOfMeasure:
        """Reads a unit of measure.

        Args:
            unit_of_measure_id_or_name: its ULID or its name.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetUnitOfMeasureRequest, unit_of_measure_id_or_name=unit_of_measure_id_or_name)
        response = self._read(request, pb.GetUnitOfMeasureResponse, timeout_seconds)
        return response.unit_of_measure

    def list_units_of_measure(
        self,
        *,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[UnitOfMeasure]:
        """The units of measure that pass every given filter, in the order of ids.

        Args:
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(pb.ListUnitsOfMeasureRequest, enabled=enabled, name_prefix=name_prefix, page_size=page_size)
        return self._pages(request, pb.ListUnitsOfMeasureResponse, lambda page: page.units_of_measure, timeout_seconds)

    def delete_unit_of_measure(
        self, unit_of_measure_id_or_name: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a unit of measure that nothing refers to.

        Args:
            unit_of_measure_id_or_name: its ULID or its name.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteUnitOfMeasureRequest, unit_of_measure_id_or_name=unit_of_measure_id_or_name, version=version
        )
        self._call(request, pb.DeleteUnitOfMeasureResponse, timeout_seconds)

    def save_unit_of_measure_conversion(
        self,
        unit_of_measure_conversion: UnitOfMeasureConversion,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> UnitOfMeasureConversion:
        """Creates a conversion between units if it has no id, else updates it; returns what is saved.

        Args:
            unit_of_measure_conversion: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.SaveUnitOfMeasureConversionRequest,
            unit_of_measure_conversion=unit_of_measure_conversion,
            update_mask=mask(update_mask),
        )
        response = self._call(request, pb.SaveUnitOfMeasureConversionResponse, timeout_seconds)
        return response.unit_of_measure_conversion

    def get_unit_of_measure_conversion(
        self, unit_of_measure_conversion_id: str, *, timeout_seconds: float | None = None
    ) -> UnitOfMeasureConversion:
        """Reads a conversion between units.

        Args:
            unit_of_measure_conversion_id: its ULID.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.GetUnitOfMeasureConversionRequest, unit_of_measure_conversion_id=unit_of_measure_conversion_id
        )
        response = self._read(request, pb.GetUnitOfMeasureConversionResponse, timeout_seconds)
        return response.unit_of_measure_conversion

    def list_unit_of_measure_conversions(
        self,
        *,
        material_id_or_path: str | None = None,
        enabled: bool | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> Pages[UnitOfMeasureConversion]:
        """The unit of measure conversions that pass every given filter, in the order of ids.

        Args:
            material_id_or_path: only those of this material.
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListUnitOfMeasureConversionsRequest,
            material_id_or_path=material_id_or_path,
            enabled=enabled,
            page_size=page_size,
        )
        return self._pages(
            request,
            pb.ListUnitOfMeasureConversionsResponse,
            lambda page: page.unit_of_measure_conversions,
            timeout_seconds,
        )

    def delete_unit_of_measure_conversion(
        self, unit_of_measure_conversion_id: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a conversion between units that nothing refers to.

        Args:
            unit_of_measure_conversion_id: its ULID.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteUnitOfMeasureConversionRequest,
            unit_of_measure_conversion_id=unit_of_measure_conversion_id,
            version=version,
        )
        self._call(request, pb.DeleteUnitOfMeasureConversionResponse, timeout_seconds)
