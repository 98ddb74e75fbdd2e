/** The client, over whatever transport it is given. */
import type { Transport } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";

import { Calls, type CallOptions } from "./calling.js";
import { Coalescing } from "./coalescing.js";
import {
  type ExecuteInventoryOperationRequestSchema,
  InventoryOperationService,
} from "./gen/lotkeeper/inventory/v1/inventory_operation_service_pb.js";
import { type Methods, SERVICES } from "./gen/services.js";
import { clientMethod } from "./methods.js";
import { prepared } from "./repeatable.js";
import { checkedRetries, checkedTimeout, type Retries } from "./retrying.js";

/** How a client calls, whatever its transport. */
export interface ClientOptions {
  /** How long a call may take, retries included, in ms. Default: 30,000. */
  readonly timeoutMs?: number;
  /** The limits of retries, besides the time of a call. */
  readonly retries?: Retries;
  /** Whether executions that wait for others travel together, as one batch. Default: no. */
  readonly coalesce?: boolean;
}

/**
 * Calls a Lotkeeper server: it has each method of the contract, under its name there, `executeInventoryOperation` say.
 *
 * Every call has a deadline, except a watch. Reads, and calls with a request id, are retried on UNAVAILABLE until then; the
 * client makes a request id if the request has none. Lists are async iterables that read page after page. Every refusal
 * and failure is a LotkeeperError.
 */
export interface LotkeeperClient extends Methods {
  /** Ends every call, and closes the connections; calls that come are refused. */
  close(): void;
}

const TIMEOUT_MS = 30_000;

/**
 * A client over a transport of Connect's, one for each program, as `connect` of `@lotkeeper/client/node` and of
 * `@lotkeeper/client/web` make it.
 *
 * @param transport how calls reach the server, and with which token (`bearer`)
 * @param onClose closes what the transport holds
 */
export function createLotkeeperClient(
  transport: Transport,
  options: ClientOptions = {},
  onClose: () => void = () => undefined,
): LotkeeperClient {
  const calls = new Calls(transport, checkedTimeout(options.timeoutMs ?? TIMEOUT_MS), checkedRetries(options.retries));
  const methods: Record<string, unknown> = {};
  for (const { methods: ofService } of SERVICES) {
    for (const method of ofService) methods[method.localName] = clientMethod(calls, method);
  }
  if (options.coalesce === true) methods["executeInventoryOperation"] = coalesced(calls, new Coalescing(calls));
  methods["close"] = () => {
    calls.open.close();
    onClose();
  };
  return methods as unknown as LotkeeperClient;
}

/** Executions that only ask what would be done, or have headers of their own, go by themselves. */
function coalesced(calls: Calls, coalescing: Coalescing) {
  const method = InventoryOperationService.method.executeInventoryOperation;
  return async (request: MessageInitShape<typeof ExecuteInventoryOperationRequestSchema>, options: CallOptions = {}) => {
    const { message, repeatable } = prepared(method, request);
    if (message.validateOnly || options.headers !== undefined) {
      return calls.unary(method, message, calls.attempts(options, repeatable), options.headers);
    }
    return coalescing.execute(message, options);
  };
}
