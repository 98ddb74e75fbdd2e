/**
 * The token of a development server of this user on this machine, `lotkeeper-server run`, for callers who give none.
 *
 * The server leaves it in a file that only its user can read. Anybody may listen on a port that is free, so nothing of it is
 * shown to whoever listens: the client sends a nonce, and the server answers with one of its own and the proof that it knows
 * the token. From the token and the server's nonce both make the token that calls carry, which is good for that one process.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ClientHttp2Session } from "node:http2";
import { isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";

import { LotkeeperError } from "../errors.js";
import { type Address, isLoopback } from "./addresses.js";
import { bareCall } from "./bare-call.js";
import { privateContent } from "./private-file.js";

const PROVE_PATH = "/lotkeeper.development.v1.Development/Prove";
const NONCE_BYTES = 32;
const PROOF_BYTES = 32;
const PROVE_MS = 5_000;
/** So often a file that changes meanwhile is read again: a server that has just begun writes it. */
const READINGS_MAX = 3;

/** The development token of one address, asked for on each new connection. */
export class DevelopmentToken {
  private constructor(
    /** HOST:PORT without a name, so that nobody can stand where the name leads as well. */
    readonly address: string,
    /** The file that has it. */
    readonly path: string,
  ) {}

  /** That of an address on loopback; undefined for others. */
  static of(address: Address): DevelopmentToken | undefined {
    const host = address.host.toLowerCase() === "localhost" ? "127.0.0.1" : address.host;
    if (isIP(host) === 0 || !isLoopback(host)) return undefined;
    const port = address.text.slice(address.text.lastIndexOf(":") + 1);
    const state = process.env["XDG_STATE_HOME"];
    const folder = state === undefined || state === "" ? join(homedir(), ".local", "state") : state;
    const name = `${host.replaceAll(":", "-")}_${port}`;
    const text = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    return new DevelopmentToken(text, join(folder, "lotkeeper", "tokens", name));
  }

  /**
   * The header that calls on a connection carry, once the server has shown that it made the token; undefined where there is
   * no development server. Throws a LotkeeperError where it has not, or the file is not safe.
   */
  async header(session: ClientHttp2Session): Promise<string | undefined> {
    for (let reading = 1; ; reading += 1) {
      const token = this.#read();
      if (token === undefined) return undefined;
      const nonce = randomBytes(NONCE_BYTES);
      const answer = await bareCall(session, PROVE_PATH, nonce, PROVE_MS);
      const made = typeof answer === "string" ? undefined : this.#session(token, nonce, answer);
      if (made !== undefined) return `Bearer ${made}`;
      if (reading < READINGS_MAX && this.#read() !== token) continue;
      throw this.#unproven(typeof answer === "string" ? answer : "its proof is wrong");
    }
  }

  #read(): string | undefined {
    try {
      return privateContent(this.path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new LotkeeperError("UNAUTHENTICATED", `the development token is not used: ${why}`, { cause: error });
    }
  }

  /** The token of a session, if the answer shows that the server knows the token. */
  #session(token: string, nonce: Buffer, answer: Buffer): string | undefined {
    if (answer.byteLength !== NONCE_BYTES + PROOF_BYTES) return undefined;
    const where = Buffer.from(this.address);
    const serverNonce = answer.subarray(0, NONCE_BYTES);
    const expected = keyed(token, Buffer.from("server"), where, nonce, serverNonce);
    if (!timingSafeEqual(expected, answer.subarray(NONCE_BYTES))) return undefined;
    return `lk_${keyed(token, Buffer.from("session"), where, serverNonce).toString("base64url")}`;
  }

  #unproven(why: string): LotkeeperError {
    return new LotkeeperError(
      "UNAUTHENTICATED",
      `the development token in ${this.path} was not sent: whoever listens on ${this.address} did not show that it made it ` +
        `(${why}); give a token of this server, by LOTKEEPER_TOKEN for one`,
    );
  }
}

/** An HMAC over the parts, each behind its length, so that no two lists of parts are the same bytes. */
function keyed(token: string, ...parts: readonly Buffer[]): Buffer {
  const hmac = createHmac("sha256", token);
  for (const part of [Buffer.from("lotkeeper development 1"), ...parts]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.byteLength);
    hmac.update(length).update(part);
  }
  return hmac.digest();
}
