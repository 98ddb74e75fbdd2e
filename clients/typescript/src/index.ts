/** A client of Lotkeeper over any transport of Connect's; see `@lotkeeper/client/node` and `@lotkeeper/client/web`. */
export * as actions from "./gen/actions.js";
export { bearer, type Token } from "./bearer.js";
export type { CallOptions } from "./calling.js";
export { type ClientOptions, createLotkeeperClient, type LotkeeperClient } from "./client.js";
export type { StatusCode } from "./codes.js";
export { ConnectionLost, errorOfStatus, type FieldViolation, LotkeeperError, type Refusal, Unsent } from "./errors.js";
export { SettingFault } from "./faults.js";
export { dateOf, millis, timestampOf } from "./moments.js";
export type { Pages } from "./pages.js";
export { decimal, fromMillionths, toMillionths } from "./quantities.js";
export { type Reason, type ReasonMetadata, REASONS } from "./reasons.js";
export { newRequestId } from "./repeatable.js";
export type { Retries } from "./retrying.js";
export type { Pieces } from "./uploading.js";
