package com.lotkeeper.examples;

import com.lotkeeper.client.LotkeeperClient;
import com.lotkeeper.client.LotkeeperException;
import com.lotkeeper.client.Quantities;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;

/** Java's program for {@code clients/crashes}: many executions by a client that coalesces, while its server is killed. */
public final class Crashes {
  private Crashes() {}

  /**
   * Makes the calls, and tells how each has ended.
   *
   * @param words operation id, calls, calls at a time, seconds of each, ms of the first, names of lots
   */
  public static void main(String[] words) throws InterruptedException {
    int calls = Integer.parseInt(words[1]);
    int inFlight = Integer.parseInt(words[2]);
    Duration timeout = Duration.ofNanos((long) (Double.parseDouble(words[3]) * 1e9));
    long firstMillis = Long.parseLong(words[4]);
    List<String> lots = List.of(words).subList(5, words.length);
    Semaphore free = new Semaphore(inFlight);
    try (LotkeeperClient client =
        LotkeeperClient.builder(System.getenv("LOTKEEPER_ADDRESS"))
            .token(System.getenv("LOTKEEPER_TOKEN"))
            .timeout(timeout)
            .coalesce()
            .build()) {
      for (int call = 0; call < calls; call++) {
        int number = call;
        free.acquire();
        ExecuteInventoryOperationRequest request =
            ExecuteInventoryOperationRequest.newBuilder()
                .setInventoryOperationId(words[0])
                .setPrimaryLotIdOrName(lots.get(number % lots.size()))
                .setExactQuantity(Quantities.exact(BigDecimal.ONE))
                .setStartDateMillis(firstMillis + number)
                .build();
        client
            .inventoryOperations()
            .executeInventoryOperationAsync(request)
            .whenComplete(
                (answer, failure) -> {
                  System.out.println(number + " " + told(answer, failure)); // a line at a time, and at once
                  free.release();
                });
      }
      free.acquire(inFlight);
    }
  }

  private static String told(ExecuteInventoryOperationResponse answer, Throwable failure) {
    if (failure == null) {
      return "record " + answer.getInventoryLotRecord().getId();
    }
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    if (!(cause instanceof LotkeeperException)) {
      return "crashed " + cause;
    }
    LotkeeperException refused = (LotkeeperException) cause;
    return "error " + refused.code() + " " + refused.reasonText();
  }
}
