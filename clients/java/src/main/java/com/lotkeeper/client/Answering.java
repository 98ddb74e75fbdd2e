package com.lotkeeper.client;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** What an asynchronous call gives: to cancel it ends the call. */
class Answering<R> extends CompletableFuture<R> {
  private volatile Runnable ending = () -> {};

  /** What is to be done where nobody waits any more. */
  final void endsWith(Runnable work) {
    ending = work;
    if (isCancelled()) {
      work.run();
    }
  }

  /** Another attempt after a pause, or the failure where there is none. */
  final void againAfter(Transport transport, Attempts attempts, LotkeeperException failure, Runnable again) {
    long pause;
    try {
      pause = attempts.pauseNanos(failure);
    } catch (LotkeeperException last) {
      completeExceptionally(last);
      return;
    }
    Pauses.Pause waiting = transport.pauses().after(pause, again);
    endsWith(waiting::cancel);
  }

  @Override
  public boolean cancel(boolean mayInterrupt) {
    boolean done = super.cancel(mayInterrupt);
    ending.run();
    return done;
  }

  /**
   * Waits for the answer.
   *
   * @throws LotkeeperException what it failed with; CANCELLED where the thread was interrupted, which ends the call
   */
  static <R> R await(CompletableFuture<R> answer) {
    try {
      return answer.get();
    } catch (InterruptedException interrupted) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw LotkeeperException.failure(
          io.grpc.Status.Code.CANCELLED, "the thread that waited was interrupted", interrupted);
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof LotkeeperException) {
        throw ((LotkeeperException) failed.getCause()).thrownAgain();
      }
      throw new IllegalStateException(failed.getCause());
    }
  }
}
