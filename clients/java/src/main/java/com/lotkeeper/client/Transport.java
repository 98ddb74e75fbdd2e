package com.lotkeeper.client;

import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Sends calls, and repeats them where that is safe. */
final class Transport implements AutoCloseable {
  private final Retries retries;
  private final Connections connections;
  private final CallOptions options;
  private final boolean usesTls;
  private final Pauses pauses = new Pauses();

  Transport(Connecting connecting) {
    retries = connecting.retries;
    usesTls = connecting.usesTls();
    connections = new Connections(connecting);
    options = CallOptions.DEFAULT.withCallCredentials(connecting.token);
  }

  Connections connections() {
    return connections;
  }

  boolean usesTls() {
    return usesTls;
  }

  Pauses pauses() {
    return pauses;
  }

  /** What every call has. */
  CallOptions options() {
    return options;
  }

  /** The failure of a call; where no token was given, with how to give one. */
  LotkeeperException told(LotkeeperException failure) {
    if (failure.reason() != Reason.UNAUTHENTICATED || options.getCredentials() instanceof BearerToken) {
      return failure;
    }
    String hint = " No token was given: give token(), or set " + BearerToken.TOKEN + ".";
    return failure.saying(failure.refusal() + hint, failure.fieldViolations());
  }

  boolean isClosed() {
    return pauses.isClosed();
  }

  /** The attempts of a call that begins now. */
  Attempts attempts(Duration timeout, boolean repeatable) {
    return new Attempts(timeout, repeatable, retries);
  }

  /** Makes a call once, as soon as a server takes it. */
  <Q, R> Attempt<Q, R> attempt(MethodDescriptor<Q, R> method, Q request, Attempts attempts) {
    Attempt<Q, R> attempt = new Attempt<>(this, method, request, attempts);
    attempt.start();
    return attempt;
  }

  /** Makes a call that has begun, and repeats it where that is safe; to cancel the future ends the call. */
  <Q, R> CompletableFuture<R> repeated(MethodDescriptor<Q, R> method, Q request, Attempts attempts) {
    Repeating<Q, R> repeating = new Repeating<>(method, request, attempts);
    repeating.again();
    return repeating;
  }

  @Override
  public void close() {
    pauses.close();
    connections.close();
  }

  private final class Repeating<Q, R> extends Answering<R> {
    private final MethodDescriptor<Q, R> method;
    private final Q request;
    private final Attempts attempts;

    Repeating(MethodDescriptor<Q, R> method, Q request, Attempts attempts) {
      this.method = method;
      this.request = request;
      this.attempts = attempts;
    }

    void again() {
      if (isDone()) {
        return;
      }
      Attempt<Q, R> attempt = new Attempt<>(Transport.this, method, request, attempts);
      endsWith(attempt::giveUp);
      attempt.thenAccept(this::came);
      attempt.start();
    }

    private void came(Outcome<R> outcome) {
      if (outcome.failure == null) {
        complete(outcome.answer);
      } else if (outcome.isFinal) {
        completeExceptionally(outcome.failure);
      } else {
        againAfter(Transport.this, attempts, outcome.failure, this::again);
      }
    }
  }
}
