package com.lotkeeper.examples;

import com.google.protobuf.FieldMask;
import com.lotkeeper.client.FieldViolation;
import com.lotkeeper.client.LotkeeperClient;
import com.lotkeeper.client.LotkeeperException;
import com.lotkeeper.client.Quantities;
import com.lotkeeper.client.Reason;
import com.lotkeeper.client.Watch;
import com.lotkeeper.inventory.v1.*;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Java's telling of the story that every client tells: a dairy, from an empty corner of a plant to its last drop. */
public final class Story {
  private static final int RECORDS = 12;
  private static final int RESUMED_AFTER = 5;

  private final LotkeeperClient client;
  private final String suffix;
  private final Consumer<String> out;
  private final String root;
  private final String milk;
  private final String butter;
  private final String silo;
  private final String store;
  private String consumeId;

  private Story(LotkeeperClient client, String suffix, Consumer<String> out) {
    this.client = client;
    this.suffix = "-" + suffix;
    this.out = out;
    root = "Story-" + suffix;
    milk = root + "/Milk";
    butter = root + "/Butter";
    silo = root + "/Silo";
    store = root + "/Store";
  }

  /**
   * Tells the story on the server of LOTKEEPER_ADDRESS.
   *
   * @param arguments the suffix of all names
   */
  public static void main(String[] arguments) {
    String suffix =
        arguments.length > 0 ? arguments[0] : UUID.randomUUID().toString().replace("-", "").substring(0, 12);
    PrintStream lines = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (LotkeeperClient client = LotkeeperClient.fromEnvironment()) {
      new Story(client, suffix, line -> lines.print(line + "\n")).run();
    }
  }

  private void tell(String text) {
    out.accept(text.replace(suffix, ""));
  }

  private void run() {
    units();
    materials();
    locations();
    operation();
    receive();
    consumeOnce();
    refusals();
    actions();
    startAndStop();
    batch();
    moveShipAndReverse();
    pages();
    watch();
    trace();
    totals();
    tidy();
  }

  private void units() {
    List<String> symbols =
        client.masterData().listUnitsOfMeasure(ListUnitsOfMeasureRequest.getDefaultInstance()).stream()
            .map(UnitOfMeasure::getSymbol)
            .collect(Collectors.toList());
    for (String[] unit : new String[][] {{"kilogram", "kg"}, {"litre", "L"}}) {
      if (!symbols.contains(unit[1])) {
        UnitOfMeasure made = UnitOfMeasure.newBuilder().setName(unit[0]).setSymbol(unit[1]).build();
        client.masterData().saveUnitOfMeasure(SaveUnitOfMeasureRequest.newBuilder().setUnitOfMeasure(made).build());
      }
    }
    tell("1 units: kg, L");
  }

  private void materials() {
    client
        .masterData()
        .saveMaterialClass(
            SaveMaterialClassRequest.newBuilder()
                .setMaterialClass(MaterialClass.newBuilder().setName(root))
                .build());
    for (String name : List.of("Milk", "Butter")) {
      Material material =
          Material.newBuilder().setName(name).setMaterialClassPath(root).setUnitOfMeasureSymbol("kg").build();
      SaveMaterialRequest request = SaveMaterialRequest.newBuilder().setMaterial(material).build();
      tell("2 material: " + client.masterData().saveMaterial(request).getMaterial().getPath());
    }
    UnitOfMeasureConversion conversion =
        UnitOfMeasureConversion.newBuilder()
            .setFromUnitSymbol("L")
            .setToUnitSymbol("kg")
            .setMaterialPath(milk)
            .setFactor(1.03)
            .build();
    client
        .masterData()
        .saveUnitOfMeasureConversion(
            SaveUnitOfMeasureConversionRequest.newBuilder().setUnitOfMeasureConversion(conversion).build());
    ConvertQuantityResponse kilograms =
        client
            .masterData()
            .convertQuantity(
                ConvertQuantityRequest.newBuilder()
                    .setExactQuantity(Quantities.exact(new BigDecimal("100")))
                    .setFromUnitOfMeasureSymbol("L")
                    .setToUnitOfMeasureSymbol("kg")
                    .setMaterialIdOrPath(milk)
                    .build());
    tell("2 conversion: 100 L of milk are " + kilograms.getExactQuantity().getValue() + " kg");
  }

  private void locations() {
    saveLocation(Location.newBuilder().setName(root).build());
    for (String name : List.of("Silo", "Store")) {
      tell("3 location: " + saveLocation(Location.newBuilder().setName(name).setParentPath(root).build()).getPath());
    }
  }

  private Location saveLocation(Location location) {
    SaveLocationRequest request = SaveLocationRequest.newBuilder().setLocation(location).build();
    return client.masterData().saveLocation(request).getLocation();
  }

  private void operation() {
    InventoryOperation operation =
        InventoryOperation.newBuilder()
            .setName("Consume" + suffix)
            .setOperationType(InventoryOperationType.INVENTORY_OPERATION_TYPE_CONSUME)
            .setSourceLocationPath(silo)
            .setMaterialPath(milk)
            .setUnitOfMeasureSymbol("kg")
            .setSecondaryMaterialPath(butter)
            .setPrimaryLotResolutionStrategy(LotResolutionStrategy.LOT_RESOLUTION_STRATEGY_MANUAL)
            .setSecondaryLotResolutionStrategy(LotResolutionStrategy.LOT_RESOLUTION_STRATEGY_MANUAL)
            .setCreateLotIfNotFound(true)
            .build();
    InventoryOperation saved = saveOperation(operation, null);
    consumeId = saved.getId();
    tell("4 operation: " + saved.getName() + " from " + saved.getSourceLocationPath());
  }

  private InventoryOperation saveOperation(InventoryOperation operation, String field) {
    SaveInventoryOperationRequest.Builder request =
        SaveInventoryOperationRequest.newBuilder().setInventoryOperation(operation);
    if (field != null) {
      request.setUpdateMask(FieldMask.newBuilder().addPaths(field));
    }
    return client.inventoryOperations().saveInventoryOperation(request.build()).getInventoryOperation();
  }

  private void receive() {
    for (String[] one : new String[][] {{"M-1", "1000.5", "kg"}, {"M-2", "100", "L"}}) {
      InventoryAction.Builder action =
          action(InventoryActionType.INVENTORY_ACTION_TYPE_RECEIVE, one[0], one[1], milk)
              .setUnitOfMeasureSymbol(one[2])
              .setDestinationLocationIdOrPath(silo)
              .setCreateLotIfNotFound(true);
      tell("5 " + movement(apply(action).get(0)));
    }
  }

  private static InventoryAction.Builder action(
      InventoryActionType type, String lot, String quantity, String material) {
    return InventoryAction.newBuilder()
        .setType(type)
        .setLotIdOrName(lot)
        .setExactQuantity(Quantities.exact(new BigDecimal(quantity)))
        .setMaterialIdOrPath(material);
  }

  private List<InventoryLotRecord> apply(InventoryAction.Builder... actions) {
    ExecuteInventoryActionsRequest.Builder request = ExecuteInventoryActionsRequest.newBuilder();
    for (InventoryAction.Builder action : actions) {
      request.addActions(action);
    }
    return client.inventory().executeInventoryActions(request.build()).getInventoryLotRecordsList();
  }

  private ExecuteInventoryOperationRequest.Builder consume(String lot, String quantity) {
    return ExecuteInventoryOperationRequest.newBuilder()
        .setInventoryOperationId(consumeId)
        .setPrimaryLotIdOrName(lot)
        .setExactQuantity(Quantities.exact(new BigDecimal(quantity)))
        .setSecondaryLotIdOrName("B-1");
  }

  private InventoryLotRecord execute(ExecuteInventoryOperationRequest.Builder request) {
    return client.inventoryOperations().executeInventoryOperation(request.build()).getInventoryLotRecord();
  }

  private void consumeOnce() {
    String requestId = UUID.randomUUID().toString();
    InventoryLotRecord first = execute(consume("M-1", "0.3").setRequestId(requestId));
    InventoryLotRecord again = execute(consume("M-1", "0.3").setRequestId(requestId));
    tell("6 " + movement(first));
    tell("6 the same record again: " + yes(first.getId().equals(again.getId())));
    LotkeeperException refused = refused(() -> execute(consume("M-1", "0.4").setRequestId(requestId)));
    tell("6 refused: " + refused.reason());
  }

  private void refusals() {
    LotkeeperException tooMuch = refused(() -> execute(consume("M-1", "5000.000001")));
    String said =
        Stream.of("available", "location", "lot", "requested", "unit")
            .map(key -> key + "=" + tooMuch.metadata().get(key))
            .collect(Collectors.joining(", "));
    tell("7 refused: " + tooMuch.reason() + " " + said);
    LotkeeperException malformed =
        refused(
            () -> execute(consume("M-1", "-1").clearSecondaryLotIdOrName().setRequestId("not ascii: \u00e9")));
    String fields =
        malformed.fieldViolations().stream().map(FieldViolation::field).sorted().collect(Collectors.joining(", "));
    tell("7 refused: " + malformed.reason() + " " + fields);
    GetLotRequest missing = GetLotRequest.newBuilder().setLotIdOrName("M-9").setMaterialIdOrPath(milk).build();
    tell("7 refused: " + refused(() -> client.inventory().getLot(missing)).reason());
  }

  private void actions() {
    InventoryAction.Builder consumed =
        action(InventoryActionType.INVENTORY_ACTION_TYPE_CONSUME, "M-1", "200", milk)
            .setSourceLocationIdOrPath(silo)
            .setSecondaryLotIdOrName("B-1")
            .setSecondaryMaterialIdOrPath(butter);
    InventoryAction.Builder produced =
        action(InventoryActionType.INVENTORY_ACTION_TYPE_PRODUCE, "B-1", "80.25", butter)
            .setDestinationLocationIdOrPath(store);
    apply(consumed, produced).forEach(record -> tell("8 " + movement(record)));
    InventoryAction.Builder one =
        action(InventoryActionType.INVENTORY_ACTION_TYPE_CONSUME, "M-1", "1", milk).setSourceLocationIdOrPath(silo);
    InventoryAction.Builder tooMuch =
        action(InventoryActionType.INVENTORY_ACTION_TYPE_CONSUME, "M-1", "99999", milk)
            .setSourceLocationIdOrPath(silo);
    LotkeeperException refused = refused(() -> apply(one, tooMuch));
    tell("8 refused: " + refused.reason() + " index=" + refused.index().getAsInt());
  }

  private void startAndStop() {
    StartInventoryOperationRequest start =
        StartInventoryOperationRequest.newBuilder()
            .setInventoryOperationId(consumeId)
            .setPrimaryLotIdOrName("M-1")
            .setSecondaryLotIdOrName("B-1")
            .build();
    InventoryLotRecord started = client.inventoryOperations().startInventoryOperation(start).getInventoryLotRecord();
    tell("9 started: " + started.getStatus());
    tell("9 refused: " + refused(() -> client.inventoryOperations().startInventoryOperation(start)).reason());
    StopInventoryOperationRequest stop =
        StopInventoryOperationRequest.newBuilder()
            .setInventoryOperationId(consumeId)
            .setExactQuantity(Quantities.exact(new BigDecimal("50")))
            .build();
    InventoryLotRecord stopped = client.inventoryOperations().stopInventoryOperation(stop).getInventoryLotRecord();
    tell("9 stopped: " + stopped.getStatus() + " " + movement(stopped));
    tell("9 the same record: " + yes(started.getId().equals(stopped.getId())));
  }

  private void batch() {
    BatchExecuteInventoryOperationsRequest request =
        BatchExecuteInventoryOperationsRequest.newBuilder()
            .addRequests(consume("M-1", "1.000001"))
            .addRequests(consume("M-1", "99999"))
            .addRequests(consume("M-2", "3"))
            .build();
    for (BatchExecuteResult result :
        client.inventoryOperations().batchExecuteInventoryOperations(request).getResultsList()) {
      if (result.hasStatus()) {
        tell("10 refused: " + LotkeeperException.of(result.getStatus()).reason());
      } else {
        tell("10 " + movement(result.getResponse().getInventoryLotRecord()));
      }
    }
  }

  private void moveShipAndReverse() {
    InventoryLotRecord moved =
        apply(
                action(InventoryActionType.INVENTORY_ACTION_TYPE_MOVE, "B-1", "10", butter)
                    .setSourceLocationIdOrPath(store)
                    .setDestinationLocationIdOrPath(silo))
            .get(0);
    InventoryLotRecord shipped =
        apply(
                action(InventoryActionType.INVENTORY_ACTION_TYPE_SHIP, "B-1", "30.25", butter)
                    .setSourceLocationIdOrPath(store))
            .get(0);
    InventoryLotRecord scrapped =
        apply(
                action(InventoryActionType.INVENTORY_ACTION_TYPE_SCRAP, "B-1", "5", butter)
                    .setSourceLocationIdOrPath(store))
            .get(0);
    ReverseInventoryLotRecordRequest reverse =
        ReverseInventoryLotRecordRequest.newBuilder().setInventoryLotRecordId(scrapped.getId()).build();
    InventoryLotRecord undone = client.inventory().reverseInventoryLotRecord(reverse).getInventoryLotRecord();
    for (InventoryLotRecord record : List.of(moved, shipped, scrapped, undone)) {
      tell("11 " + movement(record));
    }
    tell("11 reverses it: " + yes(undone.getReversesRecordId().equals(scrapped.getId())));
    tell("11 refused: " + refused(() -> client.inventory().reverseInventoryLotRecord(reverse)).reason());
  }

  private void pages() {
    ListInventoryLotRecordsRequest request =
        ListInventoryLotRecordsRequest.newBuilder()
            .setLocationIdOrPath(root)
            .setIncludeChildren(true)
            .setOldestFirst(true)
            .setPageSize(2)
            .build();
    List<InventoryLotRecord> records =
        client.inventory().listInventoryLotRecords(request).stream().collect(Collectors.toList());
    tell("12 records: " + types(records));
    ListInventoryRequest stock =
        ListInventoryRequest.newBuilder()
            .setLocationIdOrPath(root)
            .setIncludeChildren(true)
            .setPageSize(1)
            .build();
    tellSorted(
        "12 stock: ",
        client.inventory().listInventory(stock).stream()
            .map(
                row ->
                    row.getLocationPath() + " " + row.getInventoryLotName() + " " + row.getExactQuantity().getValue()
                        + " " + row.getUnitOfMeasureSymbol()));
  }

  private void watch() {
    List<String> tokens = new ArrayList<>();
    List<InventoryLotRecord> first = watched(watching().setFromBeginning(true), RECORDS, tokens);
    tell("13 watched: " + types(first));
    String token = tokens.get(RESUMED_AFTER - 1);
    List<InventoryLotRecord> resumed =
        watched(watching().setResumeToken(token), RECORDS - RESUMED_AFTER, new ArrayList<>());
    boolean same = ids(resumed).equals(ids(first.subList(RESUMED_AFTER, RECORDS)));
    tell("13 resumed after " + RESUMED_AFTER + ": " + resumed.size() + ", the same: " + yes(same));
  }

  private WatchInventoryLotRecordsRequest.Builder watching() {
    return WatchInventoryLotRecordsRequest.newBuilder().setLocationIdOrPath(root).setIncludeChildren(true);
  }

  private List<InventoryLotRecord> watched(
      WatchInventoryLotRecordsRequest.Builder request, int count, List<String> tokens) {
    List<InventoryLotRecord> records = new ArrayList<>();
    try (Watch<WatchInventoryLotRecordsResponse> messages =
        client.inventory().watchInventoryLotRecords(request.build())) {
      for (WatchInventoryLotRecordsResponse message : messages) {
        if (message.hasInventoryLotRecord()) {
          records.add(message.getInventoryLotRecord());
          tokens.add(message.getResumeToken());
          if (records.size() == count) {
            break;
          }
        }
      }
    }
    return records;
  }

  private void trace() {
    GetLotTraceGraphResponse graph =
        client
            .trace()
            .getLotTraceGraph(
                GetLotTraceGraphRequest.newBuilder()
                    .setLotIdOrName("B-1")
                    .setMaterialIdOrPath(butter)
                    .setDirection(TraceDirection.TRACE_DIRECTION_INPUT)
                    .build());
    Map<String, String> names = new HashMap<>();
    graph.getNodesList().forEach(node -> names.put(node.getInventoryLotId(), node.getInventoryLotName()));
    tellSorted(
        "14 trace: ",
        graph.getEdgesList().stream()
            .map(
                edge ->
                    names.get(edge.getFromInventoryLotId()) + " > " + names.get(edge.getToInventoryLotId()) + " "
                        + edge.getExactQuantity().getValue() + " " + edge.getUnitOfMeasureSymbol() + " in "
                        + edge.getRecordCount() + " records"));
    ListTerminalLotsRequest ends =
        ListTerminalLotsRequest.newBuilder()
            .setLotIdOrName("B-1")
            .setMaterialIdOrPath(butter)
            .setDirection(TraceDirection.TRACE_DIRECTION_INPUT)
            .build();
    tell(
        "14 ends: "
            + client.trace().listTerminalLots(ends).stream()
                .map(TraceNode::getInventoryLotName)
                .sorted()
                .collect(Collectors.joining(", ")));
  }

  private void totals() {
    SummarizeInventoryRequest request =
        SummarizeInventoryRequest.newBuilder()
            .addGroupBy(InventoryGroupBy.INVENTORY_GROUP_BY_MATERIAL)
            .setLocationIdOrPath(root)
            .setIncludeChildren(true)
            .build();
    tellSorted(
        "15 total: ",
        client.inventory().summarizeInventory(request).stream()
            .map(
                total ->
                    total.getMaterialPath() + " " + total.getExactQuantity().getValue() + " "
                        + total.getUnitOfMeasureSymbol() + " in " + total.getRows() + " rows"));
  }

  private void tidy() {
    for (String[] place : new String[][] {{silo, milk}, {silo, butter}, {store, butter}}) {
      InventoryAction.Builder scrapped =
          InventoryAction.newBuilder()
              .setType(InventoryActionType.INVENTORY_ACTION_TYPE_SCRAP_ALL)
              .setSourceLocationIdOrPath(place[0])
              .setMaterialIdOrPath(place[1]);
      tell("16 scrapped: " + apply(scrapped).size() + " records");
    }
    ListInventoryRequest left =
        ListInventoryRequest.newBuilder().setLocationIdOrPath(root).setIncludeChildren(true).build();
    tell("16 rows left: " + client.inventory().listInventory(left).stream().count());
    SaveLotRequest lot =
        SaveLotRequest.newBuilder().setLot(InventoryLot.newBuilder().setName("M-3").setMaterialPath(milk)).build();
    String lotId = client.inventory().saveLot(lot).getLot().getId();
    tell("16 refused: " + refused(() -> client.inventory().saveLot(lot)).reason());
    client.inventory().deleteLot(DeleteLotRequest.newBuilder().setLotIdOrName(lotId).build());
    tell("16 deleted: M-3");
    DeleteInventoryOperationRequest delete =
        DeleteInventoryOperationRequest.newBuilder().setInventoryOperationId(consumeId).build();
    LotkeeperException referenced = refused(() -> client.inventoryOperations().deleteInventoryOperation(delete));
    tell("16 refused: " + referenced.reason() + " entity=" + referenced.metadata().get("entity"));
    InventoryOperation disabled = InventoryOperation.newBuilder().setId(consumeId).setEnabled(false).build();
    tell("16 operation enabled: " + yes(saveOperation(disabled, "enabled").getEnabled()));
  }

  private void tellSorted(String start, Stream<String> lines) {
    lines.map(line -> line.replace(suffix, "")).sorted().forEach(line -> tell(start + line));
  }

  private static LotkeeperException refused(Runnable call) {
    try {
      call.run();
    } catch (LotkeeperException refused) {
      if (refused.reason() == Reason.NONE) {
        throw refused;
      }
      return refused;
    }
    throw new IllegalStateException("it was not refused");
  }

  private static String movement(InventoryLotRecord record) {
    return type(record) + " " + record.getInventoryLotName() + " " + record.getExactQuantity().getValue() + " "
        + record.getUnitOfMeasureSymbol() + " source " + record.getExactSourceQuantityChange().getValue()
        + " destination " + record.getExactDestinationQuantityChange().getValue();
  }

  private static String type(InventoryLotRecord record) {
    return record.getLotRecordType().name().replace("LOT_RECORD_TYPE_", "");
  }

  private static String types(List<InventoryLotRecord> records) {
    return records.size() + ", " + records.stream().map(Story::type).collect(Collectors.joining(" "));
  }

  private static List<String> ids(List<InventoryLotRecord> records) {
    return records.stream().map(InventoryLotRecord::getId).collect(Collectors.toList());
  }

  private static String yes(boolean isSo) {
    return isSo ? "yes" : "no";
  }
}
