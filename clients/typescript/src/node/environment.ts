/** What the environment says of a server. */
import { readFileSync } from "node:fs";

import { checkedToken } from "../bearer.js";
import { SettingFault } from "../faults.js";

const TOKEN_BYTES_MAX = 4_096;
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/;

/** A variable of the environment; undefined if it is not set, or empty. */
export function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}

/** LOTKEEPER_TOKEN, or what is in the file LOTKEEPER_TOKEN_FILE; undefined without both. Throws a SettingFault. */
export function tokenOfEnvironment(): string | undefined {
  const text = variable("LOTKEEPER_TOKEN");
  const path = variable("LOTKEEPER_TOKEN_FILE");
  if (text !== undefined && path !== undefined) {
    throw new SettingFault("LOTKEEPER_TOKEN and LOTKEEPER_TOKEN_FILE are both set: give one of them");
  }
  return path === undefined ? text : tokenOfFile(path);
}

/** The token in a file. Throws a SettingFault where it cannot be read, or holds none; its text shows nothing of it. */
export function tokenOfFile(path: string): string {
  const content = contentOf(path, "token file");
  if (content.byteLength > TOKEN_BYTES_MAX) {
    throw new SettingFault(`the token file ${path} is longer than ${String(TOKEN_BYTES_MAX)} bytes`);
  }
  return checkedToken(content.toString("latin1").replace(BYTE_ORDER_MARK, ""), `the token in ${path}`);
}

/** The bytes of a file. Throws a SettingFault where it cannot be read. */
export function contentOf(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new SettingFault(`the ${what} ${path} cannot be read: ${why}`);
  }
}
