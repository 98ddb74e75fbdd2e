package com.lotkeeper.client;

import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/** The attempts of one call, within its deadline. Not for several threads at a time. */
final class Attempts {
  private static final Set<Reason> NOTHING_WAS_DONE =
      Set.of(Reason.SHUTTING_DOWN, Reason.OVERLOADED, Reason.CONTENTION);
  private static final Set<Status.Code> REFUSED_FOR_NOW =
      Set.of(Status.Code.UNAVAILABLE, Status.Code.RESOURCE_EXHAUSTED, Status.Code.ABORTED);

  /** Of {@link System#nanoTime()}. */
  final long deadlineNanos;

  private final boolean repeatable;
  private final Retries retries;
  private int failed;
  private long backoffNanos;

  Attempts(Duration timeout, boolean repeatable, Retries retries) {
    this.deadlineNanos = System.nanoTime() + Retries.nanos(timeout);
    this.repeatable = repeatable;
    this.retries = retries;
    this.backoffNanos = retries.backoffFirst.toNanos();
  }

  /** How long this call may still take; 0 at the least. */
  long leftNanos() {
    return Math.max(deadlineNanos - System.nanoTime(), 0);
  }

  /** How long it may still take until a server is found. */
  long connectingNanos() {
    return retries.connectTimeout == null
        ? leftNanos()
        : Math.min(leftNanos(), Retries.nanos(retries.connectTimeout));
  }

  /**
   * How long to wait before the next attempt.
   *
   * @throws LotkeeperException the failure itself, if there is no other attempt
   */
  long pauseNanos(LotkeeperException failure) {
    boolean safe = repeatable && failure.code() == Status.Code.UNAVAILABLE;
    failed++;
    if (!(safe || nothingWasDone(failure)) || failed >= retries.attemptsMax) {
      throw failure;
    }
    long said = failure.retryDelay().map(Duration::toNanos).orElse(0L);
    long pause = (long) (Math.max(said, backoffNanos) * ThreadLocalRandom.current().nextDouble(0.5, 1.0));
    backoffNanos = Math.min(backoffNanos * 2, retries.backoffMax.toNanos());
    if (pause >= leftNanos()) {
      throw failure;
    }
    return pause;
  }

  /** Whether the server says that it refuses for now, and has done nothing. */
  static boolean nothingWasDone(LotkeeperException failure) {
    return NOTHING_WAS_DONE.contains(failure.reason()) && REFUSED_FOR_NOW.contains(failure.code());
  }
}
