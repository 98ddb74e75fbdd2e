package com.lotkeeper.client;

/** What has come of one attempt: an answer, or a failure. */
final class Outcome<R> {
  /** Null where it failed. */
  final R answer;
  /** Null where it was answered. */
  final LotkeeperException failure;
  /** Of a failure: whether there may be another attempt; none where no server took the call in time. */
  final boolean isFinal;

  private Outcome(R answer, LotkeeperException failure, boolean isFinal) {
    this.answer = answer;
    this.failure = failure;
    this.isFinal = isFinal;
  }

  static <R> Outcome<R> answered(R answer) {
    return new Outcome<>(answer, null, true);
  }

  static <R> Outcome<R> failed(LotkeeperException failure) {
    return new Outcome<>(null, failure, false);
  }

  static <R> Outcome<R> ended(LotkeeperException failure) {
    return new Outcome<>(null, failure, true);
  }
}
