import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { fromMillionths, type LotkeeperClient, LotkeeperError, toMillionths } from "../src/node/index.js";
import { clientOf, consumeMilk, LOT, milkLeft } from "./plants.js";
import { ServedStore } from "./servers.js";

let server: ServedStore;

before(async () => {
  server = await new ServedStore().start();
});

after(async () => {
  await server.remove();
});

/** Executes from so many places at once, while the server is killed and started again; every answer must count once. */
async function executesThroughKills(client: LotkeeperClient, kills: number, workers: number): Promise<void> {
  const consume = await consumeMilk(client);
  const had = toMillionths(await milkLeft(client));
  let isOver = false;
  const records: string[] = [];
  const work = Array.from({ length: workers }, async () => {
    while (!isOver) {
      const answer = await client.executeInventoryOperation({
        inventoryOperationId: consume,
        primaryLotIdOrName: LOT,
        exactQuantity: { value: "0.001" },
      });
      records.push(answer.inventoryLotRecord?.id ?? "");
    }
  });
  for (let kill = 0; kill < kills; kill += 1) {
    const before = records.length;
    while (records.length < before + 300) await sleep(5);
    await server.kill();
    await server.start();
  }
  isOver = true;
  await Promise.all(work);
  assert.equal(new Set(records).size, records.length);
  const used = had - toMillionths(await milkLeft(client));
  assert.equal(fromMillionths(used), fromMillionths(BigInt(records.length) * 1_000n));
}

void test("coalesced executions count once each, though the server is killed", async () => {
  const client = clientOf(server, { coalesce: true, timeoutMs: 180_000 });
  await executesThroughKills(client, 2, 100);
  client.close();
});

void test("single executions count once each, though the server is killed", async () => {
  const client = clientOf(server, { timeoutMs: 180_000 });
  await executesThroughKills(client, 1, 20);
  client.close();
});

void test("a watch goes on after a kill, without loss and without doubles", async () => {
  const client = clientOf(server);
  const consume = await consumeMilk(client);
  const seen: string[] = [];
  const giveUp = new AbortController();
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const watching = (async () => {
    for await (const message of client.watchInventoryLotRecords({}, { signal: giveUp.signal })) {
      isReady();
      if (message.inventoryLotRecord !== undefined) seen.push(message.inventoryLotRecord.id);
    }
  })();
  await ready;
  const written: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    for (let count = 0; count < 20; count += 1) {
      const request = { inventoryOperationId: consume, primaryLotIdOrName: LOT, quantity: 1 };
      written.push((await client.executeInventoryOperation(request)).inventoryLotRecord?.id ?? "");
    }
    await server.kill();
    await server.start();
  }
  while (seen.length < written.length) await sleep(20);
  assert.deepEqual(seen, written);
  giveUp.abort();
  await assert.rejects(watching, (error) => error instanceof LotkeeperError && error.code === "CANCELLED");
  client.close();
});

void test("a call waits for a server that is away, to its deadline", async () => {
  const client = clientOf(server);
  await client.getPlantSettings({});
  await server.kill();
  const short = client.getPlantSettings({}, { timeoutMs: 2_000 });
  await assert.rejects(short, (error) => {
    assert.ok(error instanceof LotkeeperError);
    assert.equal(error.code, "UNAVAILABLE");
    assert.ok(error.message.includes(`no server answers on ${server.address}: the connection is refused`), error.message);
    return true;
  });
  const patient = client.getPlantSettings({}, { timeoutMs: 180_000 });
  const watching = client.watchInventoryLotRecords({}, { timeoutMs: 180_000 });
  const first = watching.next();
  await server.start();
  assert.equal((await patient).$typeName, "lotkeeper.inventory.v1.GetPlantSettingsResponse");
  assert.equal((await first).done, false);
  await watching.return();
  client.close();
});

void test("executions that wait for a server that hangs keep their own deadlines and signals", async () => {
  const client = clientOf(server, { coalesce: true });
  const consume = await consumeMilk(client);
  const request = { inventoryOperationId: consume, primaryLotIdOrName: LOT, quantity: 1 };
  server.hold();
  try {
    const giveUp = new AbortController();
    const long = client.executeInventoryOperation(request, { timeoutMs: 180_000 });
    const short = client.executeInventoryOperation(request, { timeoutMs: 300 });
    const left = client.executeInventoryOperation(request, { signal: giveUp.signal });
    giveUp.abort();
    await assert.rejects(left, (error) => error instanceof LotkeeperError && error.code === "CANCELLED");
    await assert.rejects(short, (error) => error instanceof LotkeeperError && error.code === "DEADLINE_EXCEEDED");
    server.letGo();
    assert.ok((await long).inventoryLotRecord !== undefined);
  } finally {
    server.letGo();
    client.close();
  }
});

/** Passes bytes between clients and the server, until it is told to keep those of the connections that there are. */
class FreezingProxy {
  private constructor(
    readonly address: string,
    private readonly listener: Server,
    readonly sockets: readonly Socket[],
  ) {}

  static async to(address: string): Promise<FreezingProxy> {
    const [host, port] = address.split(":");
    const sockets: Socket[] = [];
    const listener = createServer((near) => {
      const far = connectSocket(Number(port), host);
      sockets.push(near, far);
      for (const socket of [near, far]) socket.on("error", () => undefined);
      near.pipe(far);
      far.pipe(near);
    });
    await once(listener.listen(0, "127.0.0.1"), "listening");
    return new FreezingProxy(`127.0.0.1:${String((listener.address() as AddressInfo).port)}`, listener, sockets);
  }

  /** As a machine that is gone: nothing comes any more, and nothing says so. */
  freeze(): void {
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  close(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

void test("a call notices by its keepalive that its connection is dead", { timeout: 180_000 }, async () => {
  const proxy = await FreezingProxy.to(server.address);
  const client = clientOf(
    { address: proxy.address, token: server.token },
    { keepaliveMs: 10_000, keepaliveTimeoutMs: 500, timeoutMs: 120_000 },
  );
  await client.getPlantSettings({});
  proxy.freeze();
  await client.getPlantSettings({}); // by nothing else would it get an answer
  assert.equal(proxy.sockets.length, 4);
  client.close();
  proxy.close();
});
