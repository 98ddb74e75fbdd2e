package lotkeeper

// Reason is why a call was refused: the name of a value of ErrorReason, without its prefix. It is an error itself, so that errors.Is finds it:
//
//	errors.Is(err, lotkeeper.ReasonLotNotFound)
//
// A later server may have reasons that are not among these constants; then decide by the code.
type Reason string

// Error is the reason's name.
func (r Reason) Error() string { return string(r) }

// The reasons of the contract; the comments of its enum ErrorReason, and docs/errors.md, say when each comes, with what
// metadata, and what to do.
const (
	ReasonInvalidArgument                 Reason = "INVALID_ARGUMENT"
	ReasonLotRequired                     Reason = "LOT_REQUIRED"
	ReasonMaterialRequired                Reason = "MATERIAL_REQUIRED"
	ReasonUnitRequired                    Reason = "UNIT_REQUIRED"
	ReasonMaterialConflict                Reason = "MATERIAL_CONFLICT"
	ReasonLotMaterialMismatch             Reason = "LOT_MATERIAL_MISMATCH"
	ReasonRequestIDReused                 Reason = "REQUEST_ID_REUSED"
	ReasonLotNotFound                     Reason = "LOT_NOT_FOUND"
	ReasonInventoryLotRecordNotFound      Reason = "INVENTORY_LOT_RECORD_NOT_FOUND"
	ReasonInventoryNotFound               Reason = "INVENTORY_NOT_FOUND"
	ReasonInventoryOperationNotFound      Reason = "INVENTORY_OPERATION_NOT_FOUND"
	ReasonOperationNotFound               Reason = "OPERATION_NOT_FOUND"
	ReasonLocationNotFound                Reason = "LOCATION_NOT_FOUND"
	ReasonMaterialNotFound                Reason = "MATERIAL_NOT_FOUND"
	ReasonMaterialClassNotFound           Reason = "MATERIAL_CLASS_NOT_FOUND"
	ReasonMaterialReasonCodeNotFound      Reason = "MATERIAL_REASON_CODE_NOT_FOUND"
	ReasonProductionOrderNotFound         Reason = "PRODUCTION_ORDER_NOT_FOUND"
	ReasonUnitOfMeasureNotFound           Reason = "UNIT_OF_MEASURE_NOT_FOUND"
	ReasonUnitOfMeasureConversionNotFound Reason = "UNIT_OF_MEASURE_CONVERSION_NOT_FOUND"
	ReasonRoleNotFound                    Reason = "ROLE_NOT_FOUND"
	ReasonTokenNotFound                   Reason = "TOKEN_NOT_FOUND"
	ReasonGrantNotFound                   Reason = "GRANT_NOT_FOUND"
	ReasonOperationDisabled               Reason = "OPERATION_DISABLED"
	ReasonOperationAlreadyRunning         Reason = "OPERATION_ALREADY_RUNNING"
	ReasonOperationNotRunning             Reason = "OPERATION_NOT_RUNNING"
	ReasonStartNotSupported               Reason = "START_NOT_SUPPORTED"
	ReasonLocationRequired                Reason = "LOCATION_REQUIRED"
	ReasonDisabled                        Reason = "DISABLED"
	ReasonLotStatusForbids                Reason = "LOT_STATUS_FORBIDS"
	ReasonInsufficientInventory           Reason = "INSUFFICIENT_INVENTORY"
	ReasonCountSuperseded                 Reason = "COUNT_SUPERSEDED"
	ReasonLotExpired                      Reason = "LOT_EXPIRED"
	ReasonLotDiffers                      Reason = "LOT_DIFFERS"
	ReasonLocationCapacityExceeded        Reason = "LOCATION_CAPACITY_EXCEEDED"
	ReasonLocationHoldsAnotherLot         Reason = "LOCATION_HOLDS_ANOTHER_LOT"
	ReasonMergeNotPossible                Reason = "MERGE_NOT_POSSIBLE"
	ReasonUnitNotConvertible              Reason = "UNIT_NOT_CONVERTIBLE"
	ReasonCommentsRequired                Reason = "COMMENTS_REQUIRED"
	ReasonTooManyRecords                  Reason = "TOO_MANY_RECORDS"
	ReasonNotWhole                        Reason = "NOT_WHOLE"
	ReasonTraceTruncated                  Reason = "TRACE_TRUNCATED"
	ReasonLocationNotEmpty                Reason = "LOCATION_NOT_EMPTY"
	ReasonImmutableField                  Reason = "IMMUTABLE_FIELD"
	ReasonHierarchyCycle                  Reason = "HIERARCHY_CYCLE"
	ReasonAlreadyReversed                 Reason = "ALREADY_REVERSED"
	ReasonNotReversible                   Reason = "NOT_REVERSIBLE"
	ReasonAdminStays                      Reason = "ADMIN_STAYS"
	ReasonReferenced                      Reason = "REFERENCED"
	ReasonNameTaken                       Reason = "NAME_TAKEN"
	ReasonVersionConflict                 Reason = "VERSION_CONFLICT"
	ReasonContention                      Reason = "CONTENTION"
	ReasonQuantityOverflow                Reason = "QUANTITY_OVERFLOW"
	ReasonAsOfArchived                    Reason = "AS_OF_ARCHIVED"
	ReasonResumeTokenExpired              Reason = "RESUME_TOKEN_EXPIRED"
	ReasonPermissionDenied                Reason = "PERMISSION_DENIED"
	ReasonUnauthenticated                 Reason = "UNAUTHENTICATED"
	ReasonOverloaded                      Reason = "OVERLOADED"
	ReasonNoTemporarySpace                Reason = "NO_TEMPORARY_SPACE"
	ReasonShuttingDown                    Reason = "SHUTTING_DOWN"
	ReasonStoreUnavailable                Reason = "STORE_UNAVAILABLE"
	ReasonDeadlineExceeded                Reason = "DEADLINE_EXCEEDED"
	ReasonCancelled                       Reason = "CANCELLED"
	ReasonInternal                        Reason = "INTERNAL"
)
