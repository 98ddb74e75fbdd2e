/** A transport of Connect's over connections to several servers, which says what it knows of calls that fail. */
import { Code, ConnectError, type Transport } from "@connectrpc/connect";

import { ConnectionLost, isOfServer, LotkeeperError, Unsent } from "../errors.js";
import { NotConnected } from "./connection.js";
import type { Connections, Line } from "./connections.js";

/** What a server says of a call that it has not looked at; Connect has only the text of it. */
const NOT_PROCESSED = "REFUSED_STREAM";
/** Codes that Connect gives what is wrong with a connection. */
const OF_CONNECTIONS: ReadonlySet<Code> = new Set([Code.Aborted, Code.Canceled, Code.Unavailable]);
/** And these only where the connection is gone, too. */
const OF_LOST_ONES: ReadonlySet<Code> = new Set([Code.Internal, Code.Unknown, Code.InvalidArgument]);

/** A transport that takes the connections in turn. */
export function transportOver(connections: Connections): Transport {
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const begun = performance.now();
      const line = await connections.taken(signal, timeoutMs);
      const left = leftOf(timeoutMs, begun);
      try {
        return await line.transport.unary(method, signal, left, header, input, contextValues);
      } catch (thrown) {
        throw told(thrown, line, signal);
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      const begun = performance.now();
      const line = await connections.taken(signal, timeoutMs);
      const left = leftOf(timeoutMs, begun);
      try {
        const response = await line.transport.stream(method, signal, left, header, input, contextValues);
        return { ...response, message: toldOf(response.message, line, signal) };
      } catch (thrown) {
        throw told(thrown, line, signal);
      }
    },
  };
}

function leftOf(timeoutMs: number | undefined, begun: number): number | undefined {
  return timeoutMs === undefined ? undefined : Math.max(Math.ceil(timeoutMs - (performance.now() - begun)), 1);
}

async function* toldOf<T>(messages: AsyncIterable<T>, line: Line, signal: AbortSignal | undefined): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (thrown) {
    throw told(thrown, line, signal);
  }
}

/** What a failure means for the caller. */
function told(thrown: unknown, line: Line, signal: AbortSignal | undefined): unknown {
  if (isOfServer(thrown) && line.hint !== undefined && !line.connection.isProven) return withHint(thrown, line.hint);
  if (signal?.aborted === true || !(thrown instanceof ConnectError) || isOfServer(thrown)) return thrown;
  if (thrown.cause instanceof NotConnected || thrown.message.includes(NOT_PROCESSED)) {
    const text = `${line.address.text} did not take the call: ${thrown.rawMessage}`;
    return new Unsent(new LotkeeperError("UNAVAILABLE", text, { cause: thrown }), false);
  }
  const isLost = OF_CONNECTIONS.has(thrown.code) || (OF_LOST_ONES.has(thrown.code) && !line.connection.isReady);
  return isLost ? new ConnectionLost(`the connection to ${line.address.text} broke off`, { cause: thrown }) : thrown;
}

/** What a server says of a call without a token, with how to give one. */
function withHint(thrown: unknown, hint: string): unknown {
  if (!(thrown instanceof ConnectError) || thrown.code !== Code.Unauthenticated) return thrown;
  const text = `${thrown.rawMessage.replace(/\.$/, "")}. ${hint}`;
  const hinting = new ConnectError(text, thrown.code, thrown.metadata);
  hinting.details = thrown.details;
  return hinting;
}
