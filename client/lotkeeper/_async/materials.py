# Made from the contract by `python client/entity_methods.py`; change that file instead.
"""Material classes, materials and reason codes."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper._async.calling import Calling
from lotkeeper._async_pages import AsyncPages
from lotkeeper._requests import made, mask
from lotkeeper.inventory.v1 import master_data_service_pb2 as pb
from lotkeeper.inventory.v1.master_data_pb2 import Material, MaterialClass, MaterialReasonCode


class MaterialMethods(Calling):
    """Material classes, materials and reason codes."""

    async def save_material_class(
        self,
        material_class: MaterialClass,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> MaterialClass:
        """Creates a material class if it has no id, else updates it; returns what is saved.

        Args:
            material_class: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveMaterialClassRequest, material_class=material_class, update_mask=mask(update_mask))
        response = await self._call(request, pb.SaveMaterialClassResponse, timeout_seconds)
        return response.material_class

    async def get_material_class(
        self, material_class_id_or_path: str, *, timeout_seconds: float | None = None
    ) -> MaterialClass:
        """Reads a material class.

        Args:
            material_class_id_or_path: its ULID or its path.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetMaterialClassRequest, material_class_id_or_path=material_class_id_or_path)
        response = await self._read(request, pb.GetMaterialClassResponse, timeout_seconds)
        return response.material_class

    def list_material_classes(
        self,
        *,
        parent_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[MaterialClass]:
        """The material classes that pass every given filter, in the order of ids.

        Args:
            parent_id_or_path: only the direct children of this class.
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListMaterialClassesRequest,
            parent_id_or_path=parent_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        return self._pages(request, pb.ListMaterialClassesResponse, lambda page: page.material_classes, timeout_seconds)

    async def delete_material_class(
        self, material_class_id_or_path: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a material class that nothing refers to.

        Args:
            material_class_id_or_path: its ULID or its path.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteMaterialClassRequest, material_class_id_or_path=material_class_id_or_path, version=version
        )
        await self._call(request, pb.DeleteMaterialClassResponse, timeout_seconds)

    async def save_material(
        self, material: Material, *, update_mask: Sequence[str] | None = None, timeout_seconds: float | None = None
    ) -> Material:
        """Creates a material if it has no id, else updates it; returns what is saved.

        Args:
            material: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.SaveMaterialRequest, material=material, update_mask=mask(update_mask))
        response = await self._call(request, pb.SaveMaterialResponse, timeout_seconds)
        return response.material

    async def get_material(self, material_id_or_path: str, *, timeout_seconds: float | None = None) -> Material:
        """Reads a material.

        Args:
            material_id_or_path: its ULID or its path.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetMaterialRequest, material_id_or_path=material_id_or_path)
        response = await self._read(request, pb.GetMaterialResponse, timeout_seconds)
        return response.material

    def list_materials(
        self,
        *,
        material_class_id_or_path: str | None = None,
        enabled: bool | None = None,
        name_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[Material]:
        """The materials that pass every given filter, in the order of ids.

        Args:
            material_class_id_or_path: only those directly in this class.
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            name_prefix: only those whose name begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListMaterialsRequest,
            material_class_id_or_path=material_class_id_or_path,
            enabled=enabled,
            name_prefix=name_prefix,
            page_size=page_size,
        )
        return self._pages(request, pb.ListMaterialsResponse, lambda page: page.materials, timeout_seconds)

    async def delete_material(
        self, material_id_or_path: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a material that nothing refers to.

        Args:
            material_id_or_path: its ULID or its path.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.DeleteMaterialRequest, material_id_or_path=material_id_or_path, version=version)
        await self._call(request, pb.DeleteMaterialResponse, timeout_seconds)

    async def save_material_reason_code(
        self,
        material_reason_code: MaterialReasonCode,
        *,
        update_mask: Sequence[str] | None = None,
        timeout_seconds: float | None = None,
    ) -> MaterialReasonCode:
        """Creates a reason code if it has no id, else updates it; returns what is saved.

        Args:
            material_reason_code: what to save.
            update_mask: the fields to update, by their proto names. Default: every field. A creation ignores it.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.SaveMaterialReasonCodeRequest, material_reason_code=material_reason_code, update_mask=mask(update_mask)
        )
        response = await self._call(request, pb.SaveMaterialReasonCodeResponse, timeout_seconds)
        return response.material_reason_code

    async def get_material_reason_code(
        self, material_reason_code_id_or_code: str, *, timeout_seconds: float | None = None
    ) -> MaterialReasonCode:
        """Reads a reason code.

        Args:
            material_reason_code_id_or_code: its ULID or its code.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(pb.GetMaterialReasonCodeRequest, material_reason_code_id_or_code=material_reason_code_id_or_code)
        response = await self._read(request, pb.GetMaterialReasonCodeResponse, timeout_seconds)
        return response.material_reason_code

    def list_material_reason_codes(
        self,
        *,
        enabled: bool | None = None,
        reason_code_prefix: str | None = None,
        page_size: int = 0,
        timeout_seconds: float | None = None,
    ) -> AsyncPages[MaterialReasonCode]:
        """The material reason codes that pass every given filter, in the order of ids.

        Args:
            enabled: only those that are enabled (true), or disabled (false). Absent: all.
            reason_code_prefix: only those whose code begins with this text, compared by code point.
            page_size: how many a call brings, at most 1,000. Default: the server's.
            timeout_seconds: of each call. Default: the client's.
        """
        request = made(
            pb.ListMaterialReasonCodesRequest,
            enabled=enabled,
            reason_code_prefix=reason_code_prefix,
            page_size=page_size,
        )
        return self._pages(
            request, pb.ListMaterialReasonCodesResponse, lambda page: page.material_reason_codes, timeout_seconds
        )

    async def delete_material_reason_code(
        self, material_reason_code_id_or_code: str, *, version: int | None = None, timeout_seconds: float | None = None
    ) -> None:
        """Deletes a reason code that nothing refers to.

        Args:
            material_reason_code_id_or_code: its ULID or its code.
            version: the version that the caller read; an old one is refused. Default: any version.
            timeout_seconds: of this call. Default: the client's.
        """
        request = made(
            pb.DeleteMaterialReasonCodeRequest,
            material_reason_code_id_or_code=material_reason_code_id_or_code,
            version=version,
        )
        await self._call(request, pb.DeleteMaterialReasonCodeResponse, timeout_seconds)
