package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import com.lotkeeper.inventory.v1.ListInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsResponse;
import java.math.BigDecimal;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that is killed with -9 under load, and comes back. */
@Timeout(150)
class RestartTest {
  private static final int KILLS = 2;

  /** Calls that never end, so many at a time, each told. */
  private static final class Callers implements AutoCloseable {
    final List<String> answered = new ArrayList<>();
    final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Semaphore places;
    private final int count;
    private final LotkeeperClient client;
    private final Plant plant;
    private volatile boolean over;

    Callers(LotkeeperClient client, Plant plant, int count) {
      this.client = client;
      this.plant = plant;
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
          .executeInventoryOperationAsync(plant.consume("F-1", "1"))
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

  private static Set<String> consumed(LotkeeperClient client) {
    ListInventoryLotRecordsRequest all = ListInventoryLotRecordsRequest.newBuilder().setPageSize(1_000).build();
    return client.inventory().listInventoryLotRecords(all).stream()
        .filter(record -> record.getExactSourceQuantityChange().getValue().startsWith("-"))
        .map(InventoryLotRecord::getId)
        .collect(Collectors.toSet());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyCallCountsOnceWhereverTheServerIsKilled(boolean coalesces, @TempDir Path folder) throws Exception {
    try (DurableServer server = new DurableServer(folder);
        LotkeeperClient plain = server.client()) {
      Plant plant = new Plant(plain);
      plant.receive("F-1", "1000000");
      ClientBuilder builder = LotkeeperClient.builder(server.address()).token(server.token).plaintext();
      List<String> answered;
      try (LotkeeperClient client = (coalesces ? builder.coalesce() : builder).build()) {
        Callers callers = new Callers(client, plant, 200);
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
      assertEquals(distinct, consumed(plain), "what was answered is what was written");
      assertEquals(0, plant.stock().compareTo(new BigDecimal(1_000_000 - answered.size())));
      assertTrue(server.ran("verify").length() > 0);
    }
  }

  @Test
  void aWatchLosesNothingAndDoublesNothingWhereverTheServerIsKilled(@TempDir Path folder) throws Exception {
    try (DurableServer server = new DurableServer(folder);
        LotkeeperClient client = server.client()) {
      Plant plant = new Plant(client);
      plant.receive("F-1", "1000000");
      List<String> seen = new ArrayList<>();
      AtomicReference<Throwable> fault = new AtomicReference<>();
      Watch<WatchInventoryLotRecordsResponse> watch =
          client
              .inventory()
              .watchInventoryLotRecords(WatchInventoryLotRecordsRequest.newBuilder().setFromBeginning(true).build());
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
      Callers callers = new Callers(client, plant, 20);
      for (int kill = 0; kill < KILLS; kill++) {
        callers.awaitMore(100);
        server.kill();
        server.start();
      }
      callers.awaitMore(100);
      callers.close();
      Set<String> written = consumed(client);
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
