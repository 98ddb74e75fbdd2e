# Made from _async/master_data.py by `python client/async_to_sync.py`; change that file instead.
"""A plant's master data: each kind of it, conversions of quantities, and all of it as one document."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from decimal import Decimal
from typing import overload

from lotkeeper._quantities import Quantity, decimal_of, double_of, exact_of
from lotkeeper._requests import made
from lotkeeper._sync.materials import MaterialMethods
from lotkeeper._sync.plant import PlantMethods
from lotkeeper._sync.units import UnitMethods
from lotkeeper.inventory.v1 import enums_pb2
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb


class MasterDataMethods(UnitMethods, MaterialMethods, PlantMethods):
    """A plant's master data: each kind of it, conversions of quantities, and all of it as one document."""

    @overload
    def convert_quantity(
        self,
        quantity: float,
        *,
        from_unit_of_measure_id: str | None = None,
        from_unit_of_measure_name: str | None = None,
        from_unit_of_measure_symbol: str | None = None,
        to_unit_of_measure_id: str | None = None,
        to_unit_of_measure_name: str | None = None,
        to_unit_of_measure_symbol: str | None = None,
        material_id_or_path: str | None = None,
        timeout_seconds: float | None = None,
    ) -> float: ...

    @overload
    def convert_quantity(
        self,
        quantity: Decimal | str,
        *,
        from_unit_of_measure_id: str | None = None,
        from_unit_of_measure_name: str | None = None,
        from_unit_of_measure_symbol: str | None = None,
        to_unit_of_measure_id: str | None = None,
        to_unit_of_measure_name: str | None = None,
        to_unit_of_measure_symbol: str | None = None,
        material_id_or_path: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Decimal: ...

    def convert_quantity(
        self,
        quantity: Quantity,
        *,
        from_unit_of_measure_id: str | None = None,
        from_unit_of_measure_name: str | None = None,
        from_unit_of_measure_symbol: str | None = None,
        to_unit_of_measure_id: str | None = None,
        to_unit_of_measure_name: str | None = None,
        to_unit_of_measure_symbol: str | None = None,
        material_id_or_path: str | None = None,
        timeout_seconds: float | None = None,
    ) -> float | Decimal:
        """A quantity in another unit, as a call would convert it, to 6 decimals; exact if it was given as a Decimal.

        Args:
            quantity: in the unit that it is converted from.
            from_unit_of_measure_id: that unit, by one of the three.
            from_unit_of_measure_name: the unit by its name.
            from_unit_of_measure_symbol: the unit by its symbol.
            to_unit_of_measure_id: the unit of the result, by one of the three.
            to_unit_of_measure_name: the unit by its name.
            to_unit_of_measure_symbol: the unit by its symbol.
            material_id_or_path: the material. Default: only conversions for every material.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.ConvertQuantityRequest,
            quantity=double_of(quantity) or 0.0,
            exact_quantity=exact_of(quantity),
            from_unit_of_measure_id=from_unit_of_measure_id,
            from_unit_of_measure_name=from_unit_of_measure_name,
            from_unit_of_measure_symbol=from_unit_of_measure_symbol,
            to_unit_of_measure_id=to_unit_of_measure_id,
            to_unit_of_measure_name=to_unit_of_measure_name,
            to_unit_of_measure_symbol=to_unit_of_measure_symbol,
            material_id_or_path=material_id_or_path,
        )
        response = self._read(request, pb.ConvertQuantityResponse, timeout_seconds)
        return response.quantity if isinstance(quantity, int | float) else decimal_of(response.exact_quantity)

    def get_plant_settings(self, *, timeout_seconds: float | None = None) -> pb.GetPlantSettingsResponse:
        """What a client must know about the plant: its time zone, an IANA name.

        Args:
            timeout_seconds: of this call. Default: the client's.
        """
        return self._read(made(pb.GetPlantSettingsRequest), pb.GetPlantSettingsResponse, timeout_seconds)

    def export_master_data(
        self,
        *,
        export_format: enums_pb2.ExportFormat.ValueType,
        include_lots: bool = False,
        timeout_seconds: float | None = None,
    ) -> Generator[bytes, None, None]:
        """The plant as one document, in pieces, which an import can read.

        Args:
            export_format: EXPORT_FORMAT_YAML or EXPORT_FORMAT_JSON.
            include_lots: also the lots and their stock.
            timeout_seconds: until the last piece. Default: the client's.
        """
        request = made(pb.ExportMasterDataRequest, format=export_format, include_lots=include_lots)
        return self._download(request, pb.ExportMasterDataResponse, timeout_seconds)

    def import_master_data(
        self,
        pieces: bytes | Iterable[bytes],
        *,
        export_format: enums_pb2.ExportFormat.ValueType,
        validate_only: bool = False,
        timeout_seconds: float | None = None,
    ) -> pb.ImportMasterDataResponse:
        """Creates and updates what a document says, all or nothing; what it leaves out stays as it is.

        Args:
            pieces: the document, whole or in pieces of any size; for example a file opened to read bytes.
            export_format: EXPORT_FORMAT_YAML or EXPORT_FORMAT_JSON.
            validate_only: does everything except the commit; the answer says what would change.
            timeout_seconds: of the whole import. Default: the client's.
        """
        first = made(pb.ImportMasterDataRequest, format=export_format, validate_only=validate_only)
        return self._upload(first, pieces, pb.ImportMasterDataResponse, timeout_seconds)
