/** Actions of plain values: quantities are texts, moments are dates, and names are short. */
import { create } from "@bufbuild/protobuf";

import type { InventoryActionType } from "./gen/lotkeeper/inventory/v1/enums_pb.js";
import { type InventoryAction, InventoryActionSchema } from "./gen/lotkeeper/inventory/v1/inventory_action_pb.js";
import { millis } from "./moments.js";
import { decimal } from "./quantities.js";

/** The contract's fields, where they have other names. */
const FIELDS: Readonly<Record<string, keyof InventoryAction>> = {
  lot: "lotIdOrName",
  material: "materialIdOrPath",
  unit: "unitOfMeasureSymbol",
  source: "sourceLocationIdOrPath",
  destination: "destinationLocationIdOrPath",
  productionOrder: "productionOrderIdOrName",
  reasonCodeId: "materialReasonCodeId",
  secondaryLot: "secondaryLotIdOrName",
  secondaryMaterial: "secondaryMaterialIdOrPath",
};

/** An action of a type. Throws a LotkeeperError for a quantity that is none, a RangeError for a date that is none. */
export function made(type: InventoryActionType, given: object): InventoryAction {
  const action = create(InventoryActionSchema, { type });
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    const field = name === "quantity" ? "exactQuantity" : value instanceof Date ? `${name}Millis` : (FIELDS[name] ?? name);
    // Programs without types may misspell a name, which is not to act without it.
    if (!(field in InventoryActionSchema.field)) throw new TypeError(`an action has no ${name}`);
    Object.assign(action, { [field]: valueOf(name, value) });
  }
  return action;
}

function valueOf(name: string, value: unknown): unknown {
  if (value instanceof Date) return millis(value);
  return name === "quantity" ? decimal(String(value)) : value;
}
