import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, SettingFault } from "../src/node/index.js";
import { addressesOf, isLoopback } from "../src/node/addresses.js";
import { connect as connectWeb } from "../src/web/index.js";

const TOKEN = "lk_secret";

void test("an address has a host and a port, which is 50051 if it is not given", () => {
  const texts = addressesOf(["plant-1", "plant-2:4711, [::1]:9", "10.0.0.1", "plant-1:50051"]).map((one) => one.text);
  assert.deepEqual(texts, ["plant-1:50051", "plant-2:4711", "[::1]:9", "10.0.0.1:50051"]);
});

void test("what is no address is refused", () => {
  for (const text of ["", "http://plant-1", "::1", "plant-1:0", "plant-1:65536", "plant-1:x", "[plant]:1", "a b", "u:p@h", "h/p"]) {
    assert.throws(() => addressesOf(text), SettingFault, text);
  }
});

void test("loopback is known by number and by name", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "a.localhost", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(host), host);
  }
  for (const host of ["10.0.0.1", "127.example.com", "::2", "1::1", "localhost.example.com", "::ffff:10.0.0.1"]) {
    assert.ok(!isLoopback(host), host);
  }
});

void test("a token never goes in clear to another machine, unless it is asked for", () => {
  assert.throws(() => connect({ address: "plant-1:50051", token: TOKEN }), /in clear/);
  assert.throws(() => connect({ address: ["127.0.0.1", "plant-1"], token: TOKEN }), /plant-1:50051 in clear/);
  assert.throws(() => connectWeb({ baseUrl: "http://plant-1:8080", token: TOKEN }), /in clear/);
  connect({ address: "plant-1", token: TOKEN, allowPlaintextToken: true }).close();
  connect({ address: "plant-1", token: TOKEN, tls: true }).close();
  connect({ address: "localhost", token: TOKEN }).close();
  connectWeb({ baseUrl: "https://plant-1:8443", token: TOKEN }).close();
  connectWeb({ baseUrl: "http://127.0.0.1:8080", token: TOKEN }).close();
});

void test("a token that cannot be sent is refused, and not shown", () => {
  for (const token of ["", "  ", "two words", "new\nline", "täglich"]) {
    assert.throws(
      () => connect({ address: "localhost", token }),
      (error) => error instanceof SettingFault && (token.trim() === "" || !error.message.includes(token)),
    );
  }
});

void test("numbers out of their range are refused", () => {
  const wrong = [
    { timeoutMs: 0 },
    { timeoutMs: -1 },
    { timeoutMs: Infinity },
    { timeoutMs: NaN },
    { connections: 0 },
    { connections: 65 },
    { connections: 1.5 },
    { keepaliveMs: 9_999 },
    { keepaliveTimeoutMs: 0 },
    { connectTimeoutMs: 0 },
    { retries: { attemptsMax: 0 } },
    { retries: { backoffFirstMs: 0 } },
    { retries: { backoffFirstMs: 10, backoffMaxMs: 5 } },
  ];
  for (const options of wrong) {
    assert.throws(() => connect({ address: "localhost", ...options }), SettingFault, JSON.stringify(options));
  }
});

void test("what is not given comes from the environment", () => {
  const before = { ...process.env };
  try {
    process.env["LOTKEEPER_ADDRESS"] = "plant-9:1";
    process.env["LOTKEEPER_TOKEN"] = TOKEN;
    assert.throws(() => connect(), /plant-9:1 in clear/);
    process.env["LOTKEEPER_TOKEN_FILE"] = "/nowhere";
    assert.throws(() => connect(), /both set/);
    delete process.env["LOTKEEPER_TOKEN"];
    assert.throws(() => connect(), /\/nowhere cannot be read: ENOENT/);
    delete process.env["LOTKEEPER_TOKEN_FILE"];
    process.env["LOTKEEPER_CA_FILE"] = "/nowhere-either";
    assert.throws(() => connect(), /CA file \/nowhere-either cannot be read/);
    process.env["LOTKEEPER_CA_FILE"] = "";
    process.env["LOTKEEPER_CLIENT_KEY"] = "/a";
    assert.throws(() => connect(), /key is given without its certificate/);
    delete process.env["LOTKEEPER_CLIENT_KEY"];
    delete process.env["LOTKEEPER_ADDRESS"];
    connect().close(); // 127.0.0.1:50051
    assert.throws(() => connect({ address: "" }), /no address/);
  } finally {
    process.env = before;
  }
});
