"""The arguments that actions share: those of `lotkeeper.actions`, and of the client's methods of the same names."""

from __future__ import annotations

from typing import TypedDict


class Details(TypedDict, total=False):
    """Arguments of every action, in addition to its own.

    Attributes:
        material: the lot's material, by ULID or path; needed if the lot is given by name, or picked.
        production_order: by ULID or name. Default: the one that the process operation currently has.
        operation_id: ULID of the process operation that it belongs to.
        reason_code_id: ULID of the reason code.
        start_date_millis: when it began, ms since the epoch, UTC. Default: now, or the end if that is earlier.
        end_date_millis: when it ended, ms since the epoch, UTC. Default: now.
        notes: on every record, at most 4,000 code points.
        spare1: free for the plant's own use, at most 255 code points.
        spare2: like spare1.
        spare3: like spare1.
    """

    material: str | None
    production_order: str | None
    operation_id: str | None
    reason_code_id: str | None
    start_date_millis: int | None
    end_date_millis: int | None
    notes: str | None
    spare1: str | None
    spare2: str | None
    spare3: str | None


class FlowDetails(Details, total=False):
    """More arguments of actions where stock comes or goes.

    Attributes:
        secondary_lot: the lot that it goes into or comes from.
        secondary_material: the secondary lot's material; needed if that is given by name.
        create_lot_if_not_found: makes a lot that is named but does not exist: the primary one where stock rises or
            passes through, the secondary one always.
        inventory_name: a pallet or LPN code.
    """

    secondary_lot: str | None
    secondary_material: str | None
    create_lot_if_not_found: bool
    inventory_name: str | None


class RiseDetails(FlowDetails, total=False):
    """More arguments of actions where stock comes in: what a lot that is made gets, and one that is there must have.

    Attributes:
        lot_expiration_date_millis: when the lot expires, ms since the epoch, UTC. Default: by shelf life.
        supplier_lot_name: the lot's number at its supplier. Default: none.
    """

    lot_expiration_date_millis: int | None
    supplier_lot_name: str | None
