/** What the tests do in the demo plant. */
import { connect, type ConnectOptions, type LotkeeperClient } from "../src/node/index.js";
import type { TestingServer } from "./servers.js";

export const MILK = "Dairy/Milk/Whole milk";
export const SILO_1 = "DairyCo/Plant1/Silo1";
export const LOT = "MILK-0815";

/** A client of a server for tests. */
export function clientOf(server: Pick<TestingServer, "address" | "token">, options: ConnectOptions = {}): LotkeeperClient {
  return connect({ address: server.address, token: server.token, ...options });
}

/** The id of the operation that consumes milk from a silo. */
export async function consumeMilk(client: LotkeeperClient): Promise<string> {
  for await (const operation of client.listInventoryOperations({ namePrefix: "Consume milk" })) return operation.id;
  throw new Error("the demo plant has no such operation");
}

/** How much milk of the lot is in its silo, exactly. */
export async function milkLeft(client: LotkeeperClient): Promise<string | undefined> {
  const rows = await client.listInventory({ locationIdOrPath: SILO_1, lotIdOrName: LOT, materialIdOrPath: MILK }).toArray();
  return rows[0]?.exactQuantity?.value;
}
