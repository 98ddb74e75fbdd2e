package com.lotkeeper.client;

import com.google.protobuf.Empty;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** One channel, and how long it is left out while nobody answers there. */
final class Connection {
  private static final long FIRST_AWAY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long AWAY_NANOS_MAX = TimeUnit.SECONDS.toNanos(30);
  private static final long KNOCK_SECONDS = 1;
  private static final long HURRY_NANOS = TimeUnit.MILLISECONDS.toNanos(150);
  /** A call that every server answers in some way, without a token and without changes; its request is empty. */
  private static final MethodDescriptor<Empty, Empty> KNOCK =
      MethodDescriptor.<Empty, Empty>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("grpc.health.v1.Health/Check")
          .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .build();

  final Address address;
  private final ManagedChannel channel;
  private final AtomicLong hurriedNanos = new AtomicLong(System.nanoTime() - HURRY_NANOS);
  private final AtomicBoolean knocking = new AtomicBoolean();
  private volatile boolean absent;
  private volatile long absentUntilNanos;
  private long awayNanos = FIRST_AWAY_NANOS;

  Connection(Address address, ManagedChannel channel) {
    this.address = address;
    this.channel = channel;
  }

  Channel channel() {
    return channel;
  }

  /** Whether it is not known to be away. */
  boolean isThere() {
    return !absent;
  }

  /** Whether a call would go out at once, as far as is known. */
  boolean isReady() {
    ConnectivityState state = channel.getState(false);
    return !absent && (state == ConnectivityState.READY || state == ConnectivityState.IDLE);
  }

  /** Nobody answered: it is left out while there are others, for twice as long each time. */
  synchronized void isAway() {
    if (absent && System.nanoTime() - absentUntilNanos < 0) {
      return; // noted for another call already
    }
    absentUntilNanos = System.nanoTime() + awayNanos;
    absent = true;
    awayNanos = Math.min(awayNanos * 2, AWAY_NANOS_MAX);
  }

  /** Somebody answered. */
  void isBack() {
    if (absent) {
      synchronized (this) {
        absent = false;
        awayNanos = FIRST_AWAY_NANOS;
      }
    }
  }

  /** Has gRPC connect now, whose own pauses reach minutes. */
  void hurry() {
    long last = hurriedNanos.get();
    long now = System.nanoTime();
    if (now - last >= HURRY_NANOS && hurriedNanos.compareAndSet(last, now)) {
      channel.resetConnectBackoff();
    }
  }

  /** Where it has been away for long enough, asks whether it is back; no call waits for that. */
  void knockIfDue() {
    if (!absent || System.nanoTime() - absentUntilNanos < 0 || !knocking.compareAndSet(false, true)) {
      return;
    }
    hurry();
    CallOptions options = CallOptions.DEFAULT.withWaitForReady().withDeadlineAfter(KNOCK_SECONDS, TimeUnit.SECONDS);
    ClientCalls.asyncUnaryCall(
        channel.newCall(KNOCK, options),
        Empty.getDefaultInstance(),
        new StreamObserver<Empty>() {
          @Override
          public void onNext(Empty answer) {}

          @Override
          public void onError(Throwable failure) {
            Status.Code code = ((StatusRuntimeException) failure).getStatus().getCode();
            answered(code != Status.Code.UNAVAILABLE && code != Status.Code.DEADLINE_EXCEEDED);
          }

          @Override
          public void onCompleted() {
            answered(true);
          }
        });
  }

  private void answered(boolean somebody) {
    if (somebody) {
      isBack();
    } else {
      isAway();
    }
    knocking.set(false);
  }

  /** Ends every call. */
  void close() {
    channel.shutdownNow();
  }

  /** Waits until nothing of it is left, for a while at most. */
  void awaitEnd(long seconds) throws InterruptedException {
    channel.awaitTermination(seconds, TimeUnit.SECONDS);
  }
}
