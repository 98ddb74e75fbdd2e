package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.ExecuteInventoryActionsRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.InventoryAction;
import com.lotkeeper.inventory.v1.InventoryActionType;
import com.lotkeeper.inventory.v1.InventoryOperation;
import com.lotkeeper.inventory.v1.InventoryOperationType;
import com.lotkeeper.inventory.v1.ListInventoryRequest;
import com.lotkeeper.inventory.v1.Location;
import com.lotkeeper.inventory.v1.LotResolutionStrategy;
import com.lotkeeper.inventory.v1.Material;
import com.lotkeeper.inventory.v1.SaveInventoryOperationRequest;
import com.lotkeeper.inventory.v1.SaveLocationRequest;
import com.lotkeeper.inventory.v1.SaveMaterialRequest;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.UnitOfMeasure;
import java.math.BigDecimal;

/** A small plant in an empty store: flour, a silo, and an operation that consumes it. */
final class Plant {
  final String operationId;
  private final LotkeeperClient client;

  Plant(LotkeeperClient client) {
    this.client = client;
    client
        .masterData()
        .saveUnitOfMeasure(
            SaveUnitOfMeasureRequest.newBuilder()
                .setUnitOfMeasure(UnitOfMeasure.newBuilder().setName("kilogram").setSymbol("kg"))
                .build());
    client
        .masterData()
        .saveMaterial(
            SaveMaterialRequest.newBuilder()
                .setMaterial(Material.newBuilder().setName("Flour").setUnitOfMeasureSymbol("kg"))
                .build());
    client
        .masterData()
        .saveLocation(
            SaveLocationRequest.newBuilder().setLocation(Location.newBuilder().setName("Silo")).build());
    InventoryOperation operation =
        InventoryOperation.newBuilder()
            .setName("Consume flour")
            .setOperationType(InventoryOperationType.INVENTORY_OPERATION_TYPE_CONSUME)
            .setSourceLocationPath("Silo")
            .setMaterialPath("Flour")
            .setUnitOfMeasureSymbol("kg")
            .setPrimaryLotResolutionStrategy(LotResolutionStrategy.LOT_RESOLUTION_STRATEGY_MANUAL)
            .build();
    operationId =
        client
            .inventoryOperations()
            .saveInventoryOperation(
                SaveInventoryOperationRequest.newBuilder().setInventoryOperation(operation).build())
            .getInventoryOperation()
            .getId();
  }

  void receive(String lot, String kilograms) {
    client
        .inventory()
        .executeInventoryActions(
            ExecuteInventoryActionsRequest.newBuilder()
                .addActions(
                    InventoryAction.newBuilder()
                        .setType(InventoryActionType.INVENTORY_ACTION_TYPE_RECEIVE)
                        .setLotIdOrName(lot)
                        .setMaterialIdOrPath("Flour")
                        .setExactQuantity(Quantities.exact(new BigDecimal(kilograms)))
                        .setDestinationLocationIdOrPath("Silo")
                        .setCreateLotIfNotFound(true))
                .build());
  }

  ExecuteInventoryOperationRequest consume(String lot, String kilograms) {
    return ExecuteInventoryOperationRequest.newBuilder()
        .setInventoryOperationId(operationId)
        .setPrimaryLotIdOrName(lot)
        .setExactQuantity(Quantities.exact(new BigDecimal(kilograms)))
        .build();
  }

  BigDecimal stock() {
    return client.inventory().listInventory(ListInventoryRequest.getDefaultInstance()).stream()
        .map(row -> Quantities.decimal(row.getExactQuantity()))
        .reduce(BigDecimal.ZERO, BigDecimal::add);
  }
}
