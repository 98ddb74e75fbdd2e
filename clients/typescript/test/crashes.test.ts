import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { cleanEnvironment, PACKAGE, ROOT, SERVER } from "./servers.js";

const skip = existsSync(join(ROOT, "clients", "crashes")) ? false : "clients/crashes is not here";

/** The harness of clients/crashes starts the program, kills the server under it, and audits. */
void test("coalesced executions count once each, as the store's books have it", { skip, timeout: 300_000 }, (context) => {
  const program = `${process.execPath} --enable-source-maps ${join(PACKAGE, "build", "crashes", "main.js")}`;
  const harness = spawnSync(join(dirname(SERVER), "python"), ["-m", "clients.crashes", "--client", program], {
    cwd: ROOT,
    env: cleanEnvironment(),
    encoding: "utf8",
  });
  assert.equal(harness.status, 0, `${harness.stdout}${harness.stderr}`);
  context.diagnostic(harness.stdout);
});
