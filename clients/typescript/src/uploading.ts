/** How data that is given in pieces of any size is sent. */
import { clone, create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";

/** The size of data in one message, which the server's limits of pace go by. */
const PIECE_BYTES = 64 * 1024;

/** Data, whole or in pieces of any size; a stream of Node's or a ReadableStream, for example. */
export type Pieces = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The messages that carry the data; the first one says what it is. */
export async function* uploaded<I extends DescMessage>(
  schema: I,
  first: MessageShape<I>,
  pieces: Pieces,
): AsyncGenerator<MessageShape<I>, void, undefined> {
  let message = clone(schema, first);
  let begun = false;
  for await (const data of slicesOf(pieces)) {
    yield Object.assign(message, { data });
    message = create(schema);
    begun = true;
  }
  if (!begun) yield message;
}

async function* slicesOf(pieces: Pieces): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces instanceof Uint8Array ? [pieces] : pieces) {
    for (let start = 0; start < piece.byteLength; start += PIECE_BYTES) {
      yield piece.subarray(start, start + PIECE_BYTES);
    }
  }
}
