/** How single executions become a batch, and a batch's answer the answers of each. */
import { create, toBinary } from "@bufbuild/protobuf";

import { Failure } from "./calling.js";
import { errorOfStatus, LotkeeperError } from "./errors.js";
import {
  type BatchExecuteInventoryOperationsRequest,
  BatchExecuteInventoryOperationsRequestSchema,
  type BatchExecuteInventoryOperationsResponse,
  type BatchExecuteResult,
  type ExecuteInventoryOperationRequest,
  ExecuteInventoryOperationRequestSchema,
  type ExecuteInventoryOperationResponse,
} from "./gen/lotkeeper/inventory/v1/inventory_operation_service_pb.js";
import { type Attempts, nothingWasDone } from "./retrying.js";

/** Who has waited so long for the answer of others goes without it: one call that hangs shall not keep all. */
export const HELD_UP_MS = 100;
/** From so many on, half of all travel at a time. */
export const MANY = 32;
const REQUESTS_MAX = 1_000;
const HALVED_FROM = 64;
const BYTES_MAX = 1 << 20;
const OF_ALL: ReadonlySet<string> = new Set([
  "UNAVAILABLE",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "CANCELLED",
  "DEADLINE_EXCEEDED",
]);

/** What came of an execution that has travelled with others. */
export type Outcome =
  | { readonly kind: "answer"; readonly response: ExecuteInventoryOperationResponse }
  /** There may be another attempt. */
  | { readonly kind: "failure"; readonly failure: Failure }
  /** It was not sent, and is not tried again. */
  | { readonly kind: "over"; readonly error: LotkeeperError }
  /** What a batch is refused with as a whole is no answer to one of its requests. */
  | { readonly kind: "alone" };

/** A request, with a request id, that may wait for others. */
export interface Execution {
  readonly request: ExecuteInventoryOperationRequest;
  readonly attempts: Attempts;
}

/**
 * Takes out as many as travel in one batch, those first that came first. Where many wait it is half of all, so that the
 * server has something to do while the other half gets its answers.
 *
 * @param travelling how many are on their way, with those that have just arrived
 */
export function takenFrom<E extends Execution>(waiting: E[], travelling: number): E[] {
  const most = Math.min(Math.max(Math.floor((waiting.length + travelling + 1) / 2), HALVED_FROM), REQUESTS_MAX);
  let bytes = 0;
  let count = 0;
  for (const one of waiting) {
    bytes += toBinary(ExecuteInventoryOperationRequestSchema, one.request).byteLength;
    if (count === most || (count > 0 && bytes > BYTES_MAX)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** Whether those that wait go beside a batch that is on its way: the server then has one while another returns. */
export function areEnough(waiting: number, travelling: number): boolean {
  return waiting >= travelling && travelling >= MANY;
}

/** The batch in which they travel. */
export function batchOf(executions: readonly Execution[]): BatchExecuteInventoryOperationsRequest {
  return create(BatchExecuteInventoryOperationsRequestSchema, { requests: executions.map((one) => one.request) });
}

/** What the answer to a batch, or its failure, is to each. */
export function outcomesOf(
  answer: BatchExecuteInventoryOperationsResponse | Failure,
  executions: readonly Execution[],
): Outcome[] {
  if (answer instanceof Failure) return executions.map(() => shared(answer));
  if (answer.results.length !== executions.length) {
    const text = `the server answered ${String(answer.results.length)} of ${String(executions.length)} requests`;
    return executions.map(() => failure(new LotkeeperError("INTERNAL", text)));
  }
  return answer.results.map(ofResult);
}

function shared(whole: Failure): Outcome {
  const { error, wasUnsent } = whole;
  if (!OF_ALL.has(error.code) && !nothingWasDone(error)) return { kind: "alone" };
  const own = error.saying(error.rawMessage, error.fieldViolations); // each has a stack of its own
  return { kind: "failure", failure: new Failure(own, wasUnsent) };
}

function ofResult({ result }: BatchExecuteResult, index: number): Outcome {
  if (result.case === "response") return { kind: "answer", response: result.value };
  if (result.case === undefined) return failure(new LotkeeperError("INTERNAL", "the server answered with neither"));
  const error = errorOfStatus(result.value);
  if (error.is("TOO_MANY_RECORDS")) return { kind: "alone" }; // which may be those of the others
  const place = `requests[${String(index)}].`;
  const violations = error.fieldViolations.map((one) => ({
    ...one,
    field: one.field.startsWith(place) ? one.field.slice(place.length) : one.field,
  }));
  const message = error.rawMessage
    .split("; ")
    .map((part) => (part.startsWith(place) ? part.slice(place.length) : part))
    .join("; ");
  return failure(error.saying(message, violations));
}

function failure(error: LotkeeperError): Outcome {
  return { kind: "failure", failure: new Failure(error, false) };
}
