/** Why no server answers. */
import { connect } from "node:tls";

import type { Address } from "./addresses.js";
import { ClosedAtOnce } from "./connection.js";

const LOOK_MS = 1_000;
const WANTS_CERTIFICATE = "it wants a client certificate: give clientCertificate and clientKey that it trusts";
const UNTRUSTED = /^(?:CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|INVALID_CA|ERR_TLS_CERT)/;

/**
 * What will not pass by waiting, with what to do about it; undefined where the server may only be away.
 *
 * @param looks whether a connection of its own may show what the error does not tell
 */
export async function lastingFault(
  error: unknown,
  address: Address,
  hasTls: boolean,
  looks: boolean,
): Promise<string | undefined> {
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its TLS certificate is not for ${address.host}: connect by a name that it has`;
  }
  if (UNTRUSTED.test(code)) {
    return `its TLS certificate is not trusted (${code}): give the CA that signed it, by caFile or LOTKEEPER_CA_FILE`;
  }
  if (/wrong version number|packet length too long|record layer failure/i.test(text)) {
    return "it answers without TLS, and this client uses TLS: leave out tls and the certificates, or serve with TLS";
  }
  if (/certificate required/i.test(text + code)) return WANTS_CERTIFICATE;
  if (!looks || !(error instanceof ClosedAtOnce || /ECONNRESET|EPIPE|ERR_HTTP2/.test(code))) return undefined;
  const seen = await look(address);
  if (seen === "no TLS") return undefined;
  if (!hasTls) return "it expects TLS, and this client uses none: give caFile or LOTKEEPER_CA_FILE, or tls: true";
  return seen === "hangs up" ? WANTS_CERTIFICATE : undefined;
}

/** What an error of Node's says, in a few words. */
export function reasonShown(error: unknown): string {
  const code = codeOf(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its name cannot be resolved";
  if (code === "ECONNREFUSED") return "the connection is refused";
  return error instanceof Error && error.message !== "" ? error.message.slice(0, 200) : code;
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A connection of its own shows who listens there; nothing is sent but a greeting. */
async function look(address: Address): Promise<"no TLS" | "hangs up" | "TLS"> {
  const { hostname, port } = new URL(`https://${address.text}`);
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ host, port: Number(port === "" ? 443 : port), rejectUnauthorized: false, ALPNProtocols: ["h2"] });
    let isSecure = false;
    const end = (): void => {
      socket.destroy();
      resolve(isSecure ? "hangs up" : "no TLS");
    };
    socket.setTimeout(LOOK_MS, () => {
      socket.destroy();
      resolve(isSecure ? "TLS" : "no TLS");
    });
    socket.once("secureConnect", () => {
      isSecure = true;
    });
    // A gRPC server that is content speaks first; one that misses a certificate hangs up.
    socket.once("data", () => {
      socket.destroy();
      resolve("TLS");
    });
    socket.once("error", end);
    socket.once("close", end);
  });
}
