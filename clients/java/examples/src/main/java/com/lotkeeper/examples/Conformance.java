package com.lotkeeper.examples;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.lotkeeper.client.ClientBuilder;
import com.lotkeeper.client.FieldViolation;
import com.lotkeeper.client.LotkeeperClient;
import com.lotkeeper.client.LotkeeperException;
import com.lotkeeper.client.Quantities;
import com.lotkeeper.client.Watch;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.BatchExecuteResult;
import com.lotkeeper.inventory.v1.ExecuteInventoryActionsRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.GetUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.InventoryAction;
import com.lotkeeper.inventory.v1.InventoryActionType;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import com.lotkeeper.inventory.v1.ListUnitsOfMeasureRequest;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.UnitOfMeasure;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Java's program for the conformance suite: does what each line of its input says, and tells what came of it. */
public final class Conformance {
  private final LotkeeperClient client;
  private final JsonObject arguments;
  private final JsonObject value = new JsonObject();

  private Conformance(LotkeeperClient client, JsonObject arguments) {
    this.client = client;
    this.arguments = arguments;
  }

  /**
   * Reads orders, and writes what came out.
   *
   * @param none not read
   * @throws IOException where standard input cannot be read
   */
  public static void main(String[] none) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Gson gson = new Gson().newBuilder().serializeNulls().create();
    warmUp();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonObject order = JsonParser.parseString(line).getAsJsonObject();
      JsonObject told;
      try {
        told = outcome(order);
      } catch (RuntimeException fault) {
        fault.printStackTrace();
        told = new JsonObject();
        told.addProperty("crashed", fault.toString());
      }
      told.add("scenario", order.get("scenario"));
      out.print(gson.toJson(told) + "\n");
      out.flush();
    }
  }

  /** A call that nobody takes: loading classes takes seconds on a busy machine, and would count as the first call's. */
  private static void warmUp() {
    try (LotkeeperClient client =
        LotkeeperClient.builder("127.0.0.1:1").plaintext().connectTimeout(Duration.ofMillis(100)).build()) {
      client.execute("", "", BigDecimal.ONE);
    } catch (LotkeeperException nobodyAnswers) {
      return;
    }
  }

  private static JsonObject outcome(JsonObject order) {
    String what = order.get("do").getAsString();
    ClientBuilder builder = LotkeeperClient.builder(order.get("address").getAsString());
    if (order.has("token_file")) {
      Path file = Path.of(order.get("token_file").getAsString());
      builder.tokenSource(() -> read(file));
    } else {
      builder.token(order.get("token").getAsString());
    }
    if (order.has("ca_file")) {
      builder.caFile(Path.of(order.get("ca_file").getAsString()));
    } else {
      builder.plaintext();
    }
    if (order.has("timeout_seconds")) {
      builder.timeout(Duration.ofNanos((long) (order.get("timeout_seconds").getAsDouble() * 1e9)));
    }
    if (what.equals("coalesced")) {
      builder.coalesce();
    }
    JsonObject told = new JsonObject();
    try (LotkeeperClient client = builder.build()) {
      Conformance program = new Conformance(client, order.getAsJsonObject("arguments"));
      try {
        if (!program.done(what)) {
          told.addProperty("skipped", "this program does not know " + what);
          return told;
        }
      } catch (LotkeeperException refused) {
        told.add("error", error(refused));
      }
      told.add("value", program.value);
    }
    return told;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  private boolean done(String what) {
    switch (what) {
      case "execute":
        record(value, client.inventoryOperations().executeInventoryOperation(execution(arguments)));
        return true;
      case "sequence":
        sequence();
        return true;
      case "coalesced":
        coalesced();
        return true;
      case "batch":
        batch();
        return true;
      case "actions":
        actions();
        return true;
      case "save_unit":
        UnitOfMeasure unit = UnitOfMeasure.newBuilder().setName(text("name")).setSymbol(text("symbol")).build();
        SaveUnitOfMeasureRequest save = SaveUnitOfMeasureRequest.newBuilder().setUnitOfMeasure(unit).build();
        value.addProperty("id", client.masterData().saveUnitOfMeasure(save).getUnitOfMeasure().getId());
        return true;
      case "get_unit":
        GetUnitOfMeasureRequest get =
            GetUnitOfMeasureRequest.newBuilder().setUnitOfMeasureIdOrName(text("name")).build();
        value.addProperty("id", client.masterData().getUnitOfMeasure(get).getUnitOfMeasure().getId());
        return true;
      case "list_units":
        listUnits();
        return true;
      case "watch":
        watch();
        return true;
      default:
        return false;
    }
  }

  private String text(String name) {
    return arguments.get(name).getAsString();
  }

  private List<ExecuteInventoryOperationRequest> executions() {
    List<ExecuteInventoryOperationRequest> requests = new ArrayList<>();
    arguments.getAsJsonArray("executions").forEach(one -> requests.add(execution(one.getAsJsonObject())));
    return requests;
  }

  private static ExecuteInventoryOperationRequest execution(JsonObject one) {
    ExecuteInventoryOperationRequest.Builder request =
        ExecuteInventoryOperationRequest.newBuilder()
            .setInventoryOperationId(one.get("operation_id").getAsString())
            .setPrimaryLotIdOrName(one.get("lot").getAsString())
            .setExactQuantity(Quantities.exact(new BigDecimal(one.get("quantity").getAsString())));
    JsonElement requestId = one.get("request_id");
    if (requestId != null && !requestId.isJsonNull()) {
      request.setRequestId(requestId.getAsString());
    }
    return request.build();
  }

  private void sequence() {
    JsonArray results = new JsonArray();
    for (ExecuteInventoryOperationRequest request : executions()) {
      JsonObject result = new JsonObject();
      try {
        record(result, client.inventoryOperations().executeInventoryOperation(request));
      } catch (LotkeeperException refused) {
        result.add("error", error(refused));
      }
      results.add(result);
    }
    value.add("results", results);
  }

  private void coalesced() {
    List<CompletableFuture<ExecuteInventoryOperationResponse>> begun = new ArrayList<>();
    for (ExecuteInventoryOperationRequest request : executions()) {
      begun.add(client.inventoryOperations().executeInventoryOperationAsync(request));
    }
    JsonArray results = new JsonArray();
    for (CompletableFuture<ExecuteInventoryOperationResponse> one : begun) {
      JsonObject result = new JsonObject();
      try {
        record(result, one.join());
      } catch (CompletionException failed) {
        result.add("error", error((LotkeeperException) failed.getCause()));
      }
      results.add(result);
    }
    value.add("results", results);
  }

  private void batch() {
    BatchExecuteInventoryOperationsRequest request =
        BatchExecuteInventoryOperationsRequest.newBuilder().addAllRequests(executions()).build();
    JsonArray results = new JsonArray();
    for (BatchExecuteResult one :
        client.inventoryOperations().batchExecuteInventoryOperations(request).getResultsList()) {
      JsonObject result = new JsonObject();
      if (one.hasStatus()) {
        result.add("error", error(LotkeeperException.of(one.getStatus())));
      } else {
        record(result, one.getResponse());
      }
      results.add(result);
    }
    value.add("results", results);
  }

  private void actions() {
    ExecuteInventoryActionsRequest.Builder request = ExecuteInventoryActionsRequest.newBuilder();
    for (JsonElement element : arguments.getAsJsonArray("actions")) {
      JsonObject one = element.getAsJsonObject();
      request.addActions(
          InventoryAction.newBuilder()
              .setType(InventoryActionType.INVENTORY_ACTION_TYPE_CONSUME)
              .setLotIdOrName(one.get("lot").getAsString())
              .setMaterialIdOrPath(one.get("material").getAsString())
              .setExactQuantity(Quantities.exact(new BigDecimal(one.get("quantity").getAsString())))
              .setSourceLocationIdOrPath(one.get("source").getAsString()));
    }
    JsonArray ids = new JsonArray();
    for (InventoryLotRecord record :
        client.inventory().executeInventoryActions(request.build()).getInventoryLotRecordsList()) {
      ids.add(record.getId());
    }
    value.add("records", ids);
  }

  private void listUnits() {
    JsonArray names = new JsonArray();
    value.add("names", names);
    ListUnitsOfMeasureRequest.Builder request = ListUnitsOfMeasureRequest.newBuilder();
    if (arguments.has("page_size")) {
      request.setPageSize(arguments.get("page_size").getAsInt());
    }
    for (UnitOfMeasure unit : client.masterData().listUnitsOfMeasure(request.build())) {
      names.add(unit.getName());
    }
  }

  private void watch() {
    JsonArray ids = new JsonArray();
    value.add("records", ids);
    WatchInventoryLotRecordsRequest.Builder request = WatchInventoryLotRecordsRequest.newBuilder();
    if (arguments.has("from_beginning")) {
      request.setFromBeginning(arguments.get("from_beginning").getAsBoolean());
    }
    if (arguments.has("resume_token") && !arguments.get("resume_token").isJsonNull()) {
      request.setResumeToken(text("resume_token"));
    }
    int count = arguments.get("count").getAsInt();
    try (Watch<WatchInventoryLotRecordsResponse> messages =
        client.inventory().watchInventoryLotRecords(request.build())) {
      for (WatchInventoryLotRecordsResponse message : messages) {
        value.addProperty("resume_token", message.getResumeToken());
        if (message.hasInventoryLotRecord()) {
          ids.add(message.getInventoryLotRecord().getId());
        }
        if (ids.size() == count) {
          break;
        }
      }
    }
  }

  private static void record(JsonObject told, ExecuteInventoryOperationResponse answer) {
    told.addProperty("record", answer.getInventoryLotRecord().getId());
    told.addProperty("quantity", answer.getInventoryLotRecord().getExactQuantity().getValue());
  }

  private static JsonObject error(LotkeeperException refused) {
    JsonObject told = new JsonObject();
    told.addProperty("code", refused.code().name());
    told.addProperty("reason", refused.reasonText());
    told.addProperty("message", refused.refusal());
    JsonObject metadata = new JsonObject();
    refused.metadata().forEach(metadata::addProperty);
    told.add("metadata", metadata);
    JsonArray fields = new JsonArray();
    for (FieldViolation violation : refused.fieldViolations()) {
      JsonObject field = new JsonObject();
      field.addProperty("field", violation.field());
      field.addProperty("description", violation.description());
      field.addProperty("reason", violation.reason());
      fields.add(field);
    }
    told.add("fields", fields);
    told.addProperty("retry_after_seconds", refused.retryDelay().map(delay -> delay.toNanos() / 1e9).orElse(null));
    return told;
  }
}
