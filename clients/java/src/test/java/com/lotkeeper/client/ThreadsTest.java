package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.lotkeeper.client.testing.LotkeeperServer;
import com.lotkeeper.inventory.v1.ListPermissionsRequest;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ThreadsTest {
  private static Set<String> ofTheClient() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> name.startsWith("grpc") || name.startsWith("lotkeeper"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** gRPC keeps what its channels share for a second after the last one. */
  @Test
  @Timeout(60)
  void afterTheLastClientNoThreadIsLeft() throws Exception {
    try (LotkeeperServer server = LotkeeperServer.start();
        LotkeeperClient client = server.clientBuilder().coalesce().build()) {
      CompletableFuture<?> one =
          client.inventoryOperations().listPermissionsAsync(ListPermissionsRequest.getDefaultInstance());
      one.get();
      assertEquals(false, ofTheClient().isEmpty());
    }
    while (!ofTheClient().isEmpty()) {
      Thread.sleep(50);
    }
    assertEquals(Set.of(), ofTheClient());
  }
}
