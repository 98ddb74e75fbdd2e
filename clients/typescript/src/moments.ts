/** Moments: requests have ms since the epoch as bigint, answers have timestamps. */
import { type Timestamp, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";

/** A date as requests have it in fields that end with `Millis`. Throws a RangeError for a date that is none. */
export function millis(date: Date): bigint {
  return BigInt(date.getTime());
}

/** A timestamp of an answer as a date, to the ms; undefined where the answer has none. */
export function dateOf(timestamp: Timestamp | undefined): Date | undefined {
  return timestamp === undefined ? undefined : timestampDate(timestamp);
}

/** A date as messages have it in fields that end with `Date`. */
export function timestampOf(date: Date): Timestamp {
  return timestampFromDate(date);
}
