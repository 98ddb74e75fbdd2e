/** Sends calls, retries them, and turns failures into errors. */
import type {
  DescMessage,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";

import { errorOf, LotkeeperError, Unsent } from "./errors.js";
import { type OpenCall, OpenCalls } from "./open-calls.js";
import { Attempts, checkedTimeout, type Repeatable, type Retries } from "./retrying.js";

/** What a single call may be given. */
export interface CallOptions {
  /** How long it may take, retries included, in ms. Default: the client's. A watch: how long its first message may. */
  readonly timeoutMs?: number;
  /** Gives it up. What was sent may have been done. */
  readonly signal?: AbortSignal;
  /** More headers, such as `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How an attempt has failed. */
export class Failure {
  constructor(
    readonly error: LotkeeperError,
    /** Whether the server cannot have seen it. */
    readonly wasUnsent: boolean,
  ) {}
}

type Stream<I extends DescMessage, O extends DescMessage> =
  | DescMethodServerStreaming<I, O>
  | DescMethodClientStreaming<I, O>;

/** The calls of one client. */
export class Calls {
  readonly open = new OpenCalls();

  constructor(
    private readonly transport: Transport,
    private readonly timeoutMs: number,
    private readonly retries: Required<Retries>,
  ) {}

  /** How long a call may take. */
  timeout(options: CallOptions): number {
    return options.timeoutMs === undefined ? this.timeoutMs : checkedTimeout(options.timeoutMs);
  }

  /** The attempts of a call that begins now. */
  attempts(options: CallOptions, repeatable: Repeatable): Attempts {
    return new Attempts(this.timeout(options), repeatable, this.retries, options.signal);
  }

  /** Makes a call, and repeats it where that is safe. Throws a LotkeeperError. */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    attempts: Attempts,
    headers: CallOptions["headers"],
  ): Promise<MessageShape<O>> {
    const call = this.open.begin(attempts.signal);
    try {
      for (;;) {
        const outcome = await this.attempt(method, message, attempts, headers, call);
        if (!(outcome instanceof Failure)) return outcome;
        await call.wait(attempts.pauseMs(outcome.error, outcome.wasUnsent));
      }
    } finally {
      call.end();
    }
  }

  /** Makes a call once. Throws a LotkeeperError where no server could be reached, or the call was given up. */
  async attempt<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageShape<I>,
    attempts: Attempts,
    headers: CallOptions["headers"],
    call: OpenCall,
  ): Promise<MessageShape<O> | Failure> {
    call.check();
    try {
      const timeoutMs = wholeMsLeft(attempts);
      const response = await this.transport.unary(method, call.signal, timeoutMs, headers, message);
      return response.message;
    } catch (thrown) {
      return this.failed(thrown, call);
    }
  }

  /**
   * The messages of a method that changes nothing; the call is repeated only while nothing has come. Leaving the loop
   * ends the call.
   */
  async *stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    message: MessageShape<I>,
    options: CallOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    const attempts = this.attempts(options, "yes");
    const call = this.open.begin(options.signal);
    try {
      for (;;) {
        let begun = false;
        try {
          for await (const response of await this.sent(method, [message], call, wholeMsLeft(attempts), options)) {
            begun = true;
            yield response;
          }
          return;
        } catch (thrown) {
          const failure = this.failed(thrown, call);
          if (begun) throw failure.error;
          await call.wait(attempts.pauseMs(failure.error, failure.wasUnsent));
        }
      }
    } finally {
      call.abort(leftEarly());
      call.end();
    }
  }

  /** A stream of answers, called once. */
  async sent<I extends DescMessage, O extends DescMessage>(
    method: Stream<I, O>,
    messages: Iterable<MessageShape<I>> | AsyncIterable<MessageShape<I>>,
    call: OpenCall,
    timeoutMs: number | undefined,
    options: CallOptions,
  ): Promise<AsyncIterable<MessageShape<O>>> {
    call.check();
    const response = await this.transport.stream(method, call.signal, timeoutMs, options.headers, each(messages));
    return response.message;
  }

  /** Sends messages, once: the caller may not be able to give them again. */
  async upload<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    messages: AsyncIterable<MessageShape<I>>,
    options: CallOptions,
  ): Promise<MessageShape<O>> {
    const call = this.open.begin(options.signal);
    try {
      for await (const response of await this.sent(method, messages, call, this.timeout(options), options)) {
        return response;
      }
      throw new LotkeeperError("INTERNAL", "the server ended the call without an answer");
    } catch (thrown) {
      throw this.failed(thrown, call).error;
    } finally {
      call.end();
    }
  }

  /** How a call has failed. Throws the error where another attempt makes no sense. */
  failed(thrown: unknown, call: OpenCall): Failure {
    if (thrown instanceof Unsent) {
      if (!thrown.isFinal) return new Failure(thrown.error, true);
      if (!isSilence(call.signal.reason)) call.check(); // else the transport knows better why nothing came
      throw thrown.error;
    }
    call.check();
    return new Failure(errorOf(thrown), false);
  }
}

/** What a call is ended with whose caller wants no more of it; nobody gets to see it. */
export function leftEarly(): LotkeeperError {
  return new LotkeeperError("CANCELLED", "the caller left the loop");
}

function isSilence(reason: unknown): boolean {
  return reason instanceof LotkeeperError && reason.code === "UNAVAILABLE";
}

/** gRPC's header takes whole numbers, and 0 would be no deadline. */
function wholeMsLeft(attempts: Attempts): number {
  const left = Math.ceil(attempts.leftMs());
  if (left <= 0) throw noneInTime();
  return left;
}

/** The error of a call that has waited to its deadline. */
export function noneInTime(): LotkeeperError {
  return new LotkeeperError("DEADLINE_EXCEEDED", "no answer in time");
}

async function* each<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}
