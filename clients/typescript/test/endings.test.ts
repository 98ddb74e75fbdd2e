import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { clientOf, consumeMilk, LOT } from "./plants.js";
import { cleanEnvironment, PACKAGE, ServedStore } from "./servers.js";

let server: ServedStore;

before(async () => {
  server = await new ServedStore(["--connection-age-seconds", "1"]).start();
});

after(async () => {
  await server.remove();
});

void test("a program that does not close its client ends all the same: nothing holds it", () => {
  const program = `
    import { connect } from ${JSON.stringify(join(PACKAGE, "build", "src", "node", "index.js"))};
    const client = connect({ coalesce: true });
    const [operation] = await client.listInventoryOperations({ namePrefix: "Consume milk" }).toArray();
    const request = { inventoryOperationId: operation.id, primaryLotIdOrName: "MILK-0815", quantity: 1 };
    await Promise.all(Array.from({ length: 40 }, () => client.executeInventoryOperation(request)));
    for await (const message of client.watchInventoryLotRecords()) break;
    console.log("done");
  `;
  const ended = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: cleanEnvironment({ LOTKEEPER_ADDRESS: server.address, LOTKEEPER_TOKEN: server.token }),
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.deepEqual([ended.stdout, ended.stderr, ended.status, ended.signal], ["done\n", "", 0, null]);
});

void test("a connection that the server wants to end by its age ends no call", async () => {
  const client = clientOf(server);
  const inventoryOperationId = await consumeMilk(client);
  const watching = client.watchInventoryLotRecords();
  await watching.next();
  const written: string[] = [];
  const seen: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    await sleep(700);
    const answer = await client.executeInventoryOperation({ inventoryOperationId, primaryLotIdOrName: LOT, quantity: 1 });
    written.push(answer.inventoryLotRecord?.id ?? "");
    for (;;) {
      const { value } = await watching.next();
      if (value?.inventoryLotRecord === undefined) continue;
      seen.push(value.inventoryLotRecord.id);
      break;
    }
  }
  assert.deepEqual(seen, written);
  await watching.return();
  client.close();
});
