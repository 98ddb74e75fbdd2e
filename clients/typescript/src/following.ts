/** Streams that go on after a loss of the connection or the server, each message once. */
import { clone, type DescMessage, type DescMethodServerStreaming, type MessageShape } from "@bufbuild/protobuf";

import { type Calls, type CallOptions, leftEarly } from "./calling.js";
import { LotkeeperError } from "./errors.js";
import type { OpenCall } from "./open-calls.js";
import { Resuming } from "./retrying.js";

/** After so long without a message the connection counts as lost: there is a heartbeat at least every 10 s. */
const SILENCE_MS = 30_000;

/** The messages of a watch, without an end. Leaving the loop ends it. */
export async function* followed<I extends DescMessage, O extends DescMessage>(
  calls: Calls,
  method: DescMethodServerStreaming<I, O>,
  request: MessageShape<I>,
  options: CallOptions,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const resuming = new Resuming();
  const waiting = calls.open.begin(options.signal);
  let asking = request;
  try {
    for (;;) {
      let pause: number;
      try {
        for await (const message of messagesOf(calls, method, asking, options)) {
          resuming.came();
          asking = after(method.input, asking, message);
          yield message;
        }
        pause = resuming.pauseMs();
      } catch (error) {
        if (!(error instanceof LotkeeperError)) throw error;
        waiting.check();
        pause = resuming.pauseMsAfter(error);
      }
      await waiting.wait(pause);
    }
  } finally {
    waiting.end();
  }
}

/** The messages of one stream, until it ends or falls silent. Throws a LotkeeperError. */
async function* messagesOf<I extends DescMessage, O extends DescMessage>(
  calls: Calls,
  method: DescMethodServerStreaming<I, O>,
  request: MessageShape<I>,
  options: CallOptions,
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const call = calls.open.begin(options.signal);
  const patience = new Patience(call);
  try {
    patience.waitFor(calls.timeout(options));
    const messages = await calls.sent(method, [request], call, undefined, options);
    for await (const message of messages) {
      patience.rest(); // nobody waits for the server while the caller deals with a message
      yield message;
      patience.waitFor(SILENCE_MS);
    }
  } catch (thrown) {
    throw calls.failed(thrown, call).error;
  } finally {
    patience.rest();
    call.abort(leftEarly());
    call.end();
  }
}

/** Ends a call once nothing has come for too long. */
class Patience {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly call: OpenCall) {}

  waitFor(ms: number): void {
    this.#timer = setTimeout(() => {
      this.call.abort(new LotkeeperError("UNAVAILABLE", `nothing came for ${String(ms / 1_000)} s`));
    }, ms);
  }

  rest(): void {
    clearTimeout(this.#timer);
  }
}

/** The request that goes on after a message. */
function after<I extends DescMessage>(schema: I, request: MessageShape<I>, message: object): MessageShape<I> {
  const next = clone(schema, request);
  return "resumeToken" in message ? Object.assign(next, { resumeToken: message.resumeToken }) : next;
}
