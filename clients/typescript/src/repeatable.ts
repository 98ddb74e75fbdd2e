/** Which calls may be repeated, and the request ids that make them so. */
import { clone, create, isMessage } from "@bufbuild/protobuf";
import type { DescMessage, DescMethod, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";

import type { Repeatable } from "./retrying.js";

/** Whether a method changes nothing, which the contract says. */
export function isRead(method: DescMethod): boolean {
  return method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
}

/** A message of its own for a call, which carries a request id where it can, and whether it may be repeated. */
export function prepared<I extends DescMessage>(
  method: DescMethod & { readonly input: I },
  request: MessageInitShape<I>,
): { readonly message: MessageShape<I>; readonly repeatable: Repeatable } {
  const given = create(method.input, request);
  if (isRead(method)) return { message: given, repeatable: "yes" };
  const message = isMessage(request) || "requests" in given ? clone(method.input, given) : given;
  return { message, repeatable: withRequestId(method.input, message) };
}

function withRequestId(schema: DescMessage, message: Message): Repeatable {
  const fields = message as unknown as { requestId?: string | undefined; requests?: Message[] };
  const requests = schema.field["requests"];
  if (requests?.message !== undefined && Array.isArray(fields.requests)) {
    for (const item of fields.requests) withRequestId(requests.message, item);
    return "yes";
  }
  if (schema.field["requestId"] === undefined) return "if nothing was done";
  if (fields.requestId === undefined || fields.requestId === "") fields.requestId = newRequestId();
  return "yes";
}

/** A UUID of version 7: it begins with the time, so that the server's store has those of a moment side by side. */
export function newRequestId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const chance = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(16).padStart(2, "0"));
  const digits = chance.join("");
  return `${time}7${digits.slice(0, 3)}8${digits.slice(3)}`;
}
