/** TypeScript's program for clients/crashes: many executions by a client that coalesces, while its server is killed. */
import { connect, decimal, LotkeeperError } from "../src/node/index.js";

const [operation = "", calls, inFlight, seconds, firstMillis = "", ...lots] = process.argv.slice(2);
const client = connect({ coalesce: true, timeoutMs: Number(seconds) * 1_000 });
let next = 0;

/** Makes a call, and tells how it has ended. */
async function call(number: number): Promise<string> {
  try {
    const { inventoryLotRecord } = await client.executeInventoryOperation({
      inventoryOperationId: operation,
      primaryLotIdOrName: lots[number % lots.length] ?? "",
      exactQuantity: decimal("1"),
      startDateMillis: BigInt(firstMillis) + BigInt(number),
    });
    return `${String(number)} record ${String(inventoryLotRecord?.id)}`;
  } catch (error) {
    if (!(error instanceof LotkeeperError)) throw error;
    return `${String(number)} error ${error.code} ${error.reason}`;
  }
}

const callers = Array.from({ length: Number(inFlight) }, async () => {
  while (next < Number(calls)) process.stdout.write(`${await call(next++)}\n`);
});
await Promise.all(callers);
client.close();
