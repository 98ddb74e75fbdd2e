/** The package as its users have it: packed, installed outside of this tree, compiled strictly, run. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { cleanEnvironment, PACKAGE, ROOT, TestingServer } from "./servers.js";

const BLOCK = /<!-- runs: typescript -->\n```ts\n([^]*?)```(?:\n+<!-- prints -->\n```\n([^]*?)```)?/g;
const folder = mkdtempSync(join(tmpdir(), "lotkeeper-typescript-package-"));
let server: TestingServer;

before(async () => {
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: PACKAGE, stdio: "inherit" });
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: PACKAGE, encoding: "utf8" });
  const own = { name: "outside", private: true, type: "module" };
  writeFileSync(join(folder, "package.json"), JSON.stringify(own));
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--silent"];
  execFileSync("npm", ["install", ...flags, join(folder, packed.trim())], { cwd: folder, stdio: "inherit" });
  server = await TestingServer.start();
});

after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function run(file: string): { readonly stdout: string; readonly stderr: string; readonly status: number | null } {
  return spawnSync(process.execPath, [file], {
    cwd: folder,
    env: cleanEnvironment({ LOTKEEPER_ADDRESS: server.address, LOTKEEPER_TOKEN: server.token }),
    encoding: "utf8",
    timeout: 120_000,
  });
}

/** Compiles TypeScript as a strict project would. */
function compile(files: Readonly<Record<string, string>>, options: object): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const compilerOptions = { strict: true, target: "ES2022", exactOptionalPropertyTypes: true, ...options };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  const tsc = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");
  return spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" }).stdout;
}

void test("every example of the guide is compiled and run outside of this tree", () => {
  const guide = readFileSync(join(ROOT, "docs", "typescript.md"), "utf8");
  const blocks = [...guide.matchAll(BLOCK)].map(([, code = "", printed = ""]) => ({ code, printed }));
  assert.ok(blocks.length > 5);
  const files = Object.fromEntries(blocks.map(({ code }, number) => [`example${String(number)}.mts`, code]));
  const types = { types: ["node"], typeRoots: [join(PACKAGE, "node_modules", "@types")] };
  assert.equal(compile(files, { module: "NodeNext", skipLibCheck: true, ...types }), "");
  blocks.forEach(({ printed }, number) => {
    const { stdout, stderr, status } = run(`example${String(number)}.mjs`);
    assert.deepEqual([stderr, status], ["", 0], `example ${String(number)}: ${stderr}`);
    const pattern = printed.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("…", "[^\\n]*");
    assert.match(stdout.trim(), new RegExp(`^${pattern}$`), `example ${String(number)}`);
  });
});

void test("CommonJS has the same", () => {
  writeFileSync(
    join(folder, "required.cjs"),
    `const { connect, LotkeeperError } = require("@lotkeeper/client/node");
     const { Status } = require("@lotkeeper/client/v1");
     const client = connect();
     client.getLot({ lotIdOrName: "none", materialIdOrPath: "none" }).catch((error) => {
       console.log(error instanceof LotkeeperError, error.code, Status.RUNNING);
       client.close();
     });`,
  );
  const { stdout, stderr, status } = run("required.cjs");
  assert.deepEqual([stdout, stderr, status], ["true NOT_FOUND 2\n", "", 0]);
});

void test("a browser's project needs no types of Node's, and no module of Node's", () => {
  const page = `
    import { connect, type LotkeeperClient } from "@lotkeeper/client/web";
    import { LotStatus } from "@lotkeeper/client/v1";
    export const client: LotkeeperClient = connect({ baseUrl: "https://plant-1" });
    export const lots = client.listLots({ status: LotStatus.QA_HOLD });
    export const names = (async () => (await lots.toArray()).map((lot) => lot.name satisfies string))();
    // @ts-expect-error a request has the contract's fields only
    export const wrong = client.getLot({ lotName: "M-1" });
  `;
  const options = { module: "ESNext", moduleResolution: "Bundler", lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] };
  assert.equal(compile({ "page.ts": page }, options), "");
  const dist = join(folder, "node_modules", "@lotkeeper", "client", "dist", "esm");
  const ofNode = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".js") && /from "(?:node:|@connectrpc\/connect-node)/.test(readFileSync(join(dist, name), "utf8")),
  );
  assert.deepEqual(ofNode.filter((name) => !name.startsWith("node")), []);
});

void test("the package has what it needs, and nothing else", () => {
  const files = readdirSync(join(folder, "node_modules", "@lotkeeper", "client"));
  assert.deepEqual(files.sort(), ["LICENSE", "README.md", "dist", "package.json"]);
});
