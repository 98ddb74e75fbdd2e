package com.lotkeeper.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Sends a call once, as soon as a server takes it; completes with what came of that, never with an exception. */
final class Attempt<Q, R> extends CompletableFuture<Outcome<R>> {
  /** So long one address is tried while there are others. */
  private static final long AMONG_OTHERS_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Transport transport;
  private final MethodDescriptor<Q, R> method;
  private final Q request;
  private final Attempts attempts;
  private final long connectDeadlineNanos;
  private volatile boolean cancelled;
  private volatile ClientCall<Q, R> call;
  private volatile Pauses.Pause pause;
  private int lastingFaults;
  private int looked;

  Attempt(Transport transport, MethodDescriptor<Q, R> method, Q request, Attempts attempts) {
    this.transport = transport;
    this.method = method;
    this.request = request;
    this.attempts = attempts;
    this.connectDeadlineNanos = System.nanoTime() + attempts.connectingNanos();
  }

  /** Sends it. */
  void start() {
    if (cancelled || transport.isClosed()) {
      complete(Outcome.ended(LotkeeperException.closed()));
      return;
    }
    Connection connection = transport.connections().next();
    SentTracer tracer = new SentTracer();
    CallOptions options =
        transport
            .options()
            .withDeadlineAfter(attempts.leftNanos(), TimeUnit.NANOSECONDS)
            .withStreamTracerFactory(tracer);
    ClientCall<Q, R> started = connection.channel().newCall(method, options);
    call = started;
    Listener listener = new Listener(connection, tracer, started);
    listener.giveUpLater();
    started.start(listener, new Metadata());
    started.request(2); // a second message would be a fault, which gRPC then tells
    started.sendMessage(request);
    started.halfClose();
    if (cancelled) {
      started.cancel("given up", null);
    }
  }

  /** Nobody waits for it any more. */
  void giveUp() {
    cancelled = true;
    ClientCall<Q, R> started = call;
    if (started != null) {
      started.cancel("given up", null);
    }
    Pauses.Pause waited = pause;
    if (waited != null) {
      waited.run();
    }
  }

  private void startAgain(long nanos) {
    pause = transport.pauses().after(nanos, this::start);
  }

  private final class Listener extends ClientCall.Listener<R> {
    private final Connection connection;
    private final SentTracer tracer;
    private final ClientCall<Q, R> started;
    private Pauses.Pause patience;
    private volatile boolean gaveUp;
    private R answer;

    Listener(Connection connection, SentTracer tracer, ClientCall<Q, R> started) {
      this.connection = connection;
      this.tracer = tracer;
      this.started = started;
    }

    /** Ends it where nobody takes it in time, and there is something else to do than to wait for its deadline. */
    void giveUpLater() {
      boolean several = transport.connections().areSeveral();
      if (!several && connectDeadlineNanos >= attempts.deadlineNanos) {
        return;
      }
      long left = Math.max(connectDeadlineNanos - System.nanoTime(), 0);
      patience = transport.pauses().after(several ? Math.min(left, AMONG_OTHERS_NANOS) : left, this::giveUpUnsent);
    }

    private void giveUpUnsent() {
      if (!tracer.isSent()) {
        gaveUp = true;
        started.cancel("nobody took the call", null);
      }
    }

    @Override
    public void onMessage(R message) {
      answer = message;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (patience != null) {
        patience.cancel();
      }
      if (status.isOk() && answer != null) {
        connection.isBack();
        complete(Outcome.answered(answer));
      } else if (transport.isClosed()) {
        complete(Outcome.ended(LotkeeperException.closed()));
      } else if (status.isOk()) {
        LotkeeperException none = LotkeeperException.failure(Status.Code.INTERNAL, "the answer has no message", null);
        complete(Outcome.failed(none));
      } else {
        failed(StatusReading.ofNetwork(status), trailers);
      }
    }

    private void failed(Status status, Metadata trailers) {
      Status.Code code = gaveUp ? Status.Code.UNAVAILABLE : status.getCode();
      LotkeeperException failure =
          gaveUp
              ? LotkeeperException.failure(code, "nobody took the call", status.asRuntimeException())
              : transport.told(StatusReading.read(status, trailers));
      boolean nobody = code == Status.Code.UNAVAILABLE || code == Status.Code.DEADLINE_EXCEEDED;
      if (nobody && failure.reason() == Reason.NONE) {
        connection.isAway();
      } else {
        connection.isBack();
      }
      String lasting = code == Status.Code.UNAVAILABLE ? lastingFault(status) : null;
      if (lasting != null && ++lastingFaults >= transport.connections().size()) {
        complete(Outcome.ended(Unreachable.noCall(connection.address, lasting, failure.getCause())));
      } else if (nobody && !tracer.isSent()) {
        seekAnother(code, status, failure);
      } else {
        complete(Outcome.failed(failure));
      }
    }

    private String lastingFault(Status status) {
      boolean looks = !transport.usesTls() && !tracer.isSent() && ++looked <= transport.connections().size();
      return Unreachable.lastingFault(status, connection.address, looks);
    }

    private void seekAnother(Status.Code code, Status status, LotkeeperException failure) {
      connection.hurry();
      long nanos = transport.connections().hasOthersThan(connection) ? 0 : Retries.CONNECT_PAUSE.toNanos();
      if (code == Status.Code.DEADLINE_EXCEEDED || connectDeadlineNanos - System.nanoTime() <= nanos) {
        String said = Unreachable.said(status, transport.usesTls());
        String addresses = transport.connections().addresses();
        complete(Outcome.ended(Unreachable.nobodyAnswers(addresses, said, failure.getCause())));
      } else {
        startAgain(nanos);
      }
    }
  }
}
