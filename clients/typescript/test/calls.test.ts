import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { type LotkeeperClient, LotkeeperError, newRequestId } from "../src/node/index.js";
import { ExportFormat, InventoryActionType, type ExecuteInventoryOperationResponse } from "../src/v1.js";
import { clientOf, consumeMilk, LOT, MILK, milkLeft, SILO_1 } from "./plants.js";
import { TestingServer } from "./servers.js";

let server: TestingServer;
let client: LotkeeperClient;
let consume: string;

before(async () => {
  server = await TestingServer.start();
  client = clientOf(server);
  consume = await consumeMilk(client);
});

after(async () => {
  client.close();
  await server.stop();
});

function refused(code: string, reason: string) {
  return (error: unknown) => error instanceof LotkeeperError && error.code === code && error.reason === reason;
}

void test("an exact quantity comes back exactly, and stock follows", async () => {
  const had = await milkLeft(client);
  const answer = await client.executeInventoryOperation({
    inventoryOperationId: consume,
    primaryLotIdOrName: LOT,
    exactQuantity: { value: "0.3" },
  });
  assert.equal(answer.inventoryLotRecord?.exactQuantity?.value, "0.3");
  assert.equal(answer.inventoryLotRecord.exactSourceQuantityChange?.value, "-0.3");
  assert.equal(had, "120000");
  assert.equal(await milkLeft(client), "119999.7");
});

void test("a refusal has its code, its reason and its values", async () => {
  const request = { inventoryOperationId: consume, primaryLotIdOrName: LOT, quantity: 1e9 };
  await assert.rejects(client.executeInventoryOperation(request), (error) => {
    assert.ok(error instanceof LotkeeperError);
    assert.ok(error.is("INSUFFICIENT_INVENTORY"));
    assert.equal(error.code, "FAILED_PRECONDITION");
    const { lot, location, requested, unit } = error.metadata;
    assert.deepEqual({ lot, location, requested, unit }, { lot: LOT, location: SILO_1, requested: "1000000000", unit: "kg" });
    assert.match(error.message, /^INSUFFICIENT_INVENTORY: DairyCo/);
    assert.equal(error.cause, undefined);
    return true;
  });
});

void test("wrong fields are named all together", async () => {
  await assert.rejects(client.executeInventoryOperation({ inventoryOperationId: "x", quantity: -1 }), (error) => {
    assert.ok(error instanceof LotkeeperError);
    assert.deepEqual(error.fieldViolations.map((one) => one.field).sort(), ["inventory_operation_id", "quantity"]);
    return refused("INVALID_ARGUMENT", "INVALID_ARGUMENT")(error);
  });
});

void test("a list of actions says which one was refused", async () => {
  const act = { lotIdOrName: LOT, materialIdOrPath: MILK, sourceLocationIdOrPath: SILO_1, type: InventoryActionType.CONSUME };
  await assert.rejects(
    client.executeInventoryActions({ actions: [{ ...act, quantity: 1 }, { ...act, quantity: 1e9 }] }),
    (error) => error instanceof LotkeeperError && error.is("INSUFFICIENT_INVENTORY") && error.index === 1,
  );
});

void test("the same request id gets the first answer again, and another request with it is refused", async () => {
  const request = { inventoryOperationId: consume, primaryLotIdOrName: LOT, quantity: 1, requestId: newRequestId() };
  const first = await client.executeInventoryOperation(request);
  const again = await client.executeInventoryOperation(request);
  assert.equal(again.inventoryLotRecord?.id, first.inventoryLotRecord?.id);
  const other = client.executeInventoryOperation({ ...request, quantity: 2 });
  await assert.rejects(other, refused("INVALID_ARGUMENT", "REQUEST_ID_REUSED"));
});

void test("a request that is given is not changed: it gets no request id of its own", async () => {
  const request = { inventoryOperationId: consume, primaryLotIdOrName: LOT, quantity: 1 };
  const batch = { requests: [request, request] };
  const { results } = await client.batchExecuteInventoryOperations(batch);
  const ids = results.map(({ result }) => (result.value as ExecuteInventoryOperationResponse).inventoryLotRecord?.requestId);
  assert.equal(new Set(ids).size, 2);
  assert.ok(ids.every((id) => /^[0-9a-f]{12}7[0-9a-f]{3}8[0-9a-f]{15}$/.test(id ?? "")), String(ids));
  assert.deepEqual(Object.keys(request), ["inventoryOperationId", "primaryLotIdOrName", "quantity"]);
});

void test("a list is read page after page, and each loop begins anew", async () => {
  const records = client.listInventoryLotRecords({ pageSize: 2 });
  const ids = (await records.toArray()).map((record) => record.id);
  assert.ok(ids.length > 4);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual((await records.toArray()).map((record) => record.id), ids);
  const pages: number[] = [];
  for await (const page of records.byPage()) pages.push(page.inventoryLotRecords.length);
  assert.equal(pages.length, Math.ceil(ids.length / 2));
  const first = await records.page();
  const second = await client.listInventoryLotRecords({ pageSize: 2, pageToken: first.nextPageToken }).page();
  assert.deepEqual([...first.inventoryLotRecords, ...second.inventoryLotRecords].map((one) => one.id), ids.slice(0, 4));
});

void test("a call ends at its deadline, and when its caller gives it up", async () => {
  await assert.rejects(client.getInventoryOperation({ inventoryOperationId: consume }, { timeoutMs: 0.001 }), (error) => {
    return error instanceof LotkeeperError && error.code === "DEADLINE_EXCEEDED";
  });
  const giveUp = new AbortController();
  const reading = client.getInventoryOperation({ inventoryOperationId: consume }, { signal: giveUp.signal });
  giveUp.abort(new Error("enough"));
  await assert.rejects(reading, (error) => {
    return error instanceof LotkeeperError && error.code === "CANCELLED" && (error.cause as Error).message === "enough";
  });
  const late = client.getInventoryOperation({ inventoryOperationId: consume }, { signal: AbortSignal.abort() });
  await assert.rejects(late, refused("CANCELLED", ""));
});

void test("a watch brings each record once, and ends with its loop", async () => {
  const seen: string[] = [];
  for await (const { inventoryLotRecord } of client.watchInventoryLotRecords({ fromBeginning: true })) {
    if (inventoryLotRecord !== undefined) seen.push(inventoryLotRecord.id);
    if (seen.length === 5) break;
  }
  assert.equal(new Set(seen).size, 5);
});

void test("a watch is refused like a call, and given up like one", async () => {
  const wrong = client.watchInventoryLotRecords({ resumeToken: "nonsense" });
  await assert.rejects(wrong.next(), (error) => error instanceof LotkeeperError && error.code === "INVALID_ARGUMENT");
  const giveUp = new AbortController();
  const watching = client.watchInventoryLotRecords({}, { signal: giveUp.signal });
  assert.equal((await watching.next()).done, false);
  const next = watching.next();
  giveUp.abort();
  await assert.rejects(next, refused("CANCELLED", ""));
});

void test("what is exported can be imported again", async () => {
  const pieces: Uint8Array[] = [];
  for await (const piece of client.exportInventoryOperations({ format: ExportFormat.JSON })) pieces.push(piece);
  const text = Buffer.concat(pieces).toString();
  assert.ok(text.includes("Consume milk"));
  const imported = await client.importInventoryOperations({ format: ExportFormat.JSON }, pieces);
  assert.deepEqual([imported.created, imported.updated, imported.failed], [0n, 0n, 0n]);
  assert.equal(imported.unchanged, BigInt(text.trim().split("\n").length));
  const refusing = client.importInventoryOperations({ format: ExportFormat.UNSPECIFIED }, Buffer.alloc(3 << 20, "x"));
  await assert.rejects(refusing, refused("INVALID_ARGUMENT", "INVALID_ARGUMENT"));
});

void test("without a token a call is refused", async () => {
  const stranger = clientOf({ address: server.address, token: "lk_nobodys" });
  await assert.rejects(stranger.listLots().toArray(), refused("UNAUTHENTICATED", "UNAUTHENTICATED"));
  stranger.close();
});

void test("a token may be asked for with each call", async () => {
  let asked = 0;
  const renewing = clientOf(server, { token: () => ((asked += 1), Promise.resolve(server.token)) });
  await renewing.getPlantSettings({});
  await renewing.getPlantSettings({});
  assert.equal(asked, 2);
  renewing.close();
});

void test("a closed client refuses calls, and ends those that wait", async () => {
  const closing = clientOf(server);
  const watching = closing.watchInventoryLotRecords();
  await watching.next();
  const next = watching.next();
  closing.close();
  await assert.rejects(next, refused("CANCELLED", "CLIENT_CLOSED"));
  await assert.rejects(closing.getPlantSettings({}), refused("CANCELLED", "CLIENT_CLOSED"));
});

void test("many calls at once are no more than the server takes on a connection", async () => {
  const ids = await Promise.all(
    Array.from({ length: 300 }, () => client.getInventoryOperation({ inventoryOperationId: consume })),
  );
  assert.equal(ids.length, 300);
});
