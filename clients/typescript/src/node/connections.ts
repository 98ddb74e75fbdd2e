/** The connections of one client, taken in turn: those behind which a server answers. */
import type { Transport } from "@connectrpc/connect";

import { LotkeeperError, Unsent } from "../errors.js";
import type { Address } from "./addresses.js";
import type { Connection } from "./connection.js";
import { lastingFault, reasonShown } from "./unreachable.js";

/** How long one attempt to connect may take. */
const CONNECT_MS = 5_000;
/** The same, while another server is there. */
const CONNECT_AMONG_OTHERS_MS = 1_000;
const CONNECT_PAUSE_MS = 200;
const FIRST_AWAY_MS = 1_000;
const AWAY_MS_MAX = 30_000;

/** One connection, and Connect's transport on it. */
export interface Line {
  readonly address: Address;
  readonly connection: Connection;
  readonly transport: Transport;
  /** How to give a token, where none is given. */
  readonly hint: string | undefined;
}

/** How long a server is not asked for, while there are others. */
class Absence {
  #until = 0;
  #ms = FIRST_AWAY_MS;

  lasts(): void {
    this.#until = performance.now() + this.#ms;
    this.#ms = Math.min(this.#ms * 2, AWAY_MS_MAX);
  }

  ends(): void {
    this.#until = 0;
    this.#ms = FIRST_AWAY_MS;
  }

  get isOver(): boolean {
    return performance.now() >= this.#until;
  }
}

/** All connections of a client. */
export class Connections {
  readonly #lines: readonly (Line & { readonly absence: Absence })[];
  #turns = 0;

  constructor(
    lines: readonly Line[],
    private readonly hasTls: boolean,
    private readonly connectTimeoutMs: number,
  ) {
    this.#lines = lines.map((line) => ({ ...line, absence: new Absence() }));
  }

  /**
   * The next connection behind which a server answers.
   *
   * @param timeoutMs how long to look for one at most; undefined: until the signal
   * @throws Unsent where none answers in time, or what will not pass keeps the client from all
   */
  async taken(signal: AbortSignal | undefined, timeoutMs: number | undefined): Promise<Line> {
    const turn = this.#turns++;
    const lines = this.#lines.map((_, place) => this.#lineAt(turn + place));
    for (const line of lines) {
      if (line.connection.isReady) return line;
      if (line.absence.isOver && lines.some((one) => one.connection.isReady)) {
        if ((await this.#fault(line, CONNECT_AMONG_OTHERS_MS)) === undefined) return line;
      }
    }
    return this.#found(lines, signal, Math.min(timeoutMs ?? Infinity, this.connectTimeoutMs));
  }

  /** Ends every call. */
  close(): void {
    for (const { connection } of this.#lines) connection.close();
  }

  #lineAt(place: number): Line & { readonly absence: Absence } {
    const line = this.#lines[place % this.#lines.length];
    if (line === undefined) throw new RangeError("there are no addresses");
    return line;
  }

  /** Asks all in turn until one answers. */
  async #found(
    lines: readonly (Line & { readonly absence: Absence })[],
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<Line> {
    const deadline = performance.now() + timeoutMs;
    let why = "";
    for (let looks = true; ; looks = false) {
      const faults: string[] = [];
      for (const line of lines) {
        const left = deadline - performance.now();
        if (left <= 0 || signal?.aborted === true) throw nobodyAnswers(lines, why);
        const answer = await before(signal, Math.min(left, CONNECT_MS), this.#fault(line, CONNECT_MS));
        if (answer === undefined) return line;
        if (answer === "still") continue;
        if (answer.error instanceof LotkeeperError) throw new Unsent(answer.error, true); // it was not shown the token
        why = reasonShown(answer.error);
        const fault = await lastingFault(answer.error, line.address, this.hasTls, looks);
        if (fault !== undefined) faults.push(`no call can be made to ${line.address.text}: ${fault}`);
      }
      const [fault] = faults;
      if (fault !== undefined && faults.length === lines.length) throw unsent(fault);
      if (deadline - performance.now() <= CONNECT_PAUSE_MS) throw nobodyAnswers(lines, why);
      await before(signal, CONNECT_PAUSE_MS, new Promise(() => undefined));
    }
  }

  /** Connects; what was wrong, or undefined. */
  async #fault(line: Line & { readonly absence: Absence }, timeoutMs: number): Promise<{ error: unknown } | undefined> {
    try {
      await line.connection.ready(timeoutMs);
      line.absence.ends();
      return undefined;
    } catch (error) {
      line.absence.lasts();
      return { error };
    }
  }
}

/** What a promise gives, or `still` after that time, or once the signal is aborted. */
async function before<T>(signal: AbortSignal | undefined, ms: number, promise: Promise<T>): Promise<T | "still"> {
  let end: () => void = () => undefined;
  const over = new Promise<"still">((resolve) => {
    const done = (): void => {
      resolve("still");
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
    if (signal?.aborted === true) done();
    end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
    };
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    end();
  }
}

function nobodyAnswers(lines: readonly Line[], why: string): Unsent {
  const addresses = [...new Set(lines.map((line) => line.address.text))].join(", ");
  return unsent(`no server answers on ${addresses}${why === "" ? "" : `: ${why}`}`);
}

function unsent(text: string): Unsent {
  return new Unsent(new LotkeeperError("UNAVAILABLE", text), true);
}
