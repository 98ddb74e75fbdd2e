/**
 * Every reason for which a server refuses a call, with its code and the names of the values that it may give.
 *
 * A test compares this table with the server's refusals and with the contract.
 */
import type { StatusCode } from "./codes.js";

/** By reason: its code, and which values its metadata may have beside `index`. */
export const REASONS = {
  INVALID_ARGUMENT: { code: "INVALID_ARGUMENT", metadata: [] },
  LOT_REQUIRED: { code: "INVALID_ARGUMENT", metadata: ["field", "strategy"] },
  MATERIAL_REQUIRED: { code: "INVALID_ARGUMENT", metadata: [] },
  UNIT_REQUIRED: { code: "INVALID_ARGUMENT", metadata: [] },
  MATERIAL_CONFLICT: { code: "INVALID_ARGUMENT", metadata: ["configured", "given"] },
  LOT_MATERIAL_MISMATCH: { code: "INVALID_ARGUMENT", metadata: ["lot", "material"] },
  REQUEST_ID_REUSED: { code: "INVALID_ARGUMENT", metadata: ["request_id"] },
  LOT_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "name"] },
  INVENTORY_LOT_RECORD_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "archived"] },
  INVENTORY_NOT_FOUND: { code: "NOT_FOUND", metadata: ["name", "path"] },
  INVENTORY_OPERATION_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id"] },
  OPERATION_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "name"] },
  LOCATION_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "path"] },
  MATERIAL_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "path"] },
  MATERIAL_CLASS_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "path"] },
  MATERIAL_REASON_CODE_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "code"] },
  PRODUCTION_ORDER_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "name"] },
  UNIT_OF_MEASURE_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id", "name", "symbol"] },
  UNIT_OF_MEASURE_CONVERSION_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id"] },
  ROLE_NOT_FOUND: { code: "NOT_FOUND", metadata: ["name"] },
  TOKEN_NOT_FOUND: { code: "NOT_FOUND", metadata: ["id"] },
  GRANT_NOT_FOUND: { code: "NOT_FOUND", metadata: ["name"] },
  OPERATION_DISABLED: { code: "FAILED_PRECONDITION", metadata: ["inventory_operation_id"] },
  OPERATION_ALREADY_RUNNING: { code: "FAILED_PRECONDITION", metadata: ["inventory_operation_id", "status"] },
  OPERATION_NOT_RUNNING: { code: "FAILED_PRECONDITION", metadata: ["inventory_operation_id", "status"] },
  START_NOT_SUPPORTED: { code: "FAILED_PRECONDITION", metadata: ["operation_type"] },
  LOCATION_REQUIRED: { code: "FAILED_PRECONDITION", metadata: ["role", "operation_type"] },
  DISABLED: { code: "FAILED_PRECONDITION", metadata: ["entity", "id"] },
  LOT_STATUS_FORBIDS: { code: "FAILED_PRECONDITION", metadata: ["lot", "lot_status", "operation_type"] },
  INSUFFICIENT_INVENTORY: { code: "FAILED_PRECONDITION", metadata: ["lot", "location", "available", "requested", "unit", "at"] },
  COUNT_SUPERSEDED: { code: "FAILED_PRECONDITION", metadata: ["inventory_lot_record_id", "at"] },
  LOT_EXPIRED: { code: "FAILED_PRECONDITION", metadata: ["lot", "expiration_date"] },
  LOT_DIFFERS: { code: "FAILED_PRECONDITION", metadata: ["lot", "field", "stored", "given"] },
  LOCATION_CAPACITY_EXCEEDED: { code: "FAILED_PRECONDITION", metadata: ["location", "capacity", "stored", "requested", "unit"] },
  LOCATION_HOLDS_ANOTHER_LOT: { code: "FAILED_PRECONDITION", metadata: ["location", "lot"] },
  MERGE_NOT_POSSIBLE: { code: "FAILED_PRECONDITION", metadata: ["location", "lot", "other_lot", "cause"] },
  UNIT_NOT_CONVERTIBLE: { code: "FAILED_PRECONDITION", metadata: ["from", "to", "material"] },
  COMMENTS_REQUIRED: { code: "FAILED_PRECONDITION", metadata: ["reason_code"] },
  TOO_MANY_RECORDS: { code: "FAILED_PRECONDITION", metadata: ["count", "limit"] },
  NOT_WHOLE: { code: "FAILED_PRECONDITION", metadata: ["lot", "location", "quantity"] },
  TRACE_TRUNCATED: { code: "FAILED_PRECONDITION", metadata: ["lot", "depth"] },
  LOCATION_NOT_EMPTY: { code: "FAILED_PRECONDITION", metadata: ["location", "lots"] },
  IMMUTABLE_FIELD: { code: "FAILED_PRECONDITION", metadata: ["entity", "field"] },
  HIERARCHY_CYCLE: { code: "FAILED_PRECONDITION", metadata: ["entity", "id"] },
  ALREADY_REVERSED: { code: "FAILED_PRECONDITION", metadata: ["inventory_lot_record_id"] },
  NOT_REVERSIBLE: { code: "FAILED_PRECONDITION", metadata: ["inventory_lot_record_id", "cause"] },
  ADMIN_STAYS: { code: "FAILED_PRECONDITION", metadata: [] },
  REFERENCED: { code: "FAILED_PRECONDITION", metadata: ["entity", "count"] },
  NAME_TAKEN: { code: "ALREADY_EXISTS", metadata: ["entity", "name"] },
  VERSION_CONFLICT: { code: "ABORTED", metadata: ["expected", "actual"] },
  CONTENTION: { code: "ABORTED", metadata: [] },
  QUANTITY_OVERFLOW: { code: "OUT_OF_RANGE", metadata: [] },
  AS_OF_ARCHIVED: { code: "OUT_OF_RANGE", metadata: ["oldest"] },
  RESUME_TOKEN_EXPIRED: { code: "OUT_OF_RANGE", metadata: ["oldest"] },
  PERMISSION_DENIED: { code: "PERMISSION_DENIED", metadata: ["permission", "scope", "limit"] },
  UNAUTHENTICATED: { code: "UNAUTHENTICATED", metadata: ["cause"] },
  OVERLOADED: { code: "RESOURCE_EXHAUSTED", metadata: [] },
  NO_TEMPORARY_SPACE: { code: "RESOURCE_EXHAUSTED", metadata: ["limit"] },
  SHUTTING_DOWN: { code: "UNAVAILABLE", metadata: [] },
  STORE_UNAVAILABLE: { code: "UNAVAILABLE", metadata: [] },
  DEADLINE_EXCEEDED: { code: "DEADLINE_EXCEEDED", metadata: [] },
  CANCELLED: { code: "CANCELLED", metadata: [] },
  INTERNAL: { code: "INTERNAL", metadata: ["error_id"] },
} as const satisfies Readonly<Record<string, { readonly code: StatusCode; readonly metadata: readonly string[] }>>;

/** A reason that this client knows. A newer server may have others, which are texts all the same. */
export type Reason = keyof typeof REASONS;

/** The values that a reason gives, as texts; one that does not apply is absent. `index` is of batches and lists. */
export type ReasonMetadata<R extends Reason> = Readonly<
  Partial<Record<(typeof REASONS)[R]["metadata"][number] | "index", string>>
>;
