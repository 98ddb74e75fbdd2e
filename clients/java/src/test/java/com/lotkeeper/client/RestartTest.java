package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import com.lotkeeper.inventory.v1.ListInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is killed with -9 under load, and comes back. */
@Timeout(400)
class RestartTest {
  private static final int KILLS = 2;
  @TempDir static Path folder;
  private static DurableServer server;
  private static LotkeeperClient plain;
  private static Plant plant;

  @BeforeAll
  static void begin() throws Exception {
    server = new DurableServer(folder);
    plain = server.client();
    plant = new Plant(plain);
  }

  @AfterAll
  static void end() throws Exception {
    plain.close();
    server.close();
  }

  /** Calls that never end, so many at a time, each told. */
  private static final class Callers implements AutoCloseable {
    final List<String> answered = new ArrayList<>();
    final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Semaphore places;
    private final int count;
    private final LotkeeperClient client;
    private final String lot;
    private volatile boolean over;

    Callers(LotkeeperClient client, String lot, int count) {
      this.client = client;
      this.lot = lot;
      this.count = count;
      places = new Semaphore(0);
      for (int number = 0; number < count; number++) {
        next();
      }
    }

    private void next() {
      if (over || !failures.isEmpty()) {
        places.release();
        return;
      }
      client
          .withTimeout(Duration.ofSeconds(60))
          .inventoryOperations()
          .executeInventoryOperationAsync(plant.consume(lot, "1"))
          .whenCompleteAsync(this::ended);
    }

    private void ended(ExecuteInventoryOperationResponse answer, Throwable failure) {
      if (failure == null) {
        synchronized (answered) {
          answered.add(answer.getInventoryLotRecord().getId());
          answered.notifyAll();
        }
      } else {
        failures.add(failure);
      }
      next();
    }

    void awaitMore(int more) throws InterruptedException {
      synchronized (answered) {
        int enough = answered.size() + more;
        while (answered.size() < enough && failures.isEmpty()) {
          answered.wait(100);
        }
      }
    }

    @Override
    public void close() {
      over = true;
      places.acquireUninterruptibly(count);
    }
  }

  /** The records that took something of a lot. */
  private static Set<String> consumed(String lot) {
    ListInventoryLotRecordsRequest all =
        ListInventoryLotRecordsRequest.newBuilder()
            .setLotIdOrName(lot)
            .setMaterialIdOrPath("Flour")
            .setPageSize(1_000)
            .build();
    return plain.inventory().listInventoryLotRecords(all).stream()
        .filter(record -> record.getExactSourceQuantityChange().getValue().equals("-1"))
        .map(InventoryLotRecord::getId)
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyCallCountsOnceWhereverTheServerIsKilled(boolean coalesces) throws Exception {
    String lot = coalesces ? "together" : "alone";
    plant.receive(lot, "1000000");
    ClientBuilder builder = LotkeeperClient.builder(server.address()).token(server.token).plaintext();
    List<String> answered;
    try (LotkeeperClient client = (coalesces ? builder.coalesce() : builder).build()) {
      Callers callers = new Callers(client, lot, 200);
      for (int kill = 0; kill < KILLS; kill++) {
        callers.awaitMore(300);
        server.kill();
        server.start();
      }
      callers.awaitMore(300);
      callers.close();
      assertEquals(List.of(), List.copyOf(callers.failures));
      answered = callers.answered;
    }
    Set<String> distinct = new HashSet<>(answered);
    assertEquals(answered.size(), distinct.size(), "each answer is of a record of its own");
    assertEquals(distinct, consumed(lot), "what was answered is what was written");
    server.ran("verify"); // stock is the sum of the records
  }

  @Test
  void aWatchLosesNothingAndDoublesNothingWhereverTheServerIsKilled() throws Exception {
    plant.receive("watched", "1000000");
    WatchInventoryLotRecordsRequest request =
        WatchInventoryLotRecordsRequest.newBuilder()
            .setFromBeginning(true)
            .setLotIdOrName("watched")
            .setMaterialIdOrPath("Flour")
            .build();
    try (LotkeeperClient client = server.client();
        Watch<WatchInventoryLotRecordsResponse> watch = client.inventory().watchInventoryLotRecords(request)) {
      List<String> seen = new ArrayList<>();
      AtomicReference<Throwable> fault = new AtomicReference<>();
      Thread reader =
          new Thread(
              () -> {
                try {
                  for (WatchInventoryLotRecordsResponse message : watch) {
                    if (message.hasInventoryLotRecord()) {
                      synchronized (seen) {
                        seen.add(message.getInventoryLotRecord().getId());
                        seen.notifyAll();
                      }
                    }
                  }
                } catch (RuntimeException failure) {
                  fault.set(failure);
                }
              });
      reader.start();
      Callers callers = new Callers(client, "watched", 20);
      for (int kill = 0; kill < KILLS; kill++) {
        callers.awaitMore(100);
        server.kill();
        server.start();
      }
      callers.awaitMore(100);
      callers.close();
      assertEquals(List.of(), List.copyOf(callers.failures));
      Set<String> written = consumed("watched");
      synchronized (seen) {
        while (seen.size() < written.size() + 1 && fault.get() == null) {
          seen.wait(100);
        }
      }
      watch.close();
      reader.join();
      assertNull(fault.get());
      assertEquals(written.size() + 1, seen.size(), "and the receipt");
      assertTrue(new HashSet<>(seen).containsAll(written));
    }
  }
}
