"""Why a transaction did not go through, in the words of the metrics."""

from typing import Final

from lotkeeper_server.store.db import errors

_CAUSES: Final[tuple[tuple[type[errors.StoreError], str], ...]] = (
    (errors.RowsHeld, "rows_held"),
    (errors.VersionsMoved, "versions_moved"),
    (errors.StoreContention, "contention"),
    (errors.AlreadyThere, "already_there"),
    (errors.ReferenceBroken, "reference_broken"),
    (errors.StoreBusy, "store_busy"),
    (errors.OutcomeUnknown, "outcome_unknown"),
)
"""The narrower class first."""


def retry_cause(error: errors.StoreError) -> str:
    """One of `catalogue.RETRY_CAUSES`."""
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "store_unavailable")
