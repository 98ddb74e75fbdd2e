package com.lotkeeper.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The messages of a watch, which goes on after a loss of the connection or the server, each message once. */
final class Following<Q extends Message, R extends Message> implements Iterator<R> {
  /** After so long without a message the connection counts as lost: there is a heartbeat at least every 10 s. */
  private static final long SILENCE_SECONDS = 30;

  private static final String RESUME_TOKEN = "resume_token";
  private static final Set<Status.Code> BROKEN_OFF = Set.of(Status.Code.UNKNOWN, Status.Code.INTERNAL);

  private final Transport transport;
  private final MethodDescriptor<Q, R> method;
  private final long connectDeadlineNanos;
  private Q request;
  private R next;
  private boolean begun;
  private long backoffNanos = Retries.BACKOFF_FIRST.toNanos();
  private volatile boolean closed;
  private volatile Reading<Q, R> reading;
  private volatile CountDownLatch pause = new CountDownLatch(0);

  Following(Transport transport, MethodDescriptor<Q, R> method, Q request, Duration connectTimeout) {
    this.transport = transport;
    this.method = method;
    this.request = request;
    this.connectDeadlineNanos = System.nanoTime() + transport.attempts(connectTimeout, true).connectingNanos();
  }

  void close() {
    closed = true;
    pause.countDown();
    Reading<Q, R> current = reading;
    if (current != null) {
      current.close();
    }
  }

  @Override
  public R next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    R message = next;
    next = null;
    return message;
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null && !closed) {
        if (transport.isClosed()) {
          throw LotkeeperException.closed();
        }
        step();
      }
      return next != null;
    } catch (InterruptedException interrupted) {
      close();
      Thread.currentThread().interrupt();
      throw LotkeeperException.failure(Status.Code.CANCELLED, "the thread that waited was interrupted", interrupted);
    }
  }

  /** Waits for a message, or until it is time to call again. */
  private void step() throws InterruptedException {
    if (reading == null) {
      reading = new Reading<>(transport, method, request, null);
    }
    Reading<Q, R> current = reading;
    if (closed) {
      current.close();
      return;
    }
    long pauseNanos;
    try {
      R message = awaited(current);
      if (message != null) {
        came(message);
        return;
      }
      pauseNanos = backoff();
    } catch (LotkeeperException failure) {
      if (closed) {
        return;
      }
      pauseNanos = pauseAfter(failure, current.wasSent());
    }
    current.close();
    reading = null;
    waitFor(pauseNanos);
  }

  /** The next message; null where the server has ended the stream. */
  private R awaited(Reading<Q, R> current) throws InterruptedException {
    long silence = TimeUnit.SECONDS.toNanos(SILENCE_SECONDS);
    long connecting = Math.max(connectDeadlineNanos - System.nanoTime(), 0);
    if (!begun && !current.wasSent() && connecting < silence) {
      if (current.awaits(connecting)) {
        return current.take();
      }
      if (!current.wasSent()) {
        throw Unreachable.nobodyAnswers(transport.connections().addresses(), "nobody took the call", null);
      }
    }
    if (!current.awaits(silence)) {
      throw current.silent(SILENCE_SECONDS);
    }
    return current.take();
  }

  private void came(R message) {
    begun = true;
    backoffNanos = Retries.BACKOFF_FIRST.toNanos();
    FieldDescriptor said = message.getDescriptorForType().findFieldByName(RESUME_TOKEN);
    FieldDescriptor asked = request.getDescriptorForType().findFieldByName(RESUME_TOKEN);
    request = built(request.toBuilder().setField(asked, message.getField(said)));
    next = message;
  }

  @SuppressWarnings("unchecked")
  private Q built(Message.Builder builder) {
    return (Q) builder.build();
  }

  private long backoff() {
    long nanos = (long) (backoffNanos * ThreadLocalRandom.current().nextDouble(0.5, 1.0));
    backoffNanos = Math.min(backoffNanos * 2, Retries.BACKOFF_MAX.toNanos());
    return nanos;
  }

  /** How long to wait after the stream has failed; throws the failure if it says more than that the stream was lost. */
  private long pauseAfter(LotkeeperException failure, boolean wasSent) {
    boolean isUnavailable = failure.code() == Status.Code.UNAVAILABLE;
    if (begun && (isUnavailable || (failure.reason() == Reason.NONE && BROKEN_OFF.contains(failure.code())))) {
      return Math.max(failure.retryDelay().map(Duration::toNanos).orElse(0L), backoff());
    }
    long again = Retries.CONNECT_PAUSE.toNanos();
    if (!begun && isUnavailable && !wasSent && !failure.isLasting() && connectDeadlineNanos - System.nanoTime() > again) {
      return again;
    }
    close();
    throw failure;
  }

  private void waitFor(long nanos) throws InterruptedException {
    CountDownLatch over = new CountDownLatch(1);
    pause = over;
    Pauses.Pause timed = transport.pauses().after(nanos, over::countDown);
    if (!closed) {
      over.await();
    }
    timed.cancel();
  }
}
