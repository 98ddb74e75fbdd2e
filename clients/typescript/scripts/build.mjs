/** Makes dist, what the package has: modules of ECMAScript, and the same as CommonJS. */
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(PACKAGE, "node_modules", "typescript", "bin", "tsc");
const dist = join(PACKAGE, "dist");

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: PACKAGE, stdio: "inherit" });
execFileSync(process.execPath, [tsc, "-p", "tsconfig.cjs.json"], { cwd: PACKAGE, stdio: "inherit" });
writeFileSync(join(dist, "cjs", "package.json"), '{ "type": "commonjs" }\n');
copyFileSync(join(PACKAGE, "..", "..", "LICENSE"), join(PACKAGE, "LICENSE"));
