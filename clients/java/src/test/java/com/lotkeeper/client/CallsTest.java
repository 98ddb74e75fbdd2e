package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.client.testing.LotkeeperServer;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExportFormat;
import com.lotkeeper.inventory.v1.ExportInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ImportInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ImportInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import com.lotkeeper.inventory.v1.ListInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.ListInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsResponse;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CallsTest {
  private static LotkeeperServer server;

  private LotkeeperClient client;
  private Plant plant;

  @BeforeAll
  static void begin(@TempDir Path folder) throws IOException {
    server = LotkeeperServer.start(Files.writeString(folder.resolve("empty.json"), "{}"));
  }

  @AfterAll
  static void end() {
    server.close();
  }

  @BeforeEach
  void beginAnew() {
    server.reset();
    client = server.client();
    plant = new Plant(client);
    plant.receive("F-1", "100");
  }

  @AfterEach
  void close() {
    client.close();
  }

  private static LotkeeperException refused(Runnable call) {
    return assertThrows(LotkeeperException.class, call::run);
  }

  @Test
  void anExecutionAnswersItsRecordWithExactQuantities() {
    InventoryLotRecord record = client.execute(plant.operationId, "F-1", new BigDecimal("0.000001"));

    assertEquals(new BigDecimal("-0.000001"), Quantities.decimal(record.getExactSourceQuantityChange()));
    assertEquals(32, record.getRequestId().length());
    assertEquals(new BigDecimal("99.999999"), plant.stock());
  }

  @Test
  void theSameRequestIdTakesEffectOnce() {
    ExecuteInventoryOperationRequest request = plant.consume("F-1", "1").toBuilder().setRequestId("line-4-17").build();
    String first =
        client.inventoryOperations().executeInventoryOperation(request).getInventoryLotRecord().getId();
    String again =
        client.inventoryOperations().executeInventoryOperation(request).getInventoryLotRecord().getId();

    assertEquals(first, again);
    assertEquals(0, plant.stock().compareTo(new BigDecimal("99")));
    ExecuteInventoryOperationRequest other = request.toBuilder().setQuantity(2).clearExactQuantity().build();
    LotkeeperException reused = refused(() -> client.inventoryOperations().executeInventoryOperation(other));
    assertEquals(Reason.REQUEST_ID_REUSED, reused.reason());
  }

  @Test
  void aRefusalSaysItsReasonAndTheValues() {
    LotkeeperException refused = refused(() -> client.execute(plant.operationId, "F-1", new BigDecimal("101")));

    assertEquals(Reason.INSUFFICIENT_INVENTORY, refused.reason());
    assertEquals(Status.Code.FAILED_PRECONDITION, refused.code());
    assertEquals("100", refused.metadata().get("available"));
    assertEquals("F-1", refused.metadata().get("lot"));
    assertTrue(refused.retryDelay().isEmpty());
    assertTrue(refused.getMessage().startsWith("INSUFFICIENT_INVENTORY: "), refused::getMessage);
    String here = StackWalker.getInstance().walk(frames -> frames.findFirst().orElseThrow().getMethodName());
    assertTrue(List.of(refused.getStackTrace()).toString().contains(here), "the stack is the caller's");
  }

  @Test
  void everyWrongFieldIsNamed() {
    ExecuteInventoryOperationRequest wrong =
        plant.consume("F-1", "-1").toBuilder().setRequestId("not ascii: \u00e9").build();
    LotkeeperException refused = refused(() -> client.inventoryOperations().executeInventoryOperation(wrong));

    assertEquals(Reason.INVALID_ARGUMENT, refused.reason());
    assertEquals(
        List.of("exact_quantity", "request_id"),
        refused.fieldViolations().stream().map(FieldViolation::field).sorted().collect(Collectors.toList()));
    FieldViolation ofQuantity =
        refused.fieldViolations().stream().filter(one -> one.field().equals("exact_quantity")).findFirst().orElseThrow();
    assertEquals("MALFORMED", ofQuantity.reason());
  }

  @Test
  void eachRequestOfABatchIsRefusedForItself() {
    BatchExecuteInventoryOperationsRequest.Builder batch =
        BatchExecuteInventoryOperationsRequest.newBuilder()
            .addRequests(plant.consume("F-1", "1"))
            .addRequests(plant.consume("F-9", "1"));
    BatchExecuteInventoryOperationsResponse answer =
        client.inventoryOperations().batchExecuteInventoryOperations(batch.build());

    assertTrue(answer.getResults(0).hasResponse());
    assertEquals(Reason.LOT_NOT_FOUND, LotkeeperException.of(answer.getResults(1).getStatus()).reason());
    LotkeeperException all =
        refused(
            () -> client.inventoryOperations().batchExecuteInventoryOperations(batch.setAllOrNothing(true).build()));
    assertEquals(1, all.index().getAsInt());
  }

  @Test
  void anAsynchronousCallFailsWithTheSameException() throws Exception {
    assertEquals(
        "F-1",
        client
            .executeAsync(plant.operationId, "F-1", BigDecimal.ONE)
            .get()
            .getInventoryLotRecord()
            .getInventoryLotName());
    CompletableFuture<?> wrong = client.executeAsync(plant.operationId, "F-9", BigDecimal.ONE);
    ExecutionException failed = assertThrows(ExecutionException.class, wrong::get);
    assertEquals(Reason.LOT_NOT_FOUND, ((LotkeeperException) failed.getCause()).reason());
  }

  @Test
  void aListIsReadPageByPage() {
    for (int number = 0; number < 4; number++) {
      client.execute(plant.operationId, "F-1", BigDecimal.ONE);
    }
    ListInventoryLotRecordsRequest request =
        ListInventoryLotRecordsRequest.newBuilder().setPageSize(2).setOldestFirst(true).build();
    Pages<InventoryLotRecord> pages = client.inventory().listInventoryLotRecords(request);
    List<String> once = pages.stream().map(InventoryLotRecord::getId).collect(Collectors.toList());

    assertEquals(5, once.stream().distinct().count());
    assertEquals(once, pages.stream().map(InventoryLotRecord::getId).collect(Collectors.toList()));
    assertEquals(2, client.inventory().listInventoryLotRecordsPage(request).getInventoryLotRecordsCount());
  }

  @Test
  void aWatchGoesOnAfterATokenAndEndsWhenItIsClosed() throws Exception {
    String token = "";
    WatchInventoryLotRecordsRequest fromBeginning =
        WatchInventoryLotRecordsRequest.newBuilder().setFromBeginning(true).build();
    try (Watch<WatchInventoryLotRecordsResponse> watch = client.inventory().watchInventoryLotRecords(fromBeginning)) {
      for (WatchInventoryLotRecordsResponse message : watch) {
        if (message.hasInventoryLotRecord()) {
          token = message.getResumeToken();
          break;
        }
      }
      assertThrows(IllegalStateException.class, watch::iterator);
    }
    client.execute(plant.operationId, "F-1", BigDecimal.ONE);
    WatchInventoryLotRecordsRequest after = fromBeginning.toBuilder().setResumeToken(token).build();
    try (Watch<WatchInventoryLotRecordsResponse> watch = client.inventory().watchInventoryLotRecords(after)) {
      var messages = watch.stream().filter(WatchInventoryLotRecordsResponse::hasInventoryLotRecord).iterator();
      assertEquals("-1", messages.next().getInventoryLotRecord().getExactSourceQuantityChange().getValue());
      CountDownLatch ended = new CountDownLatch(1);
      Thread reader =
          new Thread(
              () -> {
                if (!messages.hasNext()) {
                  ended.countDown();
                }
              });
      reader.start();
      watch.close();
      assertTrue(ended.await(20, TimeUnit.SECONDS));
      reader.join();
    }
  }

  @Test
  void aWatchThatIsRefusedSaysSo() {
    WatchInventoryLotRecordsRequest wrong =
        WatchInventoryLotRecordsRequest.newBuilder().setLotIdOrName("F-9").setMaterialIdOrPath("Flour").build();
    try (Watch<WatchInventoryLotRecordsResponse> watch = client.inventory().watchInventoryLotRecords(wrong)) {
      assertEquals(Reason.LOT_NOT_FOUND, refused(() -> watch.iterator().hasNext()).reason());
    }
  }

  @Test
  void anExportIsReadAndImportedAgain() throws IOException {
    ExportInventoryOperationsRequest csv =
        ExportInventoryOperationsRequest.newBuilder().setFormat(ExportFormat.EXPORT_FORMAT_CSV).build();
    byte[] file;
    try (InputStream export = client.inventoryOperations().exportInventoryOperations(csv)) {
      file = export.readAllBytes();
    }
    ImportInventoryOperationsRequest first =
        ImportInventoryOperationsRequest.newBuilder().setFormat(ExportFormat.EXPORT_FORMAT_CSV).build();
    ImportInventoryOperationsResponse done =
        client.inventoryOperations().importInventoryOperations(first, new ByteArrayInputStream(file));
    assertEquals(1, done.getUnchanged());

    byte[] large = new byte[1_000_000];
    java.util.Arrays.fill(large, (byte) '\n');
    System.arraycopy(file, 0, large, 0, file.length);
    assertEquals(
        1,
        client
            .inventoryOperations()
            .importInventoryOperations(first.toBuilder().setFormat(ExportFormat.EXPORT_FORMAT_CSV).build(),
                new ByteArrayInputStream(java.util.Arrays.copyOf(large, file.length + 50_000)))
            .getUnchanged());
    try (InputStream again = client.inventoryOperations().exportInventoryOperations(csv)) {
      byte[] bytes = new byte[file.length];
      for (int place = 0; place < bytes.length; place++) {
        bytes[place] = (byte) again.read();
      }
      assertEquals(-1, again.read());
      assertArrayEquals(file, bytes);
    }
    ExportInventoryOperationsRequest none = ExportInventoryOperationsRequest.getDefaultInstance();
    try (InputStream refusedExport = client.inventoryOperations().exportInventoryOperations(none)) {
      assertEquals(Reason.INVALID_ARGUMENT, refused(() -> readOne(refusedExport)).reason());
    }
    ImportInventoryOperationsRequest unsaid = ImportInventoryOperationsRequest.getDefaultInstance();
    InputStream endless = new ByteArrayInputStream(new byte[20_000_000]);
    LotkeeperException refused =
        refused(() -> uncheckedImport(unsaid, endless));
    assertEquals(Reason.INVALID_ARGUMENT, refused.reason());
  }

  private void uncheckedImport(ImportInventoryOperationsRequest first, InputStream data) {
    try {
      client.inventoryOperations().importInventoryOperations(first, data);
    } catch (IOException fault) {
      throw new IllegalStateException(fault);
    }
  }

  private static void readOne(InputStream stream) {
    try {
      stream.read();
    } catch (IOException fault) {
      throw new IllegalStateException(fault);
    }
  }

  @Test
  void theClockOfATestsServerIsItsOwn() {
    Instant moment = Instant.parse("2030-01-02T03:04:05Z");
    server.setClock(moment);
    InventoryLotRecord record = client.execute(plant.operationId, "F-1", BigDecimal.ONE);
    assertEquals(moment, Moments.instant(record.getEndDate()));
    server.advanceClock(Duration.ofDays(1));
    InventoryLotRecord later = client.execute(plant.operationId, "F-1", BigDecimal.ONE);
    assertEquals(moment.plus(Duration.ofDays(1)), Moments.instant(later.getEndDate()));
    server.letClockGo();
  }

  @Test
  void aWrongTokenIsRefusedAtOnce() {
    try (LotkeeperClient other = LotkeeperClient.builder(server.address()).token("lk_wrong").plaintext().build()) {
      assertEquals(Reason.UNAUTHENTICATED, refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE)).reason());
    }
  }

  @Test
  void whereNoTokenIsGivenTheRefusalSaysHowToGiveOne() {
    try (LotkeeperClient other =
        new ClientBuilder(server.address()).environment(Map.of("XDG_STATE_HOME", "/none")).build()) {
      LotkeeperException refused = refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE));
      assertEquals(Reason.UNAUTHENTICATED, refused.reason());
      assertTrue(refused.getMessage().contains("LOTKEEPER_TOKEN"), refused::getMessage);
    }
  }

  @Test
  void aTokenIsAskedForAtEachCall() {
    AtomicReference<String> token = new AtomicReference<>("lk_wrong");
    try (LotkeeperClient other =
        LotkeeperClient.builder(server.address()).tokenSource(token::get).plaintext().build()) {
      refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE));
      token.set(server.token());
      other.execute(plant.operationId, "F-1", BigDecimal.ONE);
      token.set(null);
      LotkeeperException none = refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE));
      assertEquals(Status.Code.UNAUTHENTICATED, none.code());
    }
  }

  @Test
  void whereNobodyListensTheDeadlineEndsTheCallAndSaysWhere() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (LotkeeperClient other =
        LotkeeperClient.builder("127.0.0.1:" + port).plaintext().timeout(Duration.ofMillis(700)).build()) {
      long begun = System.nanoTime();
      LotkeeperException failed = refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE));
      assertEquals(Status.Code.UNAVAILABLE, failed.code());
      assertTrue(failed.getMessage().contains("no server answers on 127.0.0.1:" + port), failed::getMessage);
      assertTrue(System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(300));
    }
  }

  @Test
  void ofSeveralAddressesThoseWhereNobodyListensAreLeftOut() throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (LotkeeperClient other =
        LotkeeperClient.builder("127.0.0.1:" + port, server.address()).token(server.token()).plaintext().build()) {
      for (int number = 0; number < 20; number++) {
        other.withTimeout(Duration.ofSeconds(20)).execute(plant.operationId, "F-1", BigDecimal.ONE);
      }
    }
    assertEquals(0, plant.stock().compareTo(new BigDecimal("80")));
  }

  @Test
  void afterCloseEveryCallIsRefused() {
    LotkeeperClient other = server.client();
    Watch<WatchInventoryLotRecordsResponse> watch =
        other.inventory().watchInventoryLotRecords(WatchInventoryLotRecordsRequest.getDefaultInstance());
    assertTrue(watch.iterator().hasNext());
    other.close();
    other.close();
    assertEquals(Reason.CLIENT_CLOSED, refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE)).reason());
    Pages<?> pages =
        other.inventoryOperations().listInventoryOperations(ListInventoryOperationsRequest.getDefaultInstance());
    assertEquals(Reason.CLIENT_CLOSED, refused(() -> pages.iterator().hasNext()).reason());
  }

  @Test
  void aCallThatWaitsEndsWhenTheClientIsClosed() throws Exception {
    try (ServerSocket silent = new ServerSocket(0)) {
      LotkeeperClient other = LotkeeperClient.builder("127.0.0.1:" + silent.getLocalPort()).plaintext().build();
      CompletableFuture<?> waiting = other.executeAsync(plant.operationId, "F-1", BigDecimal.ONE);
      silent.accept();
      assertFalse(waiting.isDone());
      other.close();
      ExecutionException failed =
          assertThrows(ExecutionException.class, () -> waiting.get(20, TimeUnit.SECONDS));
      assertEquals(Reason.CLIENT_CLOSED, ((LotkeeperException) failed.getCause()).reason());
    }
  }

  @Test
  void anInterruptedThreadEndsItsCall() throws Exception {
    try (ServerSocket silent = new ServerSocket(0);
        LotkeeperClient other = LotkeeperClient.builder("127.0.0.1:" + silent.getLocalPort()).plaintext().build()) {
      AtomicReference<LotkeeperException> thrown = new AtomicReference<>();
      AtomicReference<Boolean> flag = new AtomicReference<>(false);
      Thread caller =
          new Thread(
              () -> {
                thrown.set(refused(() -> other.execute(plant.operationId, "F-1", BigDecimal.ONE)));
                flag.set(Thread.currentThread().isInterrupted());
              });
      caller.start();
      silent.accept();
      caller.interrupt();
      caller.join();
      assertEquals(Status.Code.CANCELLED, thrown.get().code());
      assertTrue(flag.get(), "the thread stays interrupted");
    }
  }
}
