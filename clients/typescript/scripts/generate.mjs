/**
 * Makes src/gen from the contract, by protoc-gen-es.
 *
 * protoc is that of Python's grpcio-tools, and Google's messages are those of googleapis-common-protos: both are in the
 * project's environment (`make clients-typescript` sets it up). LOTKEEPER_PYTHON names another Python that has them.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..");
const PROTOS = join(PACKAGE, "..", "..", "protos");
const CONTRACT = "lotkeeper/inventory/v1";
/** What the client reads of refusals, beside what the contract imports. */
const DETAILS = "google/rpc/error_details.proto";

const python = process.env.LOTKEEPER_PYTHON ?? join(PACKAGE, "..", "..", ".venv", "bin", "python");
const googleApis = execFileSync(python, [
  "-c",
  "from google.rpc import status_pb2; from pathlib import Path; print(Path(status_pb2.__file__).parents[2])",
])
  .toString()
  .trim();
const target = join(PACKAGE, "src", "gen");
const sources = readdirSync(join(PROTOS, CONTRACT))
  .filter((name) => name.endsWith(".proto"))
  .sort()
  .map((name) => `${CONTRACT}/${name}`);

/** The messages of Google's that a file imports, and that these import, but for those that Protobuf-ES brings along. */
function googleImports(path) {
  const imports = [...readFileSync(path, "utf8").matchAll(/^import (?:public )?"(google\/(?!protobuf\/)[^"]+)";/gm)];
  return imports.flatMap(([, name]) => [name, ...googleImports(join(googleApis, name))]);
}
const google = new Set([DETAILS, ...sources.flatMap((source) => googleImports(join(PROTOS, source)))]);

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
execFileSync(
  python,
  [
    "-m",
    "grpc_tools.protoc",
    `--proto_path=${PROTOS}`,
    `--proto_path=${googleApis}`,
    `--plugin=protoc-gen-es=${join(PACKAGE, "node_modules", ".bin", "protoc-gen-es")}`,
    `--es_out=${target}`,
    "--es_opt=target=ts,import_extension=js",
    ...sources,
    ...google,
  ],
  { stdio: "inherit" },
);

// Two modules that name all of it, so that what the contract gains is in the client without another word.
const modules = sources.map((source) => `./${source.replace(/\.proto$/, "_pb.js")}`);
const services = modules.flatMap((module) => {
  const text = readFileSync(join(target, module.replace(/\.js$/, ".ts")), "utf8");
  return [...text.matchAll(/^export const (\w+): GenService</gm)].map((found) => ({ module, name: found[1] }));
});
const head = "// Made from the contract by scripts/generate.mjs.\n";
writeFileSync(join(target, "messages.ts"), head + modules.map((module) => `export * from "${module}";\n`).join(""));
writeFileSync(
  join(target, "services.ts"),
  head +
    services.map(({ module, name }) => `import { ${name} } from "${module}";\n`).join("") +
    'import type { MethodsOf } from "../methods.js";\n' +
    `\n/** Every service of the contract. */\nexport const SERVICES = [${services.map(({ name }) => name).join(", ")}] as const;\n` +
    "\n/** What a client has for the methods of all. */\nexport interface Methods extends " +
    `${services.map(({ name }) => `MethodsOf<typeof ${name}>`).join(", ")} {}\n`,
);

// A function for each type of action; their names and what is said of them are those of Python's.
execFileSync(python, [join(PACKAGE, "scripts", "actions.py"), join(target, "actions.ts")], { stdio: "inherit" });
