package com.lotkeeper.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One call of a method that answers with a stream, read message by message: a slow reader holds back the server. */
final class Reading<Q, R> implements AutoCloseable {
  private static final Object END = new Object();

  private final Transport transport;
  private final Connection connection;
  private final ClientCall<Q, R> call;
  private final SentTracer tracer = new SentTracer();
  private final BlockingQueue<Object> came = new LinkedBlockingQueue<>(); // two at most: one is asked for at a time
  private volatile Status status;
  private volatile Metadata trailers;
  private Object taken; // of the one thread that reads

  /**
   * Begins the call.
   *
   * @param deadlineNanos of {@link System#nanoTime()}; null for none
   */
  Reading(Transport transport, MethodDescriptor<Q, R> method, Q request, Long deadlineNanos) {
    this.transport = transport;
    connection = transport.connections().next();
    CallOptions options = transport.options().withStreamTracerFactory(tracer);
    if (deadlineNanos != null) {
      options = options.withDeadlineAfter(Math.max(deadlineNanos - System.nanoTime(), 0), TimeUnit.NANOSECONDS);
    }
    call = connection.channel().newCall(method, options);
    call.start(new Listener(), new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
  }

  /** Whether it has reached a connection. */
  boolean wasSent() {
    return tracer.isSent();
  }

  /** Waits for the next message or the end; false after that time. Does not take it. */
  boolean awaits(long nanos) throws InterruptedException {
    Object first = came.poll(nanos, TimeUnit.NANOSECONDS);
    if (first == null) {
      return false;
    }
    taken = first;
    return true;
  }

  /**
   * What {@link #awaits} has waited for.
   *
   * @return null at the end of the stream
   * @throws LotkeeperException where it has failed
   */
  @SuppressWarnings("unchecked")
  R take() {
    Object message = taken;
    taken = null;
    if (message != END) {
      connection.isBack();
      call.request(1);
      return (R) message;
    }
    if (transport.isClosed()) {
      throw LotkeeperException.closed();
    }
    if (status.isOk()) {
      return null;
    }
    LotkeeperException failure = transport.told(StatusReading.read(StatusReading.ofNetwork(status), trailers));
    if (failure.code() == Status.Code.UNAVAILABLE) {
      connection.isAway();
      connection.hurry();
      String lasting = Unreachable.lastingFault(status, connection.address, !transport.usesTls() && !wasSent());
      if (lasting != null) {
        throw Unreachable.noCall(connection.address, lasting, failure);
      }
    }
    throw failure;
  }

  /** The failure of a stream that should have heartbeats, but brought nothing for so long. */
  LotkeeperException silent(long seconds) {
    connection.isAway();
    String text = "nothing came from " + connection.address + " for " + seconds + " s";
    return LotkeeperException.failure(Status.Code.UNAVAILABLE, text, null);
  }

  @Override
  public void close() {
    call.cancel("given up", null);
  }

  private final class Listener extends ClientCall.Listener<R> {
    @Override
    public void onMessage(R message) {
      came.add(message);
    }

    @Override
    public void onClose(Status ended, Metadata metadata) {
      trailers = metadata;
      status = ended;
      came.add(END);
    }
  }
}
