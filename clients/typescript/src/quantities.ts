/** Exact quantities. A quantity has at most six decimals, so millionths are whole numbers, which bigint keeps exactly. */
import { create } from "@bufbuild/protobuf";

import { LotkeeperError } from "./errors.js";
import { type Decimal, DecimalSchema } from "./gen/google/type/decimal_pb.js";

const MILLIONTHS = 1_000_000n;
const DECIMALS = 6;
const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/;

/** The message for an exact quantity such as "0.3", "-1.25" or "1e3". Throws an INVALID_ARGUMENT for what is none. */
export function decimal(text: string): Decimal {
  toMillionths(text);
  return create(DecimalSchema, { value: text });
}

/** How many millionths an exact quantity is; of an absent message none, 0n. Throws an INVALID_ARGUMENT for what is none. */
export function toMillionths(quantity: string | Decimal | undefined): bigint {
  const text = typeof quantity === "string" ? quantity : quantity?.value;
  if (text === undefined || (text === "" && typeof quantity !== "string")) return 0n;
  const found = PLAIN.exec(text);
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = found ?? [];
  if (found === null || whole + fraction === "") throw unfit(text, "is not a decimal number");
  const digits = whole + fraction;
  const shift = DECIMALS - fraction.length + Number(exponent);
  const kept = shift >= 0 ? digits + "0".repeat(shift) : digits.slice(0, shift) || "0";
  if (shift < 0 && /[1-9]/.test(digits.slice(Math.max(digits.length + shift, 0)))) {
    throw unfit(text, "has more than six decimals");
  }
  return sign === "-" ? -BigInt(kept) : BigInt(kept);
}

/** The exact text of so many millionths: plain decimals without trailing zeros. */
export function fromMillionths(millionths: bigint): string {
  const size = millionths < 0n ? -millionths : millionths;
  const fraction = (size % MILLIONTHS).toString().padStart(DECIMALS, "0").replace(/0+$/, "");
  const text = (size / MILLIONTHS).toString() + (fraction === "" ? "" : `.${fraction}`);
  return millionths < 0n ? `-${text}` : text;
}

function unfit(text: string, why: string): LotkeeperError {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  return new LotkeeperError("INVALID_ARGUMENT", `the quantity ${shown} ${why}`);
}
