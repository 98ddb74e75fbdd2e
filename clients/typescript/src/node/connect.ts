/** A client in Node, by gRPC. */
import type { Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { bearer, type Token } from "../bearer.js";
import { type ClientOptions, createLotkeeperClient, type LotkeeperClient } from "../client.js";
import { SettingFault } from "../faults.js";
import { TIMER_MS_MAX } from "../retrying.js";
import { addressesOf } from "./addresses.js";
import { Connection } from "./connection.js";
import { Connections, type Line } from "./connections.js";
import { DevelopmentToken } from "./development.js";
import { tokenOfEnvironment, tokenOfFile, variable } from "./environment.js";
import { type TlsOptions, tlsOf } from "./tls.js";
import { transportOver } from "./transport.js";

const DEFAULT_ADDRESS = "127.0.0.1:50051";
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** The server takes a ping every 10 s, and ends the connections of those who send more. */
const KEEPALIVE_MS_MIN = 10_000;
const CONNECTIONS_MAX = 64;
const ANSWER_BYTES_MAX = 4 << 20;

/** Where servers are, and how to call them. */
export interface ConnectOptions extends ClientOptions, TlsOptions {
  /**
   * HOST, HOST:PORT or [IPV6]:PORT, the port 50051 if it is not given. Several, in a list or with commas between them, are
   * of servers on one store and are called in turn; one that does not answer is left out until it does. Default:
   * LOTKEEPER_ADDRESS, otherwise 127.0.0.1:50051.
   */
  readonly address?: string | readonly string[];
  /**
   * The bearer token, or a function that gives it for each attempt of a call. Default: `tokenFile`, otherwise LOTKEEPER_TOKEN,
   * or what is in the file LOTKEEPER_TOKEN_FILE; otherwise, on loopback and without TLS, that of a development server of this
   * user (`lotkeeper-server run`), once the server has shown that it made it.
   */
  readonly token?: Token;
  /** A file that holds the token. */
  readonly tokenFile?: string;
  /** Whether a token may be sent without TLS to another machine, where whoever is between can read it. Default: no. */
  readonly allowPlaintextToken?: boolean;
  /** How many connections to make to each address, 1 to 64. Each leads to one process of a server. Default: 1. */
  readonly connections?: number;
  /** How long a call waits for a server that answers, in ms, before it is sent. Default: to its deadline. */
  readonly connectTimeoutMs?: number;
  /** A call that waits asks so often whether the server is there, in ms, from 10,000; Infinity for never. Default: 20,000. */
  readonly keepaliveMs?: number;
  /** After so many ms without an answer to that the connection counts as lost. Default: 10,000. */
  readonly keepaliveTimeoutMs?: number;
  /** The largest answer that is taken, in bytes. Default: 4 MiB, which is also the most that a server sends. */
  readonly answerBytesMax?: number;
  /** Interceptors of Connect's, the first one outermost: for traces or logs, say. They see the token. */
  readonly interceptors?: readonly Interceptor[];
}

/**
 * A client that connects with its first call. Close it at the end.
 *
 * @throws SettingFault where an address, a certificate, a token or a number cannot be used
 */
export function connect(options: ConnectOptions = {}): LotkeeperClient {
  const addresses = addressesOf(options.address ?? variable("LOTKEEPER_ADDRESS") ?? DEFAULT_ADDRESS);
  const tls = tlsOf(options);
  const token = tokenOf(options);
  if (token !== undefined && tls === undefined && options.allowPlaintextToken !== true) {
    const far = addresses.find((address) => !address.isLoopback);
    if (far !== undefined) {
      throw new SettingFault(
        `the token would go to ${far.text} in clear: give caFile or tls: true, ` +
          "or allowPlaintextToken: true where nobody is between",
      );
    }
  }
  const keepalive = {
    keepaliveMs: inRange("keepaliveMs", options.keepaliveMs ?? KEEPALIVE_MS, KEEPALIVE_MS_MIN, Infinity),
    keepaliveTimeoutMs: inRange("keepaliveTimeoutMs", options.keepaliveTimeoutMs ?? KEEPALIVE_TIMEOUT_MS, 1, TIMER_MS_MAX),
  };
  const count = inRange("connections", options.connections ?? 1, 1, CONNECTIONS_MAX);
  const interceptors = [...(options.interceptors ?? []), ...(token === undefined ? [] : [bearer(token)])];
  const finds = token === undefined && tls === undefined && addresses.every(({ isLoopback }) => isLoopback);
  const lines = Array.from({ length: count }, () => addresses).flat().map((address): Line => {
    const development = finds ? DevelopmentToken.of(address) : undefined;
    const connection = new Connection(development?.address ?? address.text, tls, keepalive, development);
    const transport = createGrpcTransport({
      baseUrl: connection.authority,
      sessionManager: connection,
      interceptors,
      acceptCompression: [], // the server sends none, and a small answer could unpack to a large one
      readMaxBytes: options.answerBytesMax ?? ANSWER_BYTES_MAX,
    });
    return { address, connection, transport, hint: token === undefined ? hintOf(development) : undefined };
  });
  const connectTimeoutMs = inRange("connectTimeoutMs", options.connectTimeoutMs ?? Infinity, 1, Infinity);
  const connections = new Connections(lines, tls !== undefined, connectTimeoutMs);
  return createLotkeeperClient(transportOver(connections), options, () => {
    connections.close();
  });
}

function hintOf(development: DevelopmentToken | undefined): string {
  const where = development === undefined ? "" : `; a development server's would be in ${development.path}`;
  return `None was sent: give token, or set LOTKEEPER_TOKEN${where}.`;
}

function tokenOf(options: ConnectOptions): Token | undefined {
  if (options.token !== undefined && options.tokenFile !== undefined) {
    throw new SettingFault("token and tokenFile are both given: give one of them");
  }
  if (options.token !== undefined) return options.token;
  return options.tokenFile === undefined ? tokenOfEnvironment() : tokenOfFile(options.tokenFile);
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most && (Number.isInteger(value) || value === Infinity)) return value;
  const upper = most === Infinity ? "" : `, at most ${String(most)}`;
  throw new SettingFault(`${name} must be a whole number from ${String(least)}${upper}`);
}
