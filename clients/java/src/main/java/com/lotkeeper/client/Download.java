package com.lotkeeper.client;

import com.google.protobuf.ByteString;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;

/** The file that an export answers, as it comes; the call is repeated only while nothing of it has come. */
final class Download<Q, R> extends InputStream {
  private final Transport transport;
  private final MethodDescriptor<Q, R> method;
  private final Q request;
  private final Function<R, ByteString> data;
  private final Attempts attempts;
  private Reading<Q, R> reading;
  private ByteString piece = ByteString.EMPTY;
  private int place;
  private boolean begun;
  private boolean ended;

  Download(
      Transport transport, MethodDescriptor<Q, R> method, Q request, Function<R, ByteString> data, Attempts attempts) {
    this.transport = transport;
    this.method = method;
    this.request = request;
    this.data = data;
    this.attempts = attempts;
  }

  @Override
  public int read() throws IOException {
    return filled() ? piece.byteAt(place++) & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    if (!filled()) {
      return -1;
    }
    int count = Math.min(length, piece.size() - place);
    piece.substring(place, place + count).copyTo(target, offset);
    place += count;
    return count;
  }

  /** Ends the call, if it has not ended. */
  @Override
  public void close() {
    ended = true;
    piece = ByteString.EMPTY;
    place = 0;
    if (reading != null) {
      reading.close();
    }
  }

  private boolean filled() throws IOException {
    try {
      while (place == piece.size() && !ended) {
        step();
      }
    } catch (InterruptedException interrupted) {
      close();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
    return place < piece.size();
  }

  private void step() throws InterruptedException {
    if (transport.isClosed()) {
      throw LotkeeperException.closed();
    }
    if (reading == null) {
      reading = new Reading<>(transport, method, request, attempts.deadlineNanos);
    }
    try {
      while (!reading.awaits(Long.MAX_VALUE)) {
        continue; // its deadline ends it
      }
      R message = reading.take();
      begun = true;
      ended = message == null;
      piece = ended ? ByteString.EMPTY : data.apply(message);
      place = 0;
    } catch (LotkeeperException failure) {
      if (begun) {
        ended = true;
        throw failure;
      }
      again(failure, reading.wasSent());
    }
  }

  private void again(LotkeeperException failure, boolean wasSent) throws InterruptedException {
    reading = null;
    long pause = Retries.CONNECT_PAUSE.toNanos();
    if (wasSent) {
      pause = attempts.pauseNanos(failure);
    } else if (failure.code() != Status.Code.UNAVAILABLE || failure.isLasting() || attempts.connectingNanos() <= pause) {
      throw failure;
    }
    CountDownLatch over = new CountDownLatch(1);
    transport.pauses().after(pause, over::countDown);
    over.await();
  }
}
