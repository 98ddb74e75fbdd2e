/** The messages, enums and services of the contract `lotkeeper.inventory.v1`. */
export * from "./gen/messages.js";
export { DecimalSchema, type Decimal } from "./gen/google/type/decimal_pb.js";
export { StatusSchema as RpcStatusSchema, type Status as RpcStatus } from "./gen/google/rpc/status_pb.js";
