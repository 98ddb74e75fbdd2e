/** Lotkeeper's client in Node, by gRPC over HTTP/2. */
export * from "../index.js";
export { connect, type ConnectOptions } from "./connect.js";
export type { TlsOptions } from "./tls.js";
