import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { connect, LotkeeperError } from "../src/node/index.js";
import { ServedStore, TestingServer } from "./servers.js";

let server: ServedStore;
const SECRET = "lk_secret-of-another-server";

before(async () => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("LOTKEEPER_") && name !== "LOTKEEPER_PROGRAMS") Reflect.deleteProperty(process.env, name);
  }
  server = await new ServedStore().start();
});

after(async () => {
  await server.remove();
});

/** The error of a call to an address without a token. */
async function refusedAt(address: string): Promise<LotkeeperError> {
  const client = connect({ address, timeoutMs: 60_000 });
  try {
    await client.getPlantSettings({});
  } catch (error) {
    assert.ok(error instanceof LotkeeperError, String(error));
    assert.equal(error.code, "UNAUTHENTICATED");
    assert.ok(!error.message.includes(SECRET));
    return error;
  } finally {
    client.close();
  }
  throw new Error("it was not refused");
}

/** Somebody else, who listens on a port and has seen these headers. */
class Stranger {
  readonly seen: string[] = [];
  private constructor(
    private readonly listener: Http2Server,
    readonly address: string,
  ) {}

  static async start(status: string, answer: Buffer): Promise<Stranger> {
    const listener = createServer();
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const port = String((listener.address() as AddressInfo).port);
    const stranger = new Stranger(listener, `127.0.0.1:${port}`);
    listener.on("stream", (stream, headers) => {
      stranger.seen.push(String(headers[":path"]), String(headers.authorization));
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": status });
      });
      stream.end(answer);
    });
    return stranger;
  }

  /** The file of a token for its address, in a folder of its own. */
  tokenFile(folder: string): string {
    const tokens = join(folder, "lotkeeper", "tokens");
    mkdirSync(tokens, { recursive: true, mode: 0o700 });
    return join(tokens, this.address.replace(":", "_"));
  }

  close(): void {
    this.listener.close();
  }
}

void test("a development server's token is found, also by localhost, and after a restart, which makes another", async () => {
  process.env["XDG_STATE_HOME"] = server.folder;
  const client = connect({ address: server.address.replace("127.0.0.1", "localhost") });
  const messages = client.watchInventoryLotRecords()[Symbol.asyncIterator]();
  await messages.next(); // the first heartbeat
  await client.getPlantSettings({});
  await server.kill();
  await server.start();
  const [operation] = await client.listInventoryOperations({ namePrefix: "Consume milk" }).toArray();
  const execution = { inventoryOperationId: operation?.id ?? "", primaryLotIdOrName: "MILK-0815", quantity: 1 };
  await client.executeInventoryOperation(execution);
  for (;;) {
    const { value } = await messages.next(); // the watch has gone on, by the new token
    if (value?.inventoryLotRecord !== undefined) break;
  }
  client.close();
});

void test("the token is shown to nobody who does not know it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lotkeeper-typescript-"));
  process.env["XDG_STATE_HOME"] = folder;
  const framed = (length: number): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 0, length]), Buffer.alloc(length, 7)]);
  const answers: readonly (readonly [string, Buffer, RegExp])[] = [
    ["0", framed(64), /its proof is wrong/],
    ["0", framed(63), /its proof is wrong/],
    ["0", Buffer.from("rubbish"), /it answered nothing/],
    ["12", Buffer.alloc(0), /it answered UNIMPLEMENTED/],
    ["x", Buffer.alloc(0), /it answered nothing of gRPC/],
  ];
  for (const [status, answer, why] of answers) {
    const stranger = await Stranger.start(status, answer);
    writeFileSync(stranger.tokenFile(folder), SECRET, { mode: 0o600 });
    const { rawMessage } = await refusedAt(stranger.address);
    assert.match(rawMessage, /was not sent: whoever listens on 127\.0\.0\.1:\d+ did not show that it made it/);
    assert.match(rawMessage, why);
    assert.deepEqual(stranger.seen, ["/lotkeeper.development.v1.Development/Prove", "undefined"]);
    stranger.close();
  }
  rmSync(folder, { recursive: true });
});

void test("a file that others can have read or written is not used", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lotkeeper-typescript-"));
  process.env["XDG_STATE_HOME"] = folder;
  const stranger = await Stranger.start("0", Buffer.alloc(0));
  const file = stranger.tokenFile(folder);
  const other = join(folder, "other");
  const wrong: readonly (readonly [() => void, RegExp])[] = [
    [() => { writeFileSync(file, SECRET, { mode: 0o644 }); }, /can be read or written by others; its mode is 644/],
    [() => { chmodSync(file, 0o600); linkSync(file, other); }, /is not a file of its own/],
    [() => { rmSync(file); symlinkSync(other, file); }, /ELOOP/],
    [() => { rmSync(file); mkdirSync(file, { mode: 0o700 }); }, /is not a file of its own/],
    [() => { chmodSync(join(folder, "lotkeeper", "tokens"), 0o777); }, /is not safe for tokens: others may write there/],
  ];
  for (const [spoil, why] of wrong) {
    spoil();
    const { rawMessage } = await refusedAt(stranger.address);
    assert.match(rawMessage, /^the development token is not used: /);
    assert.match(rawMessage, why);
  }
  assert.deepEqual(stranger.seen, []);
  stranger.close();
  rmSync(folder, { recursive: true });
});

void test("who gives no token, where there is no development server, is told how", async () => {
  process.env["XDG_STATE_HOME"] = join(server.folder, "nowhere");
  const other = await TestingServer.start();
  const refused = await refusedAt(other.address);
  assert.equal(refused.reason, "UNAUTHENTICATED");
  assert.match(refused.rawMessage, /None was sent: give token, or set LOTKEEPER_TOKEN; a development server's would be in .*nowhere/);
  await other.stop();
});

void test("a token that is given counts, also on loopback", async () => {
  process.env["XDG_STATE_HOME"] = server.folder;
  const client = connect({ address: server.address, token: "lk_of-nobody" });
  await assert.rejects(client.getPlantSettings({}), (error) => error instanceof LotkeeperError && error.reason === "UNAUTHENTICATED");
  client.close();
});
