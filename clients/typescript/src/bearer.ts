/** The token that a client sends, which nothing shows that goes wrong. */
import type { Interceptor } from "@connectrpc/connect";

import { SettingFault } from "./faults.js";

/** A token, or what gives one for each call: where it is renewed from time to time, say. */
export type Token = string | (() => string | Promise<string>);

/** Adds the token to each call of a transport. Throws a SettingFault for one that cannot be sent. */
export function bearer(token: Token): Interceptor {
  if (typeof token === "string") {
    const header = `Bearer ${checkedToken(token, "the token")}`;
    return (next) => (request) => {
      request.header.set("authorization", header);
      return next(request);
    };
  }
  return (next) => async (request) => {
    request.header.set("authorization", `Bearer ${checkedToken(await token(), "the token")}`);
    return next(request);
  };
}

/** The token without the white space around it, as files end with a line feed. Throws a SettingFault that does not show it. */
export function checkedToken(token: string, what: string): string {
  const text = token.trim();
  if (text === "") throw new SettingFault(`${what} is empty`);
  const place = Array.from(text).findIndex((character) => character < "!" || character > "~");
  if (place >= 0) {
    throw new SettingFault(
      `${what} has a character that no token has, at place ${String(place + 1)} of ${String(text.length)}: ` +
        "it must be one word of printable ASCII characters",
    );
  }
  return text;
}
