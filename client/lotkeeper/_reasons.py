# Made from the contract by `python client/error_reasons.py`; change that file instead.
"""Reasons of refusals, and of their wrong fields, as names: each is equal to its text."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a call was refused: what `LotkeeperError.reason` is equal to.

    A newer server may have a reason that is not here: `reason` is a text then, like any other. Of each reason the code
    is said, and which keys the error's `metadata` may have.
    """

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    """Missing, malformed, too long, out of range, unknown; bytes that are not a message; a page token of another
    request; a quantity that is missing, zero or rounds to zero; an `exact_quantity` that is no number, has more
    than six decimals or is another double than the `quantity` beside it; a time outside the limits; the primary
    lot as its own secondary lot. INVALID_ARGUMENT. No metadata. Remedy: Correct all fields that the violations
    name."""

    LOT_REQUIRED = "LOT_REQUIRED"
    """A lot that the operation's strategy cannot supply, or that an action needs, was not given. INVALID_ARGUMENT.
    Metadata: field, strategy. Remedy: Name a lot, or change the operation's lot resolution strategy."""

    MATERIAL_REQUIRED = "MATERIAL_REQUIRED"
    """Neither given nor configured; or a lot is given by name, but not its material. INVALID_ARGUMENT. No
    metadata. Remedy: Give `material_id_or_path`, or the lot by its id."""

    UNIT_REQUIRED = "UNIT_REQUIRED"
    """The operation, the order, the material and the lot all have no unit of measure. INVALID_ARGUMENT. No
    metadata. Remedy: Give the material a unit."""

    MATERIAL_CONFLICT = "MATERIAL_CONFLICT"
    """A different material than the one configured in a STATIC operation. INVALID_ARGUMENT. Metadata: configured,
    given. Remedy: Leave the material out, or run another operation."""

    LOT_MATERIAL_MISMATCH = "LOT_MATERIAL_MISMATCH"
    """The lot belongs to another material. INVALID_ARGUMENT. Metadata: lot, material. Remedy: Check which lot was
    scanned; give the lot's own material."""

    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """The request id took effect for a different request. INVALID_ARGUMENT. Metadata: request_id. Remedy: Make a
    new request id for each new request; use an old one only to retry the same request."""

    LOT_NOT_FOUND = "LOT_NOT_FOUND"
    """There is no such lot. NOT_FOUND. Metadata: id, name. Remedy: Look it up: ListLots with a name_prefix. A text
    in the form of an id is never read as a name."""

    INVENTORY_LOT_RECORD_NOT_FOUND = "INVENTORY_LOT_RECORD_NOT_FOUND"
    """There is no such record. NOT_FOUND. Metadata: id, archived. Remedy: Look it up: ListInventoryLotRecords.
    With `archived` true it is in a file of the archive."""

    INVENTORY_NOT_FOUND = "INVENTORY_NOT_FOUND"
    """There is no such row of inventory: the lot has never been at that location. NOT_FOUND. Metadata: name, path.
    Remedy: Look at what is there: ListInventory."""

    INVENTORY_OPERATION_NOT_FOUND = "INVENTORY_OPERATION_NOT_FOUND"
    """There is no such inventory operation. NOT_FOUND. Metadata: id. Remedy: Look it up:
    ListInventoryOperations."""

    OPERATION_NOT_FOUND = "OPERATION_NOT_FOUND"
    """There is no such process operation. NOT_FOUND. Metadata: id, name. Remedy: Look it up: ListOperations."""

    LOCATION_NOT_FOUND = "LOCATION_NOT_FOUND"
    """There is no such location. NOT_FOUND. Metadata: id, path. Remedy: Look it up: ListLocations."""

    MATERIAL_NOT_FOUND = "MATERIAL_NOT_FOUND"
    """There is no such material. NOT_FOUND. Metadata: id, path. Remedy: Look it up: ListMaterials."""

    MATERIAL_CLASS_NOT_FOUND = "MATERIAL_CLASS_NOT_FOUND"
    """There is no such material class. NOT_FOUND. Metadata: id, path. Remedy: Look it up: ListMaterialClasses."""

    MATERIAL_REASON_CODE_NOT_FOUND = "MATERIAL_REASON_CODE_NOT_FOUND"
    """There is no such reason code. NOT_FOUND. Metadata: id, code. Remedy: Look it up: ListMaterialReasonCodes."""

    PRODUCTION_ORDER_NOT_FOUND = "PRODUCTION_ORDER_NOT_FOUND"
    """There is no such production order. NOT_FOUND. Metadata: id, name. Remedy: Look it up:
    ListProductionOrders."""

    UNIT_OF_MEASURE_NOT_FOUND = "UNIT_OF_MEASURE_NOT_FOUND"
    """There is no such unit of measure. NOT_FOUND. Metadata: id, name, symbol. Remedy: Look it up:
    ListUnitsOfMeasure."""

    UNIT_OF_MEASURE_CONVERSION_NOT_FOUND = "UNIT_OF_MEASURE_CONVERSION_NOT_FOUND"
    """There is no such conversion between units. NOT_FOUND. Metadata: id. Remedy: Look it up:
    ListUnitOfMeasureConversions."""

    ROLE_NOT_FOUND = "ROLE_NOT_FOUND"
    """There is no such role. NOT_FOUND. Metadata: name. Remedy: Look it up: ListRoles."""

    TOKEN_NOT_FOUND = "TOKEN_NOT_FOUND"
    """There is no such token that lets somebody in. NOT_FOUND. Metadata: id. Remedy: Look it up: ListTokens."""

    GRANT_NOT_FOUND = "GRANT_NOT_FOUND"
    """There is no such grant of that role to that principal. NOT_FOUND. Metadata: name. Remedy: Look at what there
    is: ListGrants."""

    OPERATION_DISABLED = "OPERATION_DISABLED"
    """The inventory operation is disabled. FAILED_PRECONDITION. Metadata: inventory_operation_id. Remedy: Enable
    it: save it with `enabled`."""

    OPERATION_ALREADY_RUNNING = "OPERATION_ALREADY_RUNNING"
    """A Start, a change or a delete of an operation that is running. FAILED_PRECONDITION. Metadata:
    inventory_operation_id, status. Remedy: Stop or cancel it first."""

    OPERATION_NOT_RUNNING = "OPERATION_NOT_RUNNING"
    """A Stop or Cancel of an operation that is not running. FAILED_PRECONDITION. Metadata: inventory_operation_id,
    status. Remedy: Read its status; if it was stopped in the meantime, do nothing."""

    START_NOT_SUPPORTED = "START_NOT_SUPPORTED"
    """SCRAP_ALL cannot be started. FAILED_PRECONDITION. Metadata: operation_type. Remedy: Execute it."""

    LOCATION_REQUIRED = "LOCATION_REQUIRED"
    """The location that the type needs is not configured. FAILED_PRECONDITION. Metadata: role, operation_type.
    Remedy: Save the operation with its source or destination."""

    DISABLED = "DISABLED"
    """A disabled material, lot, location or reason code. FAILED_PRECONDITION. Metadata: entity, id. Remedy: Enable
    it, or use another. A disabled material or lot can still be scrapped and returned."""

    LOT_STATUS_FORBIDS = "LOT_STATUS_FORBIDS"
    """The lot's status does not allow this type: a hold, CLOSED, SHIPPED, EXPIRED. For MOVE: to a location that
    keeps no stock. FAILED_PRECONDITION. Metadata: lot, lot_status, operation_type. Remedy: Release it by a
    STATUS_CHANGE; scrap or return it."""

    INSUFFICIENT_INVENTORY = "INSUFFICIENT_INVENTORY"
    """Stock would fall below zero at some moment from the end of the call on; `at` is the first one, and
    `available` the least that there is from that end on. For a pick: the lots that may be picked do not cover the
    quantity; then there is no `lot` and no `at`, and the unit is the requested one. FAILED_PRECONDITION. Metadata:
    lot, location, available, requested, unit, at. Remedy: ListInventory shows what is there, with as_of_millis
    what was. Ask for at most what is available, give the right end, correct the stock by an EDIT, or allow
    negative inventory at the location."""

    COUNT_SUPERSEDED = "COUNT_SUPERSEDED"
    """An EDIT with an end before that of another one of the same lot at the same location. FAILED_PRECONDITION.
    Metadata: inventory_lot_record_id, at. Remedy: The later count says more. If it is wrong, reverse it first."""

    LOT_EXPIRED = "LOT_EXPIRED"
    """The lot's expiration date is before the end of the call. FAILED_PRECONDITION. Metadata: lot,
    expiration_date. Remedy: Scrap it, or save the lot with a later date if that is right."""

    LOT_DIFFERS = "LOT_DIFFERS"
    """The lot that is there has another expiration date, or another number at its supplier, than the call states;
    `field` is `expiration_date` or `supplier_lot_name`, and `stored` is empty where the lot has none.
    FAILED_PRECONDITION. Metadata: lot, field, stored, given. Remedy: Check the label. Receive it under another lot
    name, or save the lot with what is right."""

    LOCATION_CAPACITY_EXCEEDED = "LOCATION_CAPACITY_EXCEEDED"
    """The location's stock would rise above its capacity. FAILED_PRECONDITION. Metadata: location, capacity,
    stored, requested, unit. Remedy: Put it elsewhere; `lotkeeper locations capacity` tells beforehand."""

    LOCATION_HOLDS_ANOTHER_LOT = "LOCATION_HOLDS_ANOTHER_LOT"
    """Another lot has stock at a location that takes one lot at a time. FAILED_PRECONDITION. Metadata: location,
    lot. Remedy: Empty the location, or merge the lots."""

    MERGE_NOT_POSSIBLE = "MERGE_NOT_POSSIBLE"
    """Lots of different material or unit cannot be merged; `cause` is MATERIAL or UNIT. FAILED_PRECONDITION.
    Metadata: location, lot, other_lot, cause. Remedy: Put it elsewhere."""

    UNIT_NOT_CONVERTIBLE = "UNIT_NOT_CONVERTIBLE"
    """There is no conversion from one unit to the other. FAILED_PRECONDITION. Metadata: from, to, material.
    Remedy: Save a conversion, global or for the material."""

    COMMENTS_REQUIRED = "COMMENTS_REQUIRED"
    """The reason code asks for comments, but no notes are given. FAILED_PRECONDITION. Metadata: reason_code.
    Remedy: Give notes; for an operation, save it with notes."""

    TOO_MANY_RECORDS = "TOO_MANY_RECORDS"
    """A call would write more than 1,000 records, a batch more than 4,000, or its answer would be larger than 4
    MB; also a repeat, if its notes or names have become so long since. FAILED_PRECONDITION. Metadata: count,
    limit. Remedy: Split the call."""

    NOT_WHOLE = "NOT_WHOLE"
    """A unit cannot become `whole_only` while there is stock in it that is not a whole number; one such is named.
    FAILED_PRECONDITION. Metadata: lot, location, quantity. Remedy: Correct the stock by an EDIT, then save the
    unit again."""

    TRACE_TRUNCATED = "TRACE_TRUNCATED"
    """A hold whose trace would leave something out: it leads on beyond `depth`, or has more than 10,000 lots and
    orders, 20,000 edges, or 4 MB of an answer. Nothing is held. FAILED_PRECONDITION. Metadata: lot, depth. Remedy:
    Ask for more depth, up to 50; or hold in several calls, from lots further on."""

    LOCATION_NOT_EMPTY = "LOCATION_NOT_EMPTY"
    """A location with stock cannot become NO_STORAGE. FAILED_PRECONDITION. Metadata: location, lots. Remedy: Move
    its stock away first."""

    IMMUTABLE_FIELD = "IMMUTABLE_FIELD"
    """A lot's material or unit after its first record; an order's product or unit once something is counted for
    it; the definition of an operation that is running. FAILED_PRECONDITION. Metadata: entity, field. Remedy: Make
    a new lot, a new order; stop the operation first."""

    HIERARCHY_CYCLE = "HIERARCHY_CYCLE"
    """A parent that is the entity itself or lies below it. FAILED_PRECONDITION. Metadata: entity, id. Remedy:
    Choose another parent."""

    ALREADY_REVERSED = "ALREADY_REVERSED"
    """The record was reversed before. FAILED_PRECONDITION. Metadata: inventory_lot_record_id. Remedy: Nothing: its
    `reversed_by_record_id` names the reversal."""

    NOT_REVERSIBLE = "NOT_REVERSIBLE"
    """`cause` STATUS: it is not COMPLETED. REVERSAL: it is a reversal itself. TYPE: it is a STATUS_CHANGE.
    ARCHIVED: it is now in a file of the archive. LOCATION: stock would go to a location that has become
    NO_STORAGE. FAILED_PRECONDITION. Metadata: inventory_lot_record_id, cause. Remedy: Cancel what is running; do a
    reversed movement again; change the status again; EDIT the stock."""

    ADMIN_STAYS = "ADMIN_STAYS"
    """A change of the role `admin`, or one after which nobody could do everything any more. FAILED_PRECONDITION.
    No metadata. Remedy: Give somebody else the role `admin` before; its limits are set by `lotkeeper-server role
    update`."""

    REFERENCED = "REFERENCED"
    """A delete of something in use; `entity` is what refers to it. FAILED_PRECONDITION. Metadata: entity, count.
    Remedy: Disable it instead (`enabled` false), or delete what refers to it first."""

    NAME_TAKEN = "NAME_TAKEN"
    """A unique name, symbol, code or path is taken. ALREADY_EXISTS. Metadata: entity, name. Remedy: Choose another
    name, or update the existing one."""

    VERSION_CONFLICT = "VERSION_CONFLICT"
    """A save or delete that names an old version. ABORTED. Metadata: expected, actual. Remedy: Read the entity
    again, make your change in it, save."""

    CONTENTION = "CONTENTION"
    """The store kept refusing the transaction; nothing was done. ABORTED. No metadata. Remedy: Retry; the client
    does so by itself."""

    QUANTITY_OVERFLOW = "QUANTITY_OVERFLOW"
    """A stored quantity would reach 9.2e12 units. OUT_OF_RANGE. No metadata. Remedy: Use a larger unit."""

    AS_OF_ARCHIVED = "AS_OF_ARCHIVED"
    """Stock at a moment before the latest archived record; also of an EDIT, which counts the stock of its end.
    OUT_OF_RANGE. Metadata: oldest. Remedy: Ask for `oldest` or later; earlier records are in the files."""

    RESUME_TOKEN_EXPIRED = "RESUME_TOKEN_EXPIRED"
    """A watch would have to send records or events that were archived; or, without `oldest`, the token is of
    another store or of before a restore. OUT_OF_RANGE. Metadata: oldest. Remedy: Watch again with
    `from_beginning`, or from now on; what was missed, up to `oldest`, is in the files. Without `oldest`: drop what
    you stored of records that are not there any more."""

    PERMISSION_DENIED = "PERMISSION_DENIED"
    """The caller's roles do not grant the permission; with `scope` not for the place that was named, or it does
    not exist; with `limit` a role was to have a larger limit than the caller has. Of a role, token or grant: it
    allows what the caller may not. PERMISSION_DENIED. Metadata: permission, scope, limit. Remedy: Ask for a role
    that grants it, there; `lotkeeper permissions` shows what the token has."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    """The token is missing, unknown, expired or revoked; the answer never says which, but for an issuer's token
    with a good signature. Streams end with it, too. UNAUTHENTICATED. Metadata: cause. Remedy: Send a valid token:
    `lotkeeper-server token create`, or one of the issuer as `cause` says."""

    OVERLOADED = "OVERLOADED"
    """The server takes no more for now, of this caller or of all: calls that wait, or places for imports, exports
    or watches; the message says which. Nothing was done. RESOURCE_EXHAUSTED. No metadata. Remedy: Wait as long as
    RetryInfo says, then retry; the client does so by itself."""

    NO_TEMPORARY_SPACE = "NO_TEMPORARY_SPACE"
    """A temporary file that an import or export needs finds no room: a quota is used up, which `limit` names, or
    the disk is full. Nothing was done. RESOURCE_EXHAUSTED. Metadata: limit. Remedy: Split the file, or retry once
    other imports have ended. The operator: `temporary_bytes_max`, `temporary_folder`."""

    SHUTTING_DOWN = "SHUTTING_DOWN"
    """The server is shutting down; nothing was done, and watches end. UNAVAILABLE. No metadata. Remedy: Retry; the
    client does so by itself, and a watch resumes."""

    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    """The store cannot be reached; nothing was done, or what was done is unknown; the message says which.
    UNAVAILABLE. No metadata. Remedy: Retry with the same request id, which settles what was done."""

    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    """From the server: the call was given up before the commit began, nothing was done; also an import or export
    whose caller does nothing for 30 s, or is slower than it may be. From the caller's own library it has no
    reason: what was done is unknown. DEADLINE_EXCEEDED. No metadata. Remedy: Retry with the same request id."""

    CANCELLED = "CANCELLED"
    """From the server: the caller cancelled before the commit began, nothing was done. CANCELLED. No metadata.
    Remedy: Retry with the same request id, if the cancel was a mistake."""

    INTERNAL = "INTERNAL"
    """A fault of the server. INTERNAL. Metadata: error_id. Remedy: Report it with the error id, which is also in
    the server's log. Retry with the same request id."""

    CLIENT_CLOSED = "CLIENT_CLOSED"
    """Of this client: it was closed. Raised as `ClientClosed`."""

    WRONG_EVENT_LOOP = "WRONG_EVENT_LOOP"
    """Of this client: it belongs to another event loop. Raised as `WrongEventLoop`."""


class FieldReason(StrEnum):
    """Why the value of a field was refused: what `FieldViolation.reason` is equal to, if the request itself is wrong.

    A field that names what does not exist, or what the plant's state forbids, has a `Reason` instead.
    """

    REQUIRED = "REQUIRED"
    """It must be given."""

    MALFORMED = "MALFORMED"
    """It does not have the form that it must have: no ULID, no number, a character that may not be."""

    TOO_LONG = "TOO_LONG"
    """A text or a document has more characters or bytes than it may."""

    OUT_OF_RANGE = "OUT_OF_RANGE"
    """A number, a moment or a count of elements lies outside of what is allowed."""

    UNKNOWN = "UNKNOWN"
    """It names nothing that there is: a value of an enum, a field, a permission; or it is a token of another
    request."""

    CONFLICTING = "CONFLICTING"
    """It does not go together with another field, which may be at fault as well."""

    NOT_ALLOWED = "NOT_ALLOWED"
    """It may not be given here, or not with this value, or nothing more may be added."""
