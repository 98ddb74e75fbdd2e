/**
 * TypeScript's telling of the story that every client tells: clients/story/README.md has its steps, and expected.txt
 * what it prints.
 *
 *     LOTKEEPER_ADDRESS=127.0.0.1:50051 LOTKEEPER_TOKEN=… node build/story/main.js [SUFFIX]
 */
import { decimal, errorOfStatus, type LotkeeperClient, LotkeeperError, newRequestId } from "../src/index.js";
import {
  type InventoryLotRecord,
  InventoryActionType,
  InventoryGroupBy,
  InventoryOperationType,
  LotRecordType,
  LotResolutionStrategy,
  Status,
  TraceDirection,
} from "../src/v1.js";

/** How many completed records the story has written before it looks back. */
const RECORDS = 12;
const RESUMED_AFTER = 5;

/** Tells all of it, in a corner of the plant that has the suffix in its names. */
export async function tellStory(client: LotkeeperClient, suffix: string, write: (line: string) => void): Promise<void> {
  const root = `Story-${suffix}`;
  const milk = `${root}/Milk`;
  const butter = `${root}/Butter`;
  const silo = `${root}/Silo`;
  const store = `${root}/Store`;
  const cut = (text: string): string => text.replaceAll(`-${suffix}`, "");
  const tell = (text: string): void => {
    write(cut(text));
  };
  const tellSorted = (step: string, lines: readonly string[]): void => {
    for (const line of lines.map(cut).sort(byCodePoint)) tell(`${step} ${line}`);
  };

  const symbols = (await client.listUnitsOfMeasure().toArray()).map((unit) => unit.symbol);
  const units = [
    { name: "kilogram", symbol: "kg" },
    { name: "litre", symbol: "L" },
  ];
  for (const unitOfMeasure of units) {
    if (!symbols.includes(unitOfMeasure.symbol)) await client.saveUnitOfMeasure({ unitOfMeasure });
  }
  tell("1 units: kg, L");

  await client.saveMaterialClass({ materialClass: { name: root } });
  for (const name of ["Milk", "Butter"]) {
    const saved = await client.saveMaterial({
      material: { name, materialClassPath: root, unitOfMeasureSymbol: "kg" },
    });
    tell(`2 material: ${saved.material?.path ?? ""}`);
  }
  await client.saveUnitOfMeasureConversion({
    unitOfMeasureConversion: { fromUnitSymbol: "L", toUnitSymbol: "kg", materialPath: milk, factor: 1.03 },
  });
  const converted = await client.convertQuantity({
    exactQuantity: decimal("100"),
    fromUnitOfMeasureSymbol: "L",
    toUnitOfMeasureSymbol: "kg",
    materialIdOrPath: milk,
  });
  tell(`2 conversion: 100 L of milk are ${converted.exactQuantity?.value ?? ""} kg`);

  await client.saveLocation({ location: { name: root } });
  for (const name of ["Silo", "Store"]) {
    const saved = await client.saveLocation({ location: { name, parentPath: root } });
    tell(`3 location: ${saved.location?.path ?? ""}`);
  }

  const { inventoryOperation } = await client.saveInventoryOperation({
    inventoryOperation: {
      name: `Consume-${suffix}`,
      operationType: InventoryOperationType.CONSUME,
      sourceLocationPath: silo,
      materialPath: milk,
      unitOfMeasureSymbol: "kg",
      secondaryMaterialPath: butter,
      primaryLotResolutionStrategy: LotResolutionStrategy.MANUAL,
      secondaryLotResolutionStrategy: LotResolutionStrategy.MANUAL,
      createLotIfNotFound: true,
    },
  });
  const inventoryOperationId = inventoryOperation?.id ?? "";
  tell(`4 operation: ${inventoryOperation?.name ?? ""} from ${inventoryOperation?.sourceLocationPath ?? ""}`);

  const receive = { type: InventoryActionType.RECEIVE, destinationLocationIdOrPath: silo, materialIdOrPath: milk };
  const deliveries = [
    { lotIdOrName: "M-1", exactQuantity: decimal("1000.5"), unitOfMeasureSymbol: "kg" },
    { lotIdOrName: "M-2", exactQuantity: decimal("100"), unitOfMeasureSymbol: "L" },
  ];
  for (const delivery of deliveries) {
    const { inventoryLotRecords } = await client.executeInventoryActions({
      actions: [{ ...receive, ...delivery, createLotIfNotFound: true }],
    });
    for (const record of inventoryLotRecords) tell(`5 ${movement(record)}`);
  }

  const execution = { inventoryOperationId, primaryLotIdOrName: "M-1", secondaryLotIdOrName: "B-1" };
  const once = { ...execution, exactQuantity: decimal("0.3"), requestId: newRequestId() };
  const first = await client.executeInventoryOperation(once);
  const again = await client.executeInventoryOperation(once);
  tell(`6 ${movement(first.inventoryLotRecord)}`);
  tell(`6 the same record again: ${yes(first.inventoryLotRecord?.id === again.inventoryLotRecord?.id)}`);
  const reused = await refusalOf(client.executeInventoryOperation({ ...once, exactQuantity: decimal("0.4") }));
  tell(`6 refused: ${reused.reason}`);

  const missing = await refusalOf(client.executeInventoryOperation({ ...execution, exactQuantity: decimal("5000.000001") }));
  const values = ["available", "location", "lot", "requested", "unit"].map((key) => `${key}=${missing.metadata[key] ?? ""}`);
  tell(`7 refused: ${missing.reason} ${values.join(", ")}`);
  const wrong = await refusalOf(
    client.executeInventoryOperation({ ...execution, exactQuantity: decimal("-1"), requestId: "not ascii: é" }),
  );
  tell(`7 refused: ${wrong.reason} ${wrong.fieldViolations.map((one) => one.field).sort(byCodePoint).join(", ")}`);
  const unknown = await refusalOf(client.getLot({ lotIdOrName: "M-9", materialIdOrPath: milk }));
  tell(`7 refused: ${unknown.reason}`);

  const consume = {
    type: InventoryActionType.CONSUME,
    lotIdOrName: "M-1",
    sourceLocationIdOrPath: silo,
    materialIdOrPath: milk,
  };
  const churned = await client.executeInventoryActions({
    actions: [
      {
        ...consume,
        exactQuantity: decimal("200"),
        secondaryLotIdOrName: "B-1",
        secondaryMaterialIdOrPath: butter,
      },
      {
        type: InventoryActionType.PRODUCE,
        lotIdOrName: "B-1",
        exactQuantity: decimal("80.25"),
        destinationLocationIdOrPath: store,
        materialIdOrPath: butter,
      },
    ],
  });
  for (const record of churned.inventoryLotRecords) tell(`8 ${movement(record)}`);
  const tooMuch = await refusalOf(
    client.executeInventoryActions({
      actions: [
        { ...consume, exactQuantity: decimal("1") },
        { ...consume, exactQuantity: decimal("99999") },
      ],
    }),
  );
  tell(`8 refused: ${tooMuch.reason} index=${String(tooMuch.index)}`);

  const { inventoryLotRecord: started } = await client.startInventoryOperation(execution);
  tell(`9 started: ${statusOf(started)}`);
  tell(`9 refused: ${(await refusalOf(client.startInventoryOperation(execution))).reason}`);
  const { inventoryLotRecord: stopped } = await client.stopInventoryOperation({
    inventoryOperationId,
    exactQuantity: decimal("50"),
  });
  tell(`9 stopped: ${statusOf(stopped)} ${movement(stopped)}`);
  tell(`9 the same record: ${yes(started?.id === stopped?.id)}`);

  const { results } = await client.batchExecuteInventoryOperations({
    requests: [
      { ...execution, exactQuantity: decimal("1.000001") },
      { ...execution, exactQuantity: decimal("99999") },
      { ...execution, primaryLotIdOrName: "M-2", exactQuantity: decimal("3") },
    ],
  });
  for (const { result } of results) {
    if (result.case === "status") tell(`10 refused: ${errorOfStatus(result.value).reason}`);
    if (result.case === "response") tell(`10 ${movement(result.value.inventoryLotRecord)}`);
  }

  const ofButter = { lotIdOrName: "B-1", sourceLocationIdOrPath: store, materialIdOrPath: butter };
  const moves = [
    { type: InventoryActionType.MOVE, exactQuantity: decimal("10"), destinationLocationIdOrPath: silo },
    { type: InventoryActionType.SHIP, exactQuantity: decimal("30.25") },
    { type: InventoryActionType.SCRAP, exactQuantity: decimal("5") },
  ];
  const moved: InventoryLotRecord[] = [];
  for (const action of moves) {
    moved.push(...(await client.executeInventoryActions({ actions: [{ ...ofButter, ...action }] })).inventoryLotRecords);
  }
  const scrapped = { inventoryLotRecordId: moved.at(-1)?.id ?? "" };
  const { inventoryLotRecord: undone } = await client.reverseInventoryLotRecord(scrapped);
  for (const record of [...moved, undone]) tell(`11 ${movement(record)}`);
  tell(`11 reverses it: ${yes(undone?.reversesRecordId === scrapped.inventoryLotRecordId)}`);
  tell(`11 refused: ${(await refusalOf(client.reverseInventoryLotRecord(scrapped))).reason}`);

  const corner = { locationIdOrPath: root, includeChildren: true };
  const records = await client.listInventoryLotRecords({ ...corner, oldestFirst: true, pageSize: 2 }).toArray();
  tell(`12 records: ${typesOf(records)}`);
  const stock = await client.listInventory({ ...corner, pageSize: 1 }).toArray();
  tellSorted(
    "12 stock:",
    stock.map((row) => {
      return `${row.locationPath} ${row.inventoryLotName} ${row.exactQuantity?.value ?? ""} ${row.unitOfMeasureSymbol}`;
    }),
  );

  const watched: InventoryLotRecord[] = [];
  let resumeToken = "";
  for await (const message of client.watchInventoryLotRecords({ ...corner, fromBeginning: true })) {
    if (message.inventoryLotRecord !== undefined) watched.push(message.inventoryLotRecord);
    if (message.inventoryLotRecord !== undefined && watched.length === RESUMED_AFTER) resumeToken = message.resumeToken;
    if (watched.length === RECORDS) break;
  }
  tell(`13 watched: ${typesOf(watched)}`);
  const resumed: InventoryLotRecord[] = [];
  for await (const { inventoryLotRecord } of client.watchInventoryLotRecords({ ...corner, resumeToken })) {
    if (inventoryLotRecord !== undefined) resumed.push(inventoryLotRecord);
    if (resumed.length === RECORDS - RESUMED_AFTER) break;
  }
  const isSame = resumed.every((record, place) => record.id === watched[RESUMED_AFTER + place]?.id);
  tell(`13 resumed after ${String(RESUMED_AFTER)}: ${String(resumed.length)}, the same: ${yes(isSame)}`);

  const traced = { lotIdOrName: "B-1", materialIdOrPath: butter, direction: TraceDirection.INPUT };
  const graph = await client.getLotTraceGraph(traced);
  const names = new Map(graph.nodes.map((node) => [node.inventoryLotId, node.inventoryLotName]));
  tellSorted(
    "14 trace:",
    graph.edges.map((edge) => {
      const lots = `${names.get(edge.fromInventoryLotId) ?? ""} > ${names.get(edge.toInventoryLotId) ?? ""}`;
      const quantity = `${edge.exactQuantity?.value ?? ""} ${edge.unitOfMeasureSymbol}`;
      return `${lots} ${quantity} in ${String(edge.recordCount)} records`;
    }),
  );
  const ends = await client.listTerminalLots(traced).toArray();
  tell(`14 ends: ${ends.map((node) => node.inventoryLotName).sort(byCodePoint).join(", ")}`);

  const totals = await client.summarizeInventory({ ...corner, groupBy: [InventoryGroupBy.MATERIAL] }).toArray();
  tellSorted(
    "15 total:",
    totals.map((total) => {
      const quantity = `${total.exactQuantity?.value ?? ""} ${total.unitOfMeasureSymbol}`;
      return `${total.materialPath} ${quantity} in ${String(total.rows)} rows`;
    }),
  );

  const rests = [
    { sourceLocationIdOrPath: silo, materialIdOrPath: milk },
    { sourceLocationIdOrPath: silo, materialIdOrPath: butter },
    { sourceLocationIdOrPath: store, materialIdOrPath: butter },
  ];
  for (const rest of rests) {
    const { inventoryLotRecords } = await client.executeInventoryActions({
      actions: [{ type: InventoryActionType.SCRAP_ALL, ...rest }],
    });
    tell(`16 scrapped: ${String(inventoryLotRecords.length)} records`);
  }
  tell(`16 rows left: ${String((await client.listInventory(corner).toArray()).length)}`);
  const lot = { lot: { name: "M-3", materialPath: milk } };
  const { lot: saved } = await client.saveLot(lot);
  tell(`16 refused: ${(await refusalOf(client.saveLot(lot))).reason}`);
  await client.deleteLot({ lotIdOrName: saved?.id ?? "" });
  tell("16 deleted: M-3");
  const referenced = await refusalOf(client.deleteInventoryOperation({ inventoryOperationId }));
  tell(`16 refused: ${referenced.reason} entity=${referenced.metadata["entity"] ?? ""}`);
  const disabled = await client.saveInventoryOperation({
    inventoryOperation: { id: inventoryOperationId, enabled: false },
    updateMask: { paths: ["enabled"] },
  });
  tell(`16 operation enabled: ${yes(disabled.inventoryOperation?.enabled === true)}`);
}

async function refusalOf(call: Promise<unknown>): Promise<LotkeeperError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof LotkeeperError && error.reason !== "") return error;
    throw error;
  }
  throw new Error("the story expects a refusal here");
}

function movement(record: InventoryLotRecord | undefined): string {
  if (record === undefined) throw new Error("the story expects a record here");
  const quantity = `${record.exactQuantity?.value ?? ""} ${record.unitOfMeasureSymbol}`;
  const source = record.exactSourceQuantityChange?.value ?? "";
  const destination = record.exactDestinationQuantityChange?.value ?? "";
  const type = LotRecordType[record.lotRecordType];
  return `${type} ${record.inventoryLotName} ${quantity} source ${source} destination ${destination}`;
}

function typesOf(records: readonly InventoryLotRecord[]): string {
  return `${String(records.length)}, ${records.map((record) => LotRecordType[record.lotRecordType]).join(" ")}`;
}

function statusOf(record: InventoryLotRecord | undefined): string {
  return `STATUS_${Status[record?.status ?? Status.UNSPECIFIED]}`;
}

function yes(isSo: boolean): string {
  return isSo ? "yes" : "no";
}

function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
