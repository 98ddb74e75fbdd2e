/** What a call can throw in place of an answer. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, type Any } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

import { codeOfNumber, type StatusCode } from "./codes.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { BadRequest, ErrorInfo, RetryInfo } from "./gen/google/rpc/error_details_pb.js";
import type { Status } from "./gen/google/rpc/status_pb.js";
import type { Reason, ReasonMetadata } from "./reasons.js";

/** No server is waited for longer before it is asked again, whatever it says. */
const RETRY_AFTER_MS_MAX = 3_600_000;
const GRPC_STATUS = "grpc-status";

/** One wrong field of the request. */
export interface FieldViolation {
  /** Its path, by the contract's names: `quantity`, `requests[3].quantity`. */
  readonly field: string;
  /** What is wrong, in a sentence. */
  readonly description: string;
  /** Why, as a reason; empty where the server does not say. */
  readonly reason: string;
}

/** What an error says beside its code and its sentence. */
export interface ErrorDetails {
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** An error whose reason is known to be R. */
export type Refusal<R extends Reason> = LotkeeperError & { readonly reason: R; readonly metadata: ReasonMetadata<R> };

/** A call that was refused or failed. `is` narrows it by reason. */
export class LotkeeperError extends Error {
  override readonly name = "LotkeeperError";
  /** The status code, by which to decide where the reason is not known. */
  readonly code: StatusCode;
  /** Why it was refused, `INSUFFICIENT_INVENTORY` say; empty where no server said so: gRPC, HTTP or this client failed. */
  readonly reason: string;
  /** The sentence for people, without the reason in front that `message` has. */
  readonly rawMessage: string;
  /** The values concerned, as texts. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The wrong fields of the request. */
  readonly fieldViolations: readonly FieldViolation[];
  /** After how many ms a retry makes sense, where the server says so. */
  readonly retryAfterMs: number | undefined;

  constructor(code: StatusCode, rawMessage: string, details: ErrorDetails = {}) {
    const reason = details.reason ?? "";
    super(`${reason === "" ? code : reason}: ${rawMessage}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.rawMessage = rawMessage;
    this.metadata = details.metadata ?? {};
    this.fieldViolations = details.fieldViolations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether this is the reason; then the metadata has the values of that reason. */
  is<R extends Reason>(reason: R): this is Refusal<R> {
    return this.reason === reason;
  }

  /** Which item of a batch or a list was the first refused one, counted from 0; undefined if it was no item. */
  get index(): number | undefined {
    const text = this.metadata["index"];
    return text === undefined ? undefined : Number(text);
  }

  /** The same error in other words. */
  saying(rawMessage: string, fieldViolations: readonly FieldViolation[]): LotkeeperError {
    return new LotkeeperError(this.code, rawMessage, {
      reason: this.reason,
      metadata: this.metadata,
      fieldViolations,
      retryAfterMs: this.retryAfterMs,
      cause: this.cause,
    });
  }
}

/** A transport's word that the server cannot have seen a call; nothing was done. */
export class Unsent extends Error {
  override readonly name = "Unsent";

  constructor(
    readonly error: LotkeeperError,
    /** Whether the transport has waited as long as it was worth, so that the call is not tried again. */
    readonly isFinal: boolean,
  ) {
    super(error.message);
  }
}

/** A transport's word that the connection broke while a call was on its way: what was done is not known. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The error for whatever a transport has thrown. */
export function errorOf(thrown: unknown): LotkeeperError {
  if (thrown instanceof LotkeeperError) return thrown;
  if (thrown instanceof Unsent) return thrown.error;
  if (thrown instanceof ConnectionLost) return new LotkeeperError("UNAVAILABLE", thrown.message, { cause: thrown.cause });
  const failed = ConnectError.from(thrown, Code.Unknown);
  const said: ErrorDetails = {
    ...detailsOf(
      failed.findDetails(ErrorInfoSchema).at(-1),
      failed.findDetails(BadRequestSchema).at(-1),
      failed.findDetails(RetryInfoSchema).at(-1),
    ),
    cause: isOfServer(thrown) ? undefined : thrown, // else all is said
  };
  return new LotkeeperError(codeOfNumber(failed.code), failed.rawMessage, said);
}

/** The error for a google.rpc.Status, which a batch has in place of the answer to a request. */
export function errorOfStatus(status: Status): LotkeeperError {
  let info: ErrorInfo | undefined, bad: BadRequest | undefined, retry: RetryInfo | undefined;
  for (const detail of status.details) {
    info = unpacked(detail, ErrorInfoSchema) ?? info;
    bad = unpacked(detail, BadRequestSchema) ?? bad;
    retry = unpacked(detail, RetryInfoSchema) ?? retry;
  }
  return new LotkeeperError(codeOfNumber(status.code), status.message, detailsOf(info, bad, retry));
}

/** Whether a server has said so itself, by a reason or gRPC's status, and not a proxy, the network or this client. */
export function isOfServer(thrown: unknown): boolean {
  return thrown instanceof ConnectError && (thrown.details.length > 0 || thrown.metadata.has(GRPC_STATUS));
}

function detailsOf(info?: ErrorInfo, bad?: BadRequest, retry?: RetryInfo): ErrorDetails {
  const delay = retry?.retryDelay;
  return {
    reason: info?.reason ?? "",
    metadata: { ...info?.metadata },
    fieldViolations: (bad?.fieldViolations ?? []).map(({ field, description, reason }) => ({ field, description, reason })),
    retryAfterMs:
      delay === undefined
        ? undefined
        : Math.min(Math.max(Number(delay.seconds) * 1_000 + delay.nanos / 1e6, 0), RETRY_AFTER_MS_MAX),
  };
}

function unpacked<Schema extends DescMessage>(detail: Any, schema: Schema): MessageShape<Schema> | undefined {
  try {
    return anyUnpack(detail, schema);
  } catch {
    return undefined; // what cannot be read says nothing
  }
}
