import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { cleanEnvironment, PACKAGE, ROOT, ServedStore } from "./servers.js";

const EXPECTED = join(ROOT, "clients", "story", "expected.txt");
const skip = existsSync(EXPECTED) ? false : "clients/story is not here";
let server: ServedStore;

before(async () => {
  server = await new ServedStore().start();
});

after(async () => {
  await server.remove();
});

/** As a user would run it; a program that its connections keep from ending is killed, and its status is none. */
function tell(): void {
  const told = spawnSync(process.execPath, [join(PACKAGE, "build", "story", "main.js")], {
    env: cleanEnvironment({ LOTKEEPER_ADDRESS: server.address, LOTKEEPER_TOKEN: server.token }),
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(told.stderr, "");
  assert.equal(told.status, 0);
  assert.equal(told.stdout, readFileSync(EXPECTED, "utf8"));
}

void test("the story is told to the letter, again, and after a kill", { skip }, async () => {
  tell();
  tell();
  await server.kill();
  await server.start();
  tell();
});
