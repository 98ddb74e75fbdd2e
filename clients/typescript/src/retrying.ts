/** When a failed call is tried again, and after how long. */
import type { LotkeeperError } from "./errors.js";
import { SettingFault } from "./faults.js";

const BACKOFF_FIRST_MS = 50;
const BACKOFF_MAX_MS = 2_000;
/** The longest time that a timer of JavaScript can wait. */
export const TIMER_MS_MAX = 2 ** 31 - 1;
const NOTHING_WAS_DONE: ReadonlySet<string> = new Set(["SHUTTING_DOWN", "OVERLOADED", "CONTENTION"]);
const FOR_NOW: ReadonlySet<string> = new Set(["UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED"]);
const BROKEN_OFF: ReadonlySet<string> = new Set(["UNKNOWN", "INTERNAL"]);

/**
 * Whether a call may be repeated when its outcome is not known: `yes` for reads, and calls that carry a request id;
 * others only if nothing was done: they were never sent, or the server says so.
 */
export type Repeatable = "yes" | "if nothing was done";

/** How far a client goes to get an answer, besides the deadline of each call, which always counts. */
export interface Retries {
  /** How often a call is sent at most; 1 for never again. Default: as often as fits. */
  readonly attemptsMax?: number;
  /** The pause after the first attempt, in ms; each one is twice as long as the one before. Default: 50. */
  readonly backoffFirstMs?: number;
  /** The longest pause, in ms. Default: 2,000. */
  readonly backoffMaxMs?: number;
}

/** The limits that are given, and for others the defaults. Throws a SettingFault for a number that is too small. */
export function checkedRetries(retries: Retries = {}): Required<Retries> {
  const { attemptsMax = Infinity, backoffFirstMs = BACKOFF_FIRST_MS, backoffMaxMs = BACKOFF_MAX_MS } = retries;
  if (!(attemptsMax >= 1)) throw new SettingFault("attemptsMax must be 1 or more");
  if (!(backoffFirstMs > 0 && backoffFirstMs <= backoffMaxMs)) {
    throw new SettingFault("backoffFirstMs must be above 0, and at most backoffMaxMs");
  }
  return { attemptsMax, backoffFirstMs, backoffMaxMs };
}

/** A call's time in ms, proven. Throws a SettingFault for what is none. */
export function checkedTimeout(timeoutMs: number): number {
  if (!(timeoutMs > 0 && timeoutMs <= TIMER_MS_MAX)) {
    throw new SettingFault(`timeoutMs must be above 0, and at most ${String(TIMER_MS_MAX)}`);
  }
  return timeoutMs;
}

/** The attempts of one call, within its deadline. */
export class Attempts {
  /** Of the clock that only goes forward, in ms. */
  readonly deadline: number;
  #failed = 0;
  #backoffMs: number;

  constructor(
    timeoutMs: number,
    private readonly repeatable: Repeatable,
    private readonly retries: Required<Retries>,
    /** With which the caller gives it up. */
    readonly signal: AbortSignal | undefined,
  ) {
    this.deadline = performance.now() + timeoutMs;
    this.#backoffMs = retries.backoffFirstMs;
  }

  /** How long this call may still take, in ms. */
  leftMs(): number {
    return Math.max(this.deadline - performance.now(), 0);
  }

  /** How long to wait before the next attempt, in ms. Throws the error itself if there is none. */
  pauseMs(error: LotkeeperError, wasUnsent = false): number {
    const safe = wasUnsent || (this.repeatable === "yes" && error.code === "UNAVAILABLE");
    this.#failed += 1;
    if (!(safe || nothingWasDone(error)) || this.#failed >= this.retries.attemptsMax) throw error;
    const pause = Math.max(error.retryAfterMs ?? 0, this.#backoffMs) * between(0.5, 1);
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.retries.backoffMaxMs);
    if (pause >= this.leftMs()) throw error;
    return pause;
  }
}

/** Whether the server says that it refuses for now, and has done nothing. */
export function nothingWasDone(error: LotkeeperError): boolean {
  return NOTHING_WAS_DONE.has(error.reason) && FOR_NOW.has(error.code);
}

/** When a stream without a deadline is called again. */
export class Resuming {
  #begun = false;
  #backoffMs = BACKOFF_FIRST_MS;

  /** Notes that a message came: the server answers. */
  came(): void {
    this.#begun = true;
    this.#backoffMs = BACKOFF_FIRST_MS;
  }

  /** How long to wait after the stream has ended, in ms. */
  pauseMs(): number {
    const pause = this.#backoffMs * between(0.5, 1); // spreads those who come back
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
    return pause;
  }

  /** The same after it has failed. Throws the error itself if it says more than that the stream was lost. */
  pauseMsAfter(error: LotkeeperError): number {
    const lost = error.code === "UNAVAILABLE" || (error.reason === "" && BROKEN_OFF.has(error.code));
    if (!this.#begun || !lost) throw error;
    return Math.max(error.retryAfterMs ?? 0, this.pauseMs());
  }
}

function between(low: number, high: number): number {
  return low + Math.random() * (high - low);
}
