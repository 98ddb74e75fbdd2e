package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.BatchExecuteResult;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.InventoryOperationServiceGrpc;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;

/** A request that may wait for others, with its own deadline, attempts and answer. */
final class Execution extends Answering<ExecuteInventoryOperationResponse> {
  /** What keeps a whole batch from the server is an answer to each; what a batch is refused with otherwise is to none. */
  private static final Set<Status.Code> OF_ALL =
      Set.of(
          Status.Code.UNAVAILABLE,
          Status.Code.UNAUTHENTICATED,
          Status.Code.PERMISSION_DENIED,
          Status.Code.CANCELLED,
          Status.Code.DEADLINE_EXCEEDED);

  final ExecuteInventoryOperationRequest request;
  final Attempts attempts;
  /** With which it travels; guarded by the coalescing. */
  Coalescing.Batch batch;

  private final Coalescing coalescing;
  private final Transport transport;
  private boolean isTimed;

  Execution(
      Coalescing coalescing, Transport transport, ExecuteInventoryOperationRequest request, Attempts attempts) {
    this.coalescing = coalescing;
    this.transport = transport;
    this.request = request;
    this.attempts = attempts;
    endsWith(() -> coalescing.leave(this));
  }

  /** From now on its deadline is its own affair, not that of a call. */
  void waits() {
    endsWith(() -> coalescing.leave(this));
    if (!isTimed) {
      isTimed = true;
      Pauses.Pause deadline = transport.pauses().after(attempts.leftNanos(), this::letGo);
      whenComplete((answer, failure) -> deadline.cancel());
    }
  }

  private void letGo() {
    LotkeeperException failure =
        transport.isClosed()
            ? LotkeeperException.closed()
            : LotkeeperException.failure(Status.Code.DEADLINE_EXCEEDED, "Deadline Exceeded", null);
    if (completeExceptionally(failure)) {
      coalescing.leave(this);
    }
  }

  void cameAlone(Outcome<ExecuteInventoryOperationResponse> outcome) {
    if (outcome.failure == null) {
      complete(outcome.answer);
    } else {
      failed(outcome.failure, outcome.isFinal);
    }
  }

  void cameTogether(Outcome<BatchExecuteInventoryOperationsResponse> outcome, int index, int count) {
    if (isDone()) {
      return;
    }
    if (outcome.failure != null) {
      LotkeeperException failure = outcome.failure;
      if (outcome.isFinal || OF_ALL.contains(failure.code()) || Attempts.nothingWasDone(failure)) {
        failed(failure, outcome.isFinal);
      } else {
        goAlone();
      }
    } else if (outcome.answer.getResultsCount() != count) {
      String text = "the server answered " + outcome.answer.getResultsCount() + " of " + count + " requests";
      failed(LotkeeperException.failure(Status.Code.INTERNAL, text, null), true);
    } else {
      came(outcome.answer.getResults(index), index);
    }
  }

  private void came(BatchExecuteResult result, int index) {
    if (!result.hasStatus()) {
      complete(result.getResponse());
      return;
    }
    LotkeeperException refused = LotkeeperException.of(result.getStatus());
    if (refused.reason() == Reason.TOO_MANY_RECORDS) { // which may be those of the others
      goAlone();
    } else {
      failed(asOfOne(refused, index), false);
    }
  }

  private void failed(LotkeeperException failure, boolean isFinal) {
    if (isFinal) {
      completeExceptionally(failure);
    } else {
      againAfter(transport, attempts, failure, () -> coalescing.submit(this));
    }
  }

  private void goAlone() {
    CompletableFuture<ExecuteInventoryOperationResponse> alone =
        transport.repeated(
            InventoryOperationServiceGrpc.getExecuteInventoryOperationMethod(), request, attempts);
    endsWith(() -> alone.cancel(true));
    alone.whenComplete(
        (answer, failure) -> {
          if (failure == null) {
            complete(answer);
          } else {
            completeExceptionally(failure);
          }
        });
  }

  /** The refusal in the words of a single call: a batch's names fields by their place in it. */
  private static LotkeeperException asOfOne(LotkeeperException refused, int index) {
    String place = "requests[" + index + "].";
    List<FieldViolation> violations = new ArrayList<>();
    for (FieldViolation one : refused.fieldViolations()) {
      String field = one.field().startsWith(place) ? one.field().substring(place.length()) : one.field();
      violations.add(new FieldViolation(field, one.reason(), one.description()));
    }
    String words = refused.refusal().replaceAll("(^|; )" + Pattern.quote(place), "$1");
    return refused.saying(words, violations);
  }
}
