/**
 * The program of the conformance suite (clients/conformance/README.md): does what lines on standard input tell it, by this
 * client alone, and says what came out.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { connect, decimal, errorOfStatus, type LotkeeperClient, LotkeeperError } from "../src/node/index.js";
import type { ExecuteInventoryOperationResponse } from "../src/v1.js";
import { InventoryActionType } from "../src/v1.js";

interface ExecutionArguments {
  readonly operation_id: string;
  readonly lot: string;
  readonly quantity: string;
  readonly request_id?: string;
}

interface Arguments extends ExecutionArguments {
  readonly executions: readonly ExecutionArguments[];
  readonly actions: readonly { lot: string; material: string; quantity: string; source: string }[];
  readonly name: string;
  readonly symbol: string;
  readonly page_size?: number;
  readonly count: number;
  readonly from_beginning?: boolean;
  readonly resume_token?: string;
}

interface Line {
  readonly scenario: string;
  readonly address: string;
  readonly token: string;
  /** Where given, it has the token, which changes. */
  readonly token_file?: string;
  /** Where given, with TLS. */
  readonly ca_file?: string;
  readonly timeout_seconds?: number;
  readonly do: string;
  readonly arguments: Arguments;
}

/** What there was before an error. */
type Partial = Record<string, unknown>;
type Doing = (client: LotkeeperClient, given: Arguments, partial: Partial) => Promise<unknown>;

const DOINGS: Readonly<Record<string, Doing>> = {
  execute: async (client, given) => shown(await client.executeInventoryOperation(request(given))),
  sequence: async (client, { executions }) => {
    const results = [];
    for (const one of executions) results.push(await settled(client.executeInventoryOperation(request(one))));
    return { results };
  },
  coalesced: async (client, { executions }) => {
    const calls = executions.map((one) => settled(client.executeInventoryOperation(request(one))));
    return { results: await Promise.all(calls) };
  },
  batch: async (client, { executions }) => {
    const { results } = await client.batchExecuteInventoryOperations({ requests: executions.map(request) });
    return {
      results: results.map(({ result }) => {
        if (result.case === "response") return shown(result.value);
        if (result.case === "status") return { error: told(errorOfStatus(result.value)) };
        throw new Error("a result is empty");
      }),
    };
  },
  actions: async (client, { actions }) => {
    const { inventoryLotRecords } = await client.executeInventoryActions({
      actions: actions.map((one) => ({
        type: InventoryActionType.CONSUME,
        lotIdOrName: one.lot,
        materialIdOrPath: one.material,
        exactQuantity: decimal(one.quantity),
        sourceLocationIdOrPath: one.source,
      })),
    });
    return { records: inventoryLotRecords.map((record) => record.id) };
  },
  save_unit: async (client, { name, symbol }) => {
    return { id: (await client.saveUnitOfMeasure({ unitOfMeasure: { name, symbol } })).unitOfMeasure?.id };
  },
  get_unit: async (client, { name }) => {
    return { id: (await client.getUnitOfMeasure({ unitOfMeasureIdOrName: name })).unitOfMeasure?.id };
  },
  list_units: async (client, { page_size: pageSize = 0 }, partial) => {
    const names: string[] = [];
    partial["names"] = names;
    for await (const unit of client.listUnitsOfMeasure({ pageSize })) names.push(unit.name);
    return partial;
  },
  watch: async (client, given, partial) => {
    const records: string[] = [];
    partial["records"] = records;
    const asked = { fromBeginning: given.from_beginning ?? false };
    const after = given.resume_token === undefined ? {} : { resumeToken: given.resume_token };
    for await (const message of client.watchInventoryLotRecords({ ...asked, ...after })) {
      partial["resume_token"] = message.resumeToken;
      if (message.inventoryLotRecord !== undefined) records.push(message.inventoryLotRecord.id);
      if (records.length >= given.count) break;
    }
    return partial;
  },
};

async function answered(line: Line): Promise<object> {
  const { scenario, address, token_file: tokenFile, ca_file: caFile, timeout_seconds: seconds, do: name } = line;
  const doing = DOINGS[name];
  if (doing === undefined) return { scenario, skipped: `${name} is not known` };
  const partial: Partial = {};
  const timeout = seconds === undefined ? {} : { timeoutMs: seconds * 1_000 };
  const token = tokenFile === undefined ? line.token : (): string => readFileSync(tokenFile, "utf8");
  const trust = caFile === undefined ? {} : { caFile };
  const client = connect({ address, token, coalesce: name === "coalesced", ...timeout, ...trust });
  try {
    return { scenario, value: await doing(client, line.arguments, partial) };
  } catch (error) {
    if (error instanceof LotkeeperError) return { scenario, error: told(error), value: partial };
    return { scenario, crashed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    client.close();
  }
}

function request(given: ExecutionArguments) {
  return {
    inventoryOperationId: given.operation_id,
    primaryLotIdOrName: given.lot,
    exactQuantity: decimal(given.quantity),
    requestId: given.request_id ?? "",
  };
}

async function settled(call: Promise<ExecuteInventoryOperationResponse>): Promise<object> {
  try {
    return shown(await call);
  } catch (error) {
    if (error instanceof LotkeeperError) return { error: told(error) };
    throw error;
  }
}

function shown({ inventoryLotRecord }: ExecuteInventoryOperationResponse): object {
  return { record: inventoryLotRecord?.id, quantity: inventoryLotRecord?.exactQuantity?.value };
}

function told(error: LotkeeperError): object {
  return {
    code: error.code,
    reason: error.reason,
    message: error.rawMessage,
    metadata: error.metadata,
    fields: error.fieldViolations.map(({ field, description, reason }) => ({ field, description, reason })),
    retry_after_seconds: error.retryAfterMs === undefined ? null : error.retryAfterMs / 1_000,
  };
}

for await (const text of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await answered(JSON.parse(text) as Line))}\n`);
}
