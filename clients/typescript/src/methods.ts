/** The methods of a client, made from the services of the contract: their types, and what each does. */
import { clone, create, type DescMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import type {
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

import type { Calls, CallOptions } from "./calling.js";
import { followed } from "./following.js";
import { Pages } from "./pages.js";
import { prepared } from "./repeatable.js";
import { type Pieces, uploaded } from "./uploading.js";

type ListOf<O> = { [Name in keyof O]-?: O[Name] extends readonly Message[] ? Name : never }[keyof O];
type ItemOf<O> = O[ListOf<O>] extends readonly (infer Item)[] ? Item : never;

type UnaryMethod<I extends DescMessage, O extends DescMessage> =
  MessageShape<O> extends { readonly nextPageToken: string }
    ? /** A list, read page after page. */
      (request?: MessageInitShape<I>, options?: CallOptions) => Pages<ItemOf<MessageShape<O>>, MessageShape<O>>
    : (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>;

type StreamMethod<I extends DescMessage, O extends DescMessage> =
  MessageShape<O> extends { readonly data: Uint8Array }
    ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncGenerator<Uint8Array, void, undefined>
    : (request?: MessageInitShape<I>, options?: CallOptions) => AsyncGenerator<MessageShape<O>, void, undefined>;

type UploadMethod<I extends DescMessage, O extends DescMessage> = (
  first: MessageInitShape<I>,
  pieces: Pieces,
  options?: CallOptions,
) => Promise<MessageShape<O>>;

/** What a client has for one method of the contract. */
export type ClientMethod<Method> = Method extends {
  methodKind: "unary";
  input: infer I extends DescMessage;
  output: infer O extends DescMessage;
}
  ? UnaryMethod<I, O>
  : Method extends {
        methodKind: "server_streaming";
        input: infer I extends DescMessage;
        output: infer O extends DescMessage;
      }
    ? StreamMethod<I, O>
    : Method extends {
          methodKind: "client_streaming";
          input: infer I extends DescMessage;
          output: infer O extends DescMessage;
        }
      ? UploadMethod<I, O>
      : never;

/** What a client has for a service of the contract. */
export type MethodsOf<Service extends DescService> = {
  [Name in keyof Service["method"]]: ClientMethod<Service["method"][Name]>;
};

type AnyMethod = (...given: never[]) => unknown;

/** The method of a client for one of the contract. */
export function clientMethod(calls: Calls, method: DescMethod): AnyMethod {
  // The kind tells which it is, but TypeScript cannot narrow by it.
  switch (method.methodKind) {
    case "unary":
      return ("nextPageToken" in method.output.field ? listing : unary)(calls, method as DescMethodUnary);
    case "server_streaming":
      return ("resumeToken" in method.output.field ? watching : downloading)(calls, method as DescMethodServerStreaming);
    case "client_streaming":
      return uploading(calls, method as DescMethodClientStreaming);
    case "bidi_streaming":
      throw new Error(`${method.name} streams both ways, for which this client has nothing`);
  }
}

function unary(calls: Calls, method: DescMethodUnary) {
  return async (request: MessageInitShape<DescMessage>, options: CallOptions = {}): Promise<Message> => {
    const { message, repeatable } = prepared(method, request);
    return calls.unary(method, message, calls.attempts(options, repeatable), options.headers);
  };
}

function listing(calls: Calls, method: DescMethodUnary) {
  const list = method.output.fields.find((field) => field.fieldKind === "list" && field.listKind === "message");
  if (list === undefined) throw new Error(`${method.name} lists nothing`);
  type Page = Message & { readonly nextPageToken: string };
  return (request: MessageInitShape<DescMessage> = {}, options: CallOptions = {}): Pages<Message, Page> => {
    const asked = clone(method.input, create(method.input, request));
    const firstToken = "pageToken" in asked && typeof asked.pageToken === "string" ? asked.pageToken : "";
    const readPage = async (pageToken: string): Promise<Page> => {
      const asking = Object.assign(clone(method.input, asked), { pageToken });
      return (await calls.unary(method, asking, calls.attempts(options, "yes"), options.headers)) as Page;
    };
    return new Pages<Message, Page>(
      readPage,
      (page) => (page as unknown as Record<string, readonly Message[]>)[list.localName] ?? [],
      firstToken,
    );
  };
}

function watching(calls: Calls, method: DescMethodServerStreaming) {
  return (request: MessageInitShape<DescMessage> = {}, options: CallOptions = {}) =>
    followed(calls, method, create(method.input, request), options);
}

function downloading(calls: Calls, method: DescMethodServerStreaming) {
  return async function* (
    request: MessageInitShape<DescMessage>,
    options: CallOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of calls.stream(method, create(method.input, request), options)) {
      yield (piece as unknown as { readonly data: Uint8Array }).data;
    }
  };
}

function uploading(calls: Calls, method: DescMethodClientStreaming) {
  return async (first: MessageInitShape<DescMessage>, pieces: Pieces, options: CallOptions = {}): Promise<Message> =>
    calls.upload(method, uploaded(method.input, create(method.input, first), pieces), options);
}
