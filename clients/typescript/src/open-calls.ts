/** The calls that are under way, each of which its caller may give up, and all of which end with the client. */
import { LotkeeperError } from "./errors.js";

/** One call under way. */
export class OpenCall {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #calls: Set<OpenCall>;

  constructor(calls: Set<OpenCall>, caller: AbortSignal | undefined) {
    this.#calls = calls;
    this.#caller = caller;
    calls.add(this);
    if (caller?.aborted === true) this.#giveUp();
    else caller?.addEventListener("abort", this.#giveUp, { once: true });
  }

  /** For whatever the call waits for; its reason, once it is aborted, is the error of the call. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends it with this error. */
  abort(error: LotkeeperError): void {
    this.#controller.abort(error);
  }

  /** Throws the error with which it was ended, if it was. */
  check(): void {
    if (this.signal.aborted) throw this.signal.reason as LotkeeperError;
  }

  /** Waits; throws as `check` if it is ended meanwhile. */
  async wait(ms: number): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const { signal } = this;
      signal.addEventListener("abort", done, { once: true });
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
    });
    this.check();
  }

  /** It is over: nothing is kept of it. */
  end(): void {
    this.#caller?.removeEventListener("abort", this.#giveUp);
    this.#calls.delete(this);
  }

  readonly #giveUp = (): void => {
    const cause: unknown = this.#caller?.reason;
    const inTime = cause instanceof Error && cause.name === "TimeoutError";
    this.abort(
      inTime
        ? new LotkeeperError("DEADLINE_EXCEEDED", "the time of the caller's signal is over", { cause })
        : new LotkeeperError("CANCELLED", "the caller gave the call up", { cause }),
    );
  };
}

/** All calls of a client. */
export class OpenCalls {
  readonly #calls = new Set<OpenCall>();
  #isClosed = false;

  /** A call that begins now. Throws where the client is closed. */
  begin(caller: AbortSignal | undefined): OpenCall {
    this.checkOpen();
    return new OpenCall(this.#calls, caller);
  }

  /** Throws where the client is closed. */
  checkOpen(): void {
    if (this.#isClosed) throw clientClosed();
  }

  /** Ends all, and refuses those that come. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls) call.abort(clientClosed());
  }
}

function clientClosed(): LotkeeperError {
  return new LotkeeperError("CANCELLED", "the client is closed", { reason: "CLIENT_CLOSED" });
}
