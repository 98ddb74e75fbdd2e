package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.InventoryOperationServiceGrpc;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** While an execution is under way, those that come wait, and then travel together; one alone goes at once. */
final class Coalescing {
  /** Who has waited so long for the answer of others goes without it: one call that hangs shall not keep all. */
  private static final long HELD_UP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final int REQUESTS_MAX = 1_000;
  private static final int HALVED_FROM = 64;
  private static final int MANY = 32;
  private static final int BYTES_MAX = 1 << 20;

  private final Transport transport;
  private final Deque<Execution> waiting = new ArrayDeque<>();
  /** How many are on their way, in how many batches. */
  private int travelling;

  private int batches;
  private Pauses.Pause heldUp;

  Coalescing(Transport transport) {
    this.transport = transport;
  }

  /** The answer to a request that has a request id. */
  CompletableFuture<ExecuteInventoryOperationResponse> execute(
      ExecuteInventoryOperationRequest request, Duration timeout) {
    Execution execution = new Execution(this, transport, request, transport.attempts(timeout, true));
    submit(execution);
    return execution;
  }

  void submit(Execution execution) {
    if (execution.isDone()) {
      return;
    }
    Batch batch = null;
    synchronized (this) {
      if (travelling == 0) {
        batch = begun(Collections.singletonList(execution));
      } else {
        waiting.add(execution);
        execution.waits();
        if (batches == 1 && areEnough(travelling)) {
          batch = taken();
        } else if (heldUp == null) {
          heldUp = transport.pauses().after(HELD_UP_NANOS, this::holdUpNoMore);
        }
      }
    }
    send(batch);
  }

  /** Once nobody waits for a batch any more, it is not waited for either. */
  void leave(Execution execution) {
    Batch given = null;
    synchronized (this) {
      if (!waiting.remove(execution) && execution.batch != null && --execution.batch.waitedFor == 0) {
        given = execution.batch;
      }
    }
    if (given != null) {
      given.attempt.giveUp();
    }
  }

  private void holdUpNoMore() {
    Batch batch;
    synchronized (this) {
      heldUp = null;
      batch = waiting.isEmpty() ? null : taken();
    }
    send(batch);
  }

  /**
   * Whether those that wait go beside a batch that is on its way: the server then has one while another returns. Both are
   * of one size: each costs the server a transaction, so that it does not pay to send a few ahead.
   */
  private boolean areEnough(int underWay) {
    return waiting.size() >= underWay && underWay >= MANY;
  }

  /** After a batch of so many: takes those that wait. */
  private List<Batch> handOver(int arrived) {
    List<Batch> next = new ArrayList<>(2);
    synchronized (this) {
      batches--;
      int left = travelling - arrived;
      if (!waiting.isEmpty() && (left < MANY || areEnough(left))) {
        next.add(taken());
      }
      travelling -= arrived;
      if (batches == 1 && areEnough(travelling)) {
        next.add(taken());
      }
    }
    return next;
  }

  /** Takes out as many as travel in one batch: where many wait half of all, so that the server always has something to do. */
  private Batch taken() {
    int most = Math.min(Math.max((waiting.size() + travelling + 1) / 2, HALVED_FROM), REQUESTS_MAX);
    List<Execution> executions = new ArrayList<>();
    int bytes = 0;
    while (!waiting.isEmpty() && executions.size() < most) {
      bytes += waiting.peek().request.getSerializedSize();
      if (!executions.isEmpty() && bytes > BYTES_MAX) {
        break;
      }
      executions.add(waiting.remove());
    }
    if (heldUp != null) {
      heldUp.cancel();
      heldUp = null;
    }
    if (!waiting.isEmpty()) {
      heldUp = transport.pauses().after(HELD_UP_NANOS, this::holdUpNoMore);
    }
    return begun(executions);
  }

  private Batch begun(List<Execution> executions) {
    travelling += executions.size();
    batches++;
    Batch batch = new Batch(executions);
    for (Execution execution : executions) {
      execution.batch = batch;
    }
    return batch;
  }

  private void send(Batch batch) {
    if (batch != null) {
      batch.send();
    }
  }

  /** What travels together. */
  final class Batch {
    private final List<Execution> executions;
    private int waitedFor;
    private Attempt<?, ?> attempt;

    Batch(List<Execution> executions) {
      this.executions = executions;
      this.waitedFor = executions.size();
      Attempts attempts = Collections.max(executions, Comparator.comparing(one -> one.attempts.leftNanos())).attempts;
      if (executions.size() == 1) {
        alone(executions.get(0));
      } else {
        together(attempts);
      }
    }

    private void alone(Execution execution) {
      Attempt<ExecuteInventoryOperationRequest, ExecuteInventoryOperationResponse> sent =
          new Attempt<>(
              transport,
              InventoryOperationServiceGrpc.getExecuteInventoryOperationMethod(),
              execution.request,
              execution.attempts);
      attempt = sent;
      sent.thenAccept(
          outcome -> {
            arrived();
            execution.cameAlone(outcome);
          });
    }

    private void together(Attempts attempts) {
      BatchExecuteInventoryOperationsRequest.Builder requests = BatchExecuteInventoryOperationsRequest.newBuilder();
      executions.forEach(one -> requests.addRequests(one.request));
      Attempt<BatchExecuteInventoryOperationsRequest, BatchExecuteInventoryOperationsResponse> sent =
          new Attempt<>(
              transport,
              InventoryOperationServiceGrpc.getBatchExecuteInventoryOperationsMethod(),
              requests.build(),
              attempts);
      attempt = sent;
      sent.thenAccept(
          outcome -> {
            arrived();
            for (int index = 0; index < executions.size(); index++) {
              executions.get(index).cameTogether(outcome, index, executions.size());
            }
          });
    }

    private void arrived() {
      synchronized (Coalescing.this) {
        executions.forEach(one -> one.batch = null);
      }
      handOver(executions.size()).forEach(Batch::send);
    }

    void send() {
      attempt.start();
    }
  }
}
