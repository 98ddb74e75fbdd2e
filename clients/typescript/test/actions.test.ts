import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { toBinary } from "@bufbuild/protobuf";

import { actions, LotkeeperError } from "../src/node/index.js";
import { InventoryActionSchema, InventoryActionType, LotStatus } from "../src/v1.js";
import { clientOf, MILK, SILO_1 } from "./plants.js";
import { ROOT, SERVER, TestingServer } from "./servers.js";

let server: TestingServer;

before(async () => {
  server = await TestingServer.start();
});

after(async () => {
  await server.stop();
});

const COLD_STORE = "DairyCo/Plant1/ColdStore";
const lot = { lot: "MILK-0900", material: MILK, unit: "kg" };
const rest = {
  ...lot,
  secondaryLot: "B-1",
  secondaryMaterial: "Butter",
  createLotIfNotFound: true,
  inventoryName: "P-1",
  productionOrder: "PO-1",
  operationId: "operation",
  reasonCodeId: "reason",
  startDate: new Date(1_000),
  endDate: new Date(2_000),
  notes: "n",
  spare1: "1",
  spare2: "2",
  spare3: "3",
};
const dated = { ...rest, lotExpirationDate: new Date(3_000), supplierLotName: "S-1" };
const moved = { ...rest, quantity: "0.3", source: SILO_1, destination: COLD_STORE };

/** The same in Python: what its functions make of the same values, as bytes in hex. */
const PYTHON = `
from lotkeeper import actions
from lotkeeper.inventory.v1 import enums_pb2
lot = dict(lot="MILK-0900", material="${MILK}", unit="kg")
rest = lot | dict(secondary_lot="B-1", secondary_material="Butter", create_lot_if_not_found=True, inventory_name="P-1",
    production_order="PO-1", operation_id="operation", reason_code_id="reason", start_date_millis=1_000,
    end_date_millis=2_000, notes="n", spare1="1", spare2="2", spare3="3")
dated = rest | dict(lot_expiration_date_millis=3_000, supplier_lot_name="S-1")
moved = rest | dict(quantity="0.3", source="${SILO_1}", destination="${COLD_STORE}")
made = [
    actions.consume(**moved), actions.produce(**(dated | moved), increment_production_order_count=True),
    actions.change_status("MILK-0900", enums_pb2.LOT_STATUS_QA_HOLD, material="${MILK}"),
    actions.split("MILK-0900", "0.3", new_lot_name="N-1", source="${SILO_1}"),
]
for action in made:
    action.ClearField("quantity")  # the double beside the exact one
    print(action.SerializeToString(deterministic=True).hex())
`;

void test("the functions make the same of the same values as Python's", () => {
  const made = [
    actions.consume(moved),
    actions.produce({ ...dated, ...moved, incrementProductionOrderCount: true }),
    actions.changeStatus({ lot: "MILK-0900", lotStatus: LotStatus.QA_HOLD, material: MILK }),
    actions.split({ lot: "MILK-0900", quantity: "0.3", newLotName: "N-1", source: SILO_1 }),
  ];
  const python = join(dirname(SERVER), "python");
  const env = { ...process.env, PYTHONPATH: join(ROOT, "client") };
  const said = execFileSync(python, ["-c", PYTHON], { encoding: "utf8", env }).trim().split("\n");
  assert.deepEqual(
    made.map((action) => Buffer.from(toBinary(InventoryActionSchema, action)).toString("hex")),
    said,
  );
});

void test("there is a function for each type of action", () => {
  const named = Object.values(actions as unknown as Record<string, (given: object) => { type: InventoryActionType }>);
  const types = named.map((make) => make({}).type).sort((one, other) => one - other);
  const all = Object.values(InventoryActionType).filter((type): type is InventoryActionType => typeof type === "number");
  assert.deepEqual(types, all.slice(1)); // without UNSPECIFIED
});

void test("several happen together, or none", async () => {
  const client = clientOf(server);
  const stock = async (): Promise<Record<string, string | undefined>> => {
    const rows = await client.listInventory({ lotIdOrName: lot.lot, materialIdOrPath: MILK }).toArray();
    return Object.fromEntries(rows.map((row) => [row.locationPath, row.exactQuantity?.value]));
  };
  await client.executeInventoryActions({
    actions: [
      actions.receive({ ...lot, quantity: "900.000001", destination: SILO_1, createLotIfNotFound: true }),
      actions.move({ ...lot, quantity: "500", source: SILO_1, destination: COLD_STORE }),
      actions.scrapAll({ lot: lot.lot, material: MILK, source: SILO_1 }),
    ],
  });
  assert.deepEqual(await stock(), { [COLD_STORE]: "500" });
  const tooMuch = [
    actions.consume({ ...lot, quantity: "1", source: COLD_STORE }),
    actions.ship({ ...lot, quantity: "500", source: COLD_STORE }),
  ];
  await assert.rejects(
    client.executeInventoryActions({ actions: tooMuch }),
    (error) => error instanceof LotkeeperError && error.is("INSUFFICIENT_INVENTORY") && error.index === 1,
  );
  assert.deepEqual(await stock(), { [COLD_STORE]: "500" });
  client.close();
});

void test("a quantity that is none, and a name that is none, are refused before anything is sent", () => {
  const wrong = { ...lot, quantity: "1,5", source: SILO_1 };
  assert.throws(() => actions.consume(wrong), (error) => error instanceof LotkeeperError && error.code === "INVALID_ARGUMENT");
  const misspelt = { ...lot, quantity: "1", source: SILO_1, crateLotIfNotFound: true };
  assert.throws(() => actions.consume(misspelt), /an action has no crateLotIfNotFound/);
});
