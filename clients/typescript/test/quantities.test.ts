import assert from "node:assert/strict";
import { test } from "node:test";

import { decimal, fromMillionths, LotkeeperError, toMillionths } from "../src/index.js";

void test("an exact quantity and its millionths are the same number", () => {
  const texts = ["0", "0.3", "-1.25", "9199999999999.999999", "0.000001", "120", "-0.000001"];
  for (const text of texts) assert.equal(fromMillionths(toMillionths(text)), text);
  assert.equal(toMillionths(decimal("1e3")), 1_000_000_000n);
  assert.equal(toMillionths("12.5e-1"), 1_250_000n);
  assert.equal(toMillionths("1.10000000"), 1_100_000n);
  assert.equal(toMillionths(".5"), 500_000n);
  assert.equal(toMillionths("1e-7".replace("1", "0")), 0n);
  assert.equal(toMillionths(undefined), 0n);
});

void test("the sum of tenths is exact", () => {
  assert.equal(fromMillionths(toMillionths("0.1") + toMillionths("0.2")), "0.3");
});

void test("what is no quantity is refused, and named", () => {
  for (const text of ["", ".", "1,5", "0x10", "NaN", "1e", "--1", "1e999", "0.0000001", "1e-7", "١"]) {
    assert.throws(
      () => decimal(text),
      (error) => error instanceof LotkeeperError && error.code === "INVALID_ARGUMENT" && error.message.includes(JSON.stringify(text)),
      text,
    );
  }
});
