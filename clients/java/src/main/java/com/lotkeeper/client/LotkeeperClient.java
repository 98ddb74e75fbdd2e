package com.lotkeeper.client;

import com.google.protobuf.Message;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import io.grpc.MethodDescriptor;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A client of Lotkeeper. Make one for a program, use it from all threads, and close it at the end.
 *
 * <pre>{@code
 * try (LotkeeperClient client = LotkeeperClient.builder("plant-1").token(token).build()) {
 *   InventoryLotRecord record = client.execute(consumeId, "MILK-0815", new BigDecimal("12.5"));
 * }
 * }</pre>
 *
 * <p>It has all methods of the contract, in groups, a group for each service. A call waits for a server that answers until its
 * deadline (30 s, retries included); reads, and calls that carry a request id, are repeated on UNAVAILABLE until then, and the
 * client makes a request id where the request has none. Calls throw {@link LotkeeperException}. The variants that end with
 * {@code Async} give a {@link CompletableFuture}, whose stages run on a thread of gRPC: give those that wait for something
 * else an executor of their own.
 */
public final class LotkeeperClient implements AutoCloseable {
  private final Calls calls;
  private final InventoryOperationMethods inventoryOperations;
  private final InventoryMethods inventory;
  private final MasterDataMethods masterData;
  private final TraceMethods trace;
  private final AuditMethods audit;
  private final AccessMethods access;

  LotkeeperClient(Calls calls) {
    this.calls = calls;
    inventoryOperations = new InventoryOperationMethods(calls);
    inventory = new InventoryMethods(calls);
    masterData = new MasterDataMethods(calls);
    trace = new TraceMethods(calls);
    audit = new AuditMethods(calls);
    access = new AccessMethods(calls);
  }

  /**
   * Begins a client of these addresses.
   *
   * @param addresses {@code HOST}, {@code HOST:PORT} or {@code [IPV6]:PORT}, the port 50051 where it is not given; several,
   *     also between commas, are of servers on one store and are called in turn, as are all addresses of a name; none for
   *     {@code LOTKEEPER_ADDRESS}, otherwise 127.0.0.1:50051
   * @return to be built
   */
  public static ClientBuilder builder(String... addresses) {
    return new ClientBuilder(addresses);
  }

  /**
   * A client of the server that the environment names: {@code LOTKEEPER_ADDRESS}, otherwise 127.0.0.1:50051, and the variables
   * that {@link ClientBuilder} reads.
   *
   * @return to be closed
   * @throws IllegalArgumentException where a variable has what cannot be used
   */
  public static LotkeeperClient fromEnvironment() {
    return ClientBuilder.ofEnvironment(System.getenv()).build();
  }

  /**
   * The same client with another deadline for its calls: {@code client.withTimeout(Duration.ofSeconds(2)).inventory()}. It
   * shares the connections; closing either closes both.
   *
   * @param timeout how long a call may take, retries included
   * @return a view, which costs nothing to make
   */
  public LotkeeperClient withTimeout(Duration timeout) {
    return new LotkeeperClient(calls.withTimeout(timeout));
  }

  /**
   * Runs an inventory operation, or stops it if it is running.
   *
   * @param inventoryOperationId ULID of the operation
   * @param lotIdOrName the primary lot; empty: the operation's strategy decides
   * @param quantity in the operation's unit, above zero, with six decimals at most
   * @return the record of the operation
   * @throws LotkeeperException the refusal or failure
   */
  public InventoryLotRecord execute(String inventoryOperationId, String lotIdOrName, BigDecimal quantity) {
    return inventoryOperations
        .executeInventoryOperation(execution(inventoryOperationId, lotIdOrName, quantity))
        .getInventoryLotRecord();
  }

  /**
   * As {@link #execute}, without waiting.
   *
   * @param inventoryOperationId ULID of the operation
   * @param lotIdOrName the primary lot; empty: the operation's strategy decides
   * @param quantity in the operation's unit, above zero, with six decimals at most
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ExecuteInventoryOperationResponse> executeAsync(
      String inventoryOperationId, String lotIdOrName, BigDecimal quantity) {
    return inventoryOperations.executeInventoryOperationAsync(
        execution(inventoryOperationId, lotIdOrName, quantity));
  }

  private static ExecuteInventoryOperationRequest execution(String operation, String lot, BigDecimal quantity) {
    return ExecuteInventoryOperationRequest.newBuilder()
        .setInventoryOperationId(operation)
        .setPrimaryLotIdOrName(lot)
        .setExactQuantity(Quantities.exact(quantity))
        .build();
  }

  /**
   * Inventory operations: run, read, saved, imported and exported.
   *
   * @return the methods of InventoryOperationService
   */
  public InventoryOperationMethods inventoryOperations() {
    return inventoryOperations;
  }

  /**
   * Lots, stock and history.
   *
   * @return the methods of InventoryService
   */
  public InventoryMethods inventory() {
    return inventory;
  }

  /**
   * Units, materials, locations, orders, and the plant as one document.
   *
   * @return the methods of MasterDataService
   */
  public MasterDataMethods masterData() {
    return masterData;
  }

  /**
   * Genealogy.
   *
   * @return the methods of TraceService
   */
  public TraceMethods trace() {
    return trace;
  }

  /**
   * Who did or tried what.
   *
   * @return the methods of AuditService
   */
  public AuditMethods audit() {
    return audit;
  }

  /**
   * Roles, tokens and grants.
   *
   * @return the methods of AccessService
   */
  public AccessMethods access() {
    return access;
  }

  /**
   * Calls any unary method, also one of a contract that is newer than this client, by the same rules.
   *
   * @param <Q> of requests
   * @param <R> of answers
   * @param method of the stubs: {@code InventoryServiceGrpc.getGetLotMethod()}
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request) {
    return calls.call(method, request);
  }

  /**
   * As {@link #call}, without waiting.
   *
   * @param <Q> of requests
   * @param <R> of answers
   * @param method of the stubs
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public <Q extends Message, R> CompletableFuture<R> callAsync(MethodDescriptor<Q, R> method, Q request) {
    return calls.callAsync(method, request);
  }

  /**
   * Closes the connections, and waits up to 5 s until they are gone. Calls that wait fail with {@link Reason#CLIENT_CLOSED}, as
   * do later ones; what was sent may have been done.
   */
  @Override
  public void close() {
    calls.close();
  }
}
