/** Compiles the sources and the tests, strictly, and runs the tests; names given run only those files. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..");
rmSync(join(PACKAGE, "build"), { recursive: true, force: true });
const tsc = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: PACKAGE, stdio: "inherit" });

const asked = process.argv.slice(2);
const files = readdirSync(join(PACKAGE, "build", "test"))
  .filter((name) => name.endsWith(".test.js") && (asked.length === 0 || asked.some((one) => name.startsWith(one))))
  .map((name) => join("build", "test", name));
const done = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-concurrency=1", ...files], {
  cwd: PACKAGE,
  stdio: "inherit",
});
process.exitCode = done.status ?? 1;
