/** Where servers are: what a caller may write. */
import { isIP, isIPv4, isIPv6 } from "node:net";

import { SettingFault } from "../faults.js";

const DEFAULT_PORT = 50051;
const PORT_MAX = 65_535;
const HOST = /^[^\s/@?#[\]%:]+$/;

/** One address of a server. */
export interface Address {
  /** HOST:PORT, an IPv6 host in brackets. */
  readonly text: string;
  /** Without brackets. */
  readonly host: string;
  /** Whether it is this machine's loopback, by number or as `localhost`. */
  readonly isLoopback: boolean;
}

/** The addresses in a text with commas between them, or in a list. Throws a SettingFault for what is none. */
export function addressesOf(given: string | readonly string[]): readonly Address[] {
  const words = (typeof given === "string" ? [given] : given).flatMap((text) => text.split(","));
  const addresses = words
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .map(addressOf);
  if (addresses.length === 0) throw new SettingFault("no address is given: give HOST:PORT, or set LOTKEEPER_ADDRESS");
  return [...new Map(addresses.map((address) => [address.text, address])).values()];
}

function addressOf(word: string): Address {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(word)?.[1];
  if (scheme !== undefined) {
    throw new SettingFault(
      `an address begins with ${scheme}://, which none has: give HOST:PORT; TLS is asked for beside it (tls, caFile)`,
    );
  }
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(word);
  if (bracketed !== null) {
    const [, host = "", port] = bracketed;
    if (!isIPv6(host)) throw new SettingFault(`${word} is not an address: an IPv6 address is written [::1]:50051`);
    return madeOf(`[${host}]`, host, port, word);
  }
  const [host = "", port, ...more] = word.split(":");
  if (more.length > 0) throw new SettingFault(`${word} is not an address: IPv6 stands in brackets, [::1]:50051`);
  if (!HOST.test(host)) throw new SettingFault(`${shown(word)} is not an address: give HOST:PORT`);
  return madeOf(host, host, port, word);
}

function madeOf(written: string, host: string, port: string | undefined, word: string): Address {
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && number > 0 && number <= PORT_MAX)) {
    throw new SettingFault(`${word} is not an address: its port is not a number from 1 to ${String(PORT_MAX)}`);
  }
  return { text: `${written}:${String(number)}`, host, isLoopback: isLoopback(host) };
}

/** Whether a host is this machine, whatever its network says. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  if (isIP(name) === 0) return name === "localhost" || name.endsWith(".localhost");
  if (isIPv4(name)) return name.startsWith("127.");
  return /^(?:0*:)*:?0*1$/.test(name) || name.startsWith("::ffff:127.");
}

/** What stands before an @ may be a password. */
function shown(word: string): string {
  return word.includes("@") ? `...@${word.slice(word.lastIndexOf("@") + 1)}` : word;
}
