package com.lotkeeper.client;

import java.time.Duration;

/** How far a client goes to get an answer, besides the deadline of each call, which always counts. */
final class Retries {
  static final Duration BACKOFF_FIRST = Duration.ofMillis(50);
  static final Duration BACKOFF_MAX = Duration.ofSeconds(2);
  /** Between two attempts to connect. */
  static final Duration CONNECT_PAUSE = Duration.ofMillis(200);

  /** How often a call is sent at most. */
  final int attemptsMax;
  /** How long a call waits for a server before it is sent; null: to its deadline. */
  final Duration connectTimeout;
  final Duration backoffFirst;
  final Duration backoffMax;

  Retries(int attemptsMax, Duration connectTimeout, Duration backoffFirst, Duration backoffMax) {
    if (attemptsMax < 1) {
      throw new IllegalArgumentException("attemptsMax must be 1 or more");
    }
    this.attemptsMax = attemptsMax;
    this.connectTimeout = connectTimeout == null ? null : positive("connectTimeout", connectTimeout);
    this.backoffFirst = positive("the first backoff", backoffFirst);
    this.backoffMax = backoffMax;
    if (backoffFirst.compareTo(backoffMax) > 0) {
      throw new IllegalArgumentException("the first backoff must be at most the longest one");
    }
  }

  static Duration positive(String name, Duration given) {
    if (given.isNegative() || given.isZero()) {
      throw new IllegalArgumentException(name + " must be above 0");
    }
    return given;
  }

  /** Nanoseconds, without an overflow for durations of centuries. */
  static long nanos(Duration duration) {
    return duration.getSeconds() >= Long.MAX_VALUE / 4_000_000_000L ? Long.MAX_VALUE / 4 : duration.toNanos();
  }
}
