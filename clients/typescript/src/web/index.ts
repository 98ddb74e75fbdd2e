/** Lotkeeper's client in a browser, by HTTP. */
export * from "../index.js";
export { connect, type WebConnectOptions } from "./connect.js";
