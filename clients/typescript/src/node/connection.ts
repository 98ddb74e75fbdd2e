/** One HTTP/2 connection to a server, made again whenever it is needed and lost. */
import * as http2 from "node:http2";
import type { SecureContextOptions } from "node:tls";

import { decodeBinaryHeader } from "@connectrpc/connect";

import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import type { DevelopmentToken } from "./development.js";
import type { NodeHttp2ClientSessionManager } from "./session-manager.js";

const STATUS_DETAILS = "grpc-status-details-bin";

/** How a connection asks whether its other end is there. */
export interface Keepalive {
  /** A ping is sent after so many ms in which nothing came while a call waits; Infinity for never. */
  readonly keepaliveMs: number;
  /** After so many ms without an answer to it the connection is given up. */
  readonly keepaliveTimeoutMs: number;
}

/** A session, and when something last came on it. */
interface Live {
  readonly session: http2.ClientHttp2Session;
  /** What calls on it carry of a development server's token; undefined for nothing. */
  readonly authorization: string | undefined;
  streams: number;
  ping: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Calls are only sent on a session whose server has spoken: a gRPC server sends its settings at once. So whoever listens and
 * does not serve, a process that is stopped say, is noticed before a call is sent; and no more calls are sent than it takes.
 *
 * It holds the process only while it connects, and while calls are under way.
 */
export class Connection implements NodeHttp2ClientSessionManager {
  readonly authority: string;
  #live: Live | undefined;
  #connecting: Promise<void> | undefined;
  readonly #sessions = new Set<http2.ClientHttp2Session>();
  #isClosed = false;

  constructor(
    address: string,
    private readonly tls: SecureContextOptions | undefined,
    private readonly keepalive: Keepalive,
    private readonly development: DevelopmentToken | undefined,
  ) {
    this.authority = new URL(`${tls === undefined ? "http" : "https"}://${address}`).origin;
  }

  /** Whether a call can be sent now. */
  get isReady(): boolean {
    const session = this.#live?.session;
    return session !== undefined && !session.closed && !session.destroyed;
  }

  /** Whether calls on it carry the token of a development server. */
  get isProven(): boolean {
    return this.#live?.authorization !== undefined;
  }

  /** Connects, unless it is connected; throws what is wrong where nobody answers in time. */
  async ready(timeoutMs: number): Promise<void> {
    if (this.isReady) return;
    this.#connecting ??= this.#connect(timeoutMs).finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  /** Opens the stream of a call; Connect's transport calls it. */
  request(
    method: string,
    path: string,
    headers: http2.OutgoingHttpHeaders,
    options: Omit<http2.ClientSessionRequestOptions, "signal">,
  ): Promise<http2.ClientHttp2Stream> {
    const live = this.#live;
    if (live === undefined || !this.isReady) return Promise.reject(new NotConnected());
    let stream: http2.ClientHttp2Stream;
    try {
      const { authorization } = live;
      const bearer = authorization === undefined ? {} : { authorization };
      stream = live.session.request({ ...bearer, ...headers, ":method": method, ":path": path }, options);
    } catch (error) {
      return Promise.reject(new NotConnected({ cause: error }));
    }
    stream.once("response", withoutUnreadableDetails);
    stream.once("trailers", withoutUnreadableDetails);
    live.streams += 1;
    if (live.streams === 1) {
      live.session.ref();
      this.#pingLater(live);
    }
    stream.once("close", () => {
      live.streams -= 1;
      if (live.streams > 0) return;
      clearTimeout(live.ping);
      if (!live.session.destroyed) live.session.unref();
    });
    return Promise.resolve(stream);
  }

  /** Something came; Connect's transport calls it. */
  notifyResponseByteRead(stream: http2.ClientHttp2Stream): void {
    const live = this.#live;
    if (live !== undefined && stream.session === live.session && live.streams > 0) live.ping?.refresh();
  }

  /** Ends it, and every call on it. */
  close(): void {
    this.#isClosed = true;
    this.#live = undefined;
    for (const session of this.#sessions) session.destroy();
  }

  async #connect(timeoutMs: number): Promise<void> {
    if (this.#isClosed) throw new NotConnected();
    const session = http2.connect(this.authority, { ...this.tls, settings: { enablePush: false } });
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    let failed: unknown;
    session.on("error", (error) => {
      failed ??= error; // what is wrong is told by how the session ends; without a listener it would end the process
    });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        session.destroy(new Error(`nobody answers within ${String(timeoutMs)} ms`));
      }, timeoutMs);
      const onClose = (): void => {
        clearTimeout(timer);
        reject(failed instanceof Error ? failed : new ClosedAtOnce());
      };
      session.once("close", onClose);
      session.once("remoteSettings", () => {
        clearTimeout(timer);
        session.off("close", onClose);
        resolve();
      });
    });
    const authorization = await this.#proven(session);
    const live: Live = { session, authorization, streams: 0, ping: undefined };
    const over = (): void => {
      clearTimeout(live.ping);
      if (this.#live === live) this.#live = undefined;
    };
    session.once("close", over);
    session.once("goaway", over); // calls in progress go on; others take another connection
    session.unref();
    this.#live = live;
  }

  /** What calls on a session carry, once its server has shown that it made the development token. */
  async #proven(session: http2.ClientHttp2Session): Promise<string | undefined> {
    try {
      return await this.development?.header(session);
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  #pingLater(live: Live): void {
    const { keepaliveMs, keepaliveTimeoutMs } = this.keepalive;
    if (keepaliveMs === Infinity) return;
    clearTimeout(live.ping);
    live.ping = setTimeout(() => {
      const { session } = live;
      if (session.destroyed || live.streams === 0) return;
      const timer = setTimeout(() => {
        session.destroy(new Error(`the server was silent for ${String(keepaliveMs + keepaliveTimeoutMs)} ms`));
      }, keepaliveTimeoutMs);
      const answered = (): void => {
        clearTimeout(timer);
        if (!session.destroyed && live.streams > 0) this.#pingLater(live);
      };
      session.once("close", () => {
        clearTimeout(timer);
      });
      if (!session.ping(answered)) clearTimeout(timer);
    }, keepaliveMs);
  }
}

/** Details that cannot be read say nothing; Connect would take them for the whole error, and lose its code and message. */
function withoutUnreadableDetails(headers: http2.IncomingHttpHeaders): void {
  const details = headers[STATUS_DETAILS];
  if (typeof details !== "string") return;
  try {
    decodeBinaryHeader(details, StatusSchema);
  } catch {
    headers[STATUS_DETAILS] = undefined;
  }
}

/** Somebody listens, and hangs up. */
export class ClosedAtOnce extends Error {
  override readonly name = "ClosedAtOnce";

  constructor() {
    super("the connection was closed at once");
  }
}

/** A call that was not sent, as the connection was lost just before. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";

  constructor(options?: ErrorOptions) {
    super("the connection was lost before the call was sent", options);
  }
}
