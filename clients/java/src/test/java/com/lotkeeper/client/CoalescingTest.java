package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.client.testing.LotkeeperServer;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import java.math.BigDecimal;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CoalescingTest {
  /** Notes which methods are called. */
  private static final class Seen implements ClientInterceptor {
    final Queue<String> methods = new ConcurrentLinkedQueue<>();

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      methods.add(method.getBareMethodName());
      return next.newCall(method, options);
    }

    long count(String method) {
      return methods.stream().filter(method::equals).count();
    }
  }

  private static LotkeeperServer emptyServer(Path folder) throws Exception {
    return LotkeeperServer.start(Files.writeString(folder.resolve("empty.json"), "{}"));
  }

  private static LotkeeperException failure(CompletableFuture<?> call) {
    return (LotkeeperException) assertThrows(ExecutionException.class, call::get).getCause();
  }

  @Test
  void thoseThatWaitTogetherTravelTogetherEachWithItsOwnAnswer(@TempDir Path folder) throws Exception {
    Seen seen = new Seen();
    try (LotkeeperServer server = emptyServer(folder);
        LotkeeperClient client = server.clientBuilder().coalesce().intercept(seen).build()) {
      Plant plant = new Plant(client);
      plant.receive("F-1", "1000");
      seen.methods.clear();
      List<CompletableFuture<ExecuteInventoryOperationResponse>> calls = new ArrayList<>();
      for (int number = 0; number < 300; number++) {
        ExecuteInventoryOperationRequest request = plant.consume("F-1", "0.00" + (number % 9 + 1));
        if (number % 10 == 3) {
          request = plant.consume("F-9", "1");
        } else if (number % 10 == 7) {
          request = plant.consume("F-1", "-1");
        }
        calls.add(client.inventoryOperations().executeInventoryOperationAsync(request));
      }
      for (int number = 0; number < 300; number++) {
        CompletableFuture<ExecuteInventoryOperationResponse> call = calls.get(number);
        if (number % 10 == 3) {
          assertEquals(Reason.LOT_NOT_FOUND, failure(call).reason());
        } else if (number % 10 == 7) {
          LotkeeperException refused = failure(call);
          assertEquals("exact_quantity", refused.fieldViolations().get(0).field());
          assertFalse(refused.refusal().contains("requests["), refused::refusal);
        } else {
          String quantity = call.get().getInventoryLotRecord().getExactQuantity().getValue();
          assertEquals("0.00" + (number % 9 + 1), quantity);
        }
      }
      assertTrue(seen.count("BatchExecuteInventoryOperations") >= 1, seen.methods::toString);
      assertTrue(seen.methods.size() < 60, seen.methods::toString);
    }
  }

  @Test
  void oneAloneGoesAtOnceAndDryRunsAlwaysDo(@TempDir Path folder) throws Exception {
    Seen seen = new Seen();
    try (LotkeeperServer server = emptyServer(folder);
        LotkeeperClient client = server.clientBuilder().coalesce().intercept(seen).build()) {
      Plant plant = new Plant(client);
      plant.receive("F-1", "1000");
      seen.methods.clear();
      client.execute(plant.operationId, "F-1", BigDecimal.ONE);
      client.execute(plant.operationId, "F-1", BigDecimal.ONE);
      List<CompletableFuture<?>> dry = new ArrayList<>();
      for (int number = 0; number < 10; number++) {
        dry.add(
            client
                .inventoryOperations()
                .executeInventoryOperationAsync(
                    plant.consume("F-1", "1").toBuilder().setValidateOnly(true).build()));
      }
      for (CompletableFuture<?> one : dry) {
        one.get();
      }
      assertEquals(12, seen.count("ExecuteInventoryOperation"));
      assertEquals(12, seen.methods.size());
    }
  }

  @Test
  void eachEndsAtItsOwnDeadlineAndACancelledOneIsNotWaitedFor() throws Exception {
    try (ServerSocket silent = new ServerSocket(0);
        LotkeeperClient client =
            LotkeeperClient.builder("127.0.0.1:" + silent.getLocalPort()).plaintext().coalesce().build()) {
      List<CompletableFuture<?>> patient = new ArrayList<>();
      for (int number = 0; number < 5; number++) {
        patient.add(client.executeAsync("x", "F-1", BigDecimal.ONE));
      }
      long begun = System.nanoTime();
      CompletableFuture<?> hasty =
          client.withTimeout(Duration.ofMillis(300)).executeAsync("x", "F-1", BigDecimal.ONE);
      assertEquals(io.grpc.Status.Code.DEADLINE_EXCEEDED, failure(hasty).code());
      assertTrue(Duration.ofNanos(System.nanoTime() - begun).toSeconds() < 10);
      patient.forEach(one -> assertFalse(one.isDone()));
      patient.forEach(one -> assertTrue(one.cancel(true)));
    }
  }
}
