/** A client in a browser, by HTTP: Connect's protocol or gRPC-Web. */
import { createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

import { bearer, type Token } from "../bearer.js";
import { type ClientOptions, createLotkeeperClient, type LotkeeperClient } from "../client.js";
import { SettingFault } from "../faults.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";

/** What the refusals of a batch hold, which JSON has by name. */
const DETAILS = createRegistry(ErrorInfoSchema, BadRequestSchema, RetryInfoSchema);

/** Where the server's HTTP port is, and how to call it. */
export interface WebConnectOptions extends ClientOptions {
  /** The URL of the server's HTTP port, `https://plant-1.example.com:8443` say. Default, in a browser: where the page is from. */
  readonly baseUrl?: string;
  /** The bearer token. */
  readonly token?: Token;
  /** Whether a token may be sent without TLS to another machine, where whoever is between can read it. Default: no. */
  readonly allowPlaintextToken?: boolean;
  /** `connect`, Connect's protocol, or `grpc-web`. Default: `connect`. */
  readonly protocol?: "connect" | "grpc-web";
  /** Whether Connect's protocol has JSON in place of binary messages, to be read in a browser's tools. Default: no. */
  readonly json?: boolean;
  /** In place of the browser's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** Interceptors of Connect's, the first one outermost. They see the token. */
  readonly interceptors?: readonly Interceptor[];
}

/**
 * A client that calls a server's HTTP port by `fetch`. What is uploaded in pieces (imports) needs gRPC, so Node.
 *
 * @throws SettingFault where the URL or the token cannot be used
 */
export function connect(options: WebConnectOptions = {}): LotkeeperClient {
  const url = urlOf(options.baseUrl ?? (globalThis.location as Location | undefined)?.origin);
  if (options.token !== undefined && url.protocol === "http:" && options.allowPlaintextToken !== true) {
    if (!isLoopback(url.hostname)) {
      throw new SettingFault(`the token would go to ${url.host} in clear: give an https URL, or allowPlaintextToken: true`);
    }
  }
  const token = options.token === undefined ? [] : [bearer(options.token)];
  const asked = {
    baseUrl: url.href.replace(/\/$/, ""),
    interceptors: [...(options.interceptors ?? []), ...token],
    fetch: sayingWhatFailed(options.fetch ?? ((input, init) => globalThis.fetch(input, init))),
  };
  const transport =
    options.protocol === "grpc-web"
      ? createGrpcWebTransport(asked)
      : createConnectTransport({ ...asked, useBinaryFormat: options.json !== true, jsonOptions: { registry: DETAILS } });
  return createLotkeeperClient(transport, options);
}

/** Without this, Connect takes a server that cannot be reached for a fault of its own, which is not worth a retry. */
function sayingWhatFailed(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (thrown) {
      if (!(thrown instanceof TypeError)) throw thrown;
      const text = `the server cannot be reached, or its answer may not be read here: ${thrown.message}`;
      throw new ConnectError(text, Code.Unavailable, undefined, undefined, thrown);
    }
  };
}

function urlOf(text: string | undefined): URL {
  if (text === undefined) throw new SettingFault("no baseUrl is given");
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new SettingFault("the baseUrl is not a URL: give https://HOST:PORT");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new SettingFault("the baseUrl must be http or https");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new SettingFault("the baseUrl must have a host, a port and a path only");
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]" || /^127\.[\d.]+$/.test(hostname);
}
