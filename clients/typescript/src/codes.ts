/** The names of gRPC's status codes, by number. */
export const STATUS_CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** A status code of gRPC, by name. Decide by it where you do not know the reason. */
export type StatusCode = (typeof STATUS_CODES)[number];

/** The name of a code; UNKNOWN for a number that has none. */
export function codeOfNumber(number: number): StatusCode {
  return STATUS_CODES[number] ?? "UNKNOWN";
}
