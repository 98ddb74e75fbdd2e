/** Real servers for the tests, as processes of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The folder of the whole project. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");
/** The folder of this package. */
export const PACKAGE = join(ROOT, "clients", "typescript");
/** The server's program: that of the project's environment, or of LOTKEEPER_PROGRAMS. */
export const SERVER = join(process.env["LOTKEEPER_PROGRAMS"] ?? join(ROOT, ".venv", "bin"), "lotkeeper-server");

/** Why tests of the HTTP port are left out; false where there is one. */
export function withoutHttp(): string | false {
  const help = spawnSync(SERVER, ["run", "--help"], { encoding: "utf8", env: cleanEnvironment() }).stdout;
  return help.includes("--http-listen") ? false : "this server has no HTTP port";
}

/** The environment without what is set for clients and servers. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("LOTKEEPER_"));
  return { ...Object.fromEntries(kept), ...more };
}

/** `lotkeeper-server testing`: a plant in memory, which ends with this process. */
export class TestingServer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly address: string,
    readonly token: string,
  ) {}

  /** Starts one, with the demo plant. */
  static async start(...flags: string[]): Promise<TestingServer> {
    const child = spawn(SERVER, ["testing", ...flags], { stdio: ["pipe", "pipe", "inherit"], env: cleanEnvironment() });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const said = JSON.parse(await lineOf(lines)) as { readonly address: string; readonly token: string };
    return new TestingServer(child, lines, said.address, said.token);
  }

  /** Moves its clock on. */
  async advanceClock(ms: number): Promise<void> {
    this.process.stdin?.write(`${JSON.stringify({ do: "advance_clock", millis: ms })}\n`);
    await lineOf(this.lines);
  }

  /** Stops it, and waits for its end. */
  async stop(): Promise<void> {
    this.process.stdin?.end();
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
  }
}

/** `lotkeeper-server run` on a store of its own, which outlives its process; the demo plant is in it. */
export class ServedStore {
  #process: ChildProcess | undefined;
  #lines: Interface | undefined;
  address = "";
  token = "";
  /** The URL of its HTTP port; empty where it has none. */
  baseUrl = "";
  /** Of the store; the server's XDG_STATE_HOME as well, where it leaves its development token. */
  readonly folder = mkdtempSync(join(tmpdir(), "lotkeeper-typescript-"));

  constructor(
    private readonly flags: readonly string[] = [],
    private readonly hasHttp = false,
  ) {}

  /** Starts it: on a free port the first time, on the same one afterwards. */
  async start(): Promise<this> {
    const listen = this.address === "" ? "127.0.0.1:0" : this.address;
    const env = cleanEnvironment({ XDG_STATE_HOME: this.folder });
    if (this.hasHttp && this.baseUrl === "") this.baseUrl = `http://127.0.0.1:${String(await freePort())}`;
    const flags = [...this.flags, ...(this.hasHttp ? ["--http-listen", new URL(this.baseUrl).host] : [])];
    const child = spawn(SERVER, ["run", "--listen", listen, ...flags], {
      cwd: this.folder,
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#process = child;
    this.#lines = createInterface(child.stdout);
    for await (const line of this.#lines) {
      this.address = /serves on (127\.0\.0\.1:\d+)/.exec(line)?.[1] ?? this.address;
      if (line.trimStart().startsWith("try:")) break; // the last line of its greeting
    }
    if (this.token === "") {
      const flags = ["--database-url", `sqlite:///${join(this.folder, "data", "lotkeeper.db")}`];
      const command = ["token", "create", "--name", "tests", "--role", "admin", "--expires", "1d", ...flags];
      this.token = execFileSync(SERVER, command, { env, stdio: ["ignore", "pipe", "ignore"] }).toString().trim();
    }
    return this;
  }

  /** Kills it, so that it can put nothing in order; waits for its end. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    this.#lines?.close();
  }

  /** Holds it, as a machine that hangs: its connections stay open, and nothing answers. */
  hold(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** Lets it go on. */
  letGo(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Kills it for good, and its store with it. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port that nobody has now: what the server says of its HTTP port is in its log alone. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function lineOf(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done === true) throw new Error("the server has ended");
  return next.value;
}
