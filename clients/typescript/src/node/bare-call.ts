/** A unary call of gRPC whose messages are bytes, on a connection of its own. */
import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";

import { codeOfNumber } from "../codes.js";

const PREFIX_BYTES = 5;
const ANSWER_BYTES_MAX = 4_096;

/** The answer's bytes, or what came in place of it, in a few words. Throws where the connection is lost. */
export async function bareCall(
  session: ClientHttp2Session,
  path: string,
  message: Buffer,
  timeoutMs: number,
): Promise<Buffer | string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "";
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => {
      stream.close();
      reject(new Error(`nobody answers within ${String(timeoutMs)} ms`));
    }, timeoutMs);
    stream.on("response", (headers: IncomingHttpHeaders) => (status = String(headers["grpc-status"] ?? "")));
    stream.on("trailers", (trailers: IncomingHttpHeaders) => (status = String(trailers["grpc-status"] ?? "")));
    stream.on("data", (data: Buffer) => {
      received = Buffer.concat([received, data]);
      if (received.byteLength > ANSWER_BYTES_MAX) stream.close();
    });
    stream.once("error", (error: Error) => {
      clearTimeout(timer);
      reject(error);
    });
    stream.once("close", () => {
      clearTimeout(timer);
      if (session.closed || session.destroyed) reject(new Error("the connection was closed"));
      else resolve(answerOf(status, received));
    });
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.byteLength, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}

function answerOf(status: string, received: Buffer): Buffer | string {
  if (status !== "0") return `it answered ${/^\d+$/.test(status) ? codeOfNumber(Number(status)) : "nothing of gRPC"}`;
  const isWhole = received.byteLength >= PREFIX_BYTES && received.readUInt32BE(1) === received.byteLength - PREFIX_BYTES;
  return isWhole && received[0] === 0 ? received.subarray(PREFIX_BYTES) : "it answered nothing";
}
