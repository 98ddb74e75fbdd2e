package com.lotkeeper.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;

/** Sends a file in pieces, once: the caller may not be able to give it again. */
final class Upload<Q, R> {
  private static final int PIECE_BYTES = 64 * 1024;

  private final Transport transport;
  private final ClientCall<Q, R> call;
  private final Connection connection;
  private final CompletableFuture<R> answer = new CompletableFuture<>();
  private final Object readiness = new Object();

  Upload(Transport transport, MethodDescriptor<Q, R> method, Attempts attempts) {
    this.transport = transport;
    connection = transport.connections().next();
    // An upload cannot be sent twice, so it waits until a server takes it.
    CallOptions options =
        transport.options().withWaitForReady().withDeadlineAfter(attempts.leftNanos(), TimeUnit.NANOSECONDS);
    call = connection.channel().newCall(method, options);
    call.start(new Listener(), new Metadata());
    call.request(2);
  }

  /**
   * Sends all of it.
   *
   * @param first says what the data is
   * @param with a message with its piece of the data: the first one is given, those after it are empty
   * @throws LotkeeperException the refusal or failure
   * @throws IOException where the data cannot be read; the call is cancelled then
   */
  R send(Q first, Q empty, BiFunction<Q, com.google.protobuf.ByteString, Q> with, InputStream data) throws IOException {
    try {
      Q message = first;
      byte[] piece = data.readNBytes(PIECE_BYTES);
      do {
        if (!awaitReady()) {
          break; // the server has ended the call already
        }
        call.sendMessage(with.apply(message, com.google.protobuf.ByteString.copyFrom(piece)));
        message = empty;
        piece = data.readNBytes(PIECE_BYTES);
      } while (piece.length > 0);
      call.halfClose();
    } catch (IOException | RuntimeException fault) {
      call.cancel("the data cannot be read", fault);
      throw fault;
    }
    return Answering.await(answer);
  }

  /** Waits until gRPC takes a message; false where the call has ended. */
  private boolean awaitReady() {
    synchronized (readiness) {
      while (!call.isReady() && !answer.isDone()) {
        try {
          readiness.wait();
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw LotkeeperException.failure(
              Status.Code.CANCELLED, "the thread that waited was interrupted", interrupted);
        }
      }
    }
    return !answer.isDone();
  }

  private void tell() {
    synchronized (readiness) {
      readiness.notifyAll();
    }
  }

  private final class Listener extends ClientCall.Listener<R> {
    private R message;

    @Override
    public void onReady() {
      tell();
    }

    @Override
    public void onMessage(R said) {
      message = said;
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (status.isOk() && message != null) {
        answer.complete(message);
      } else if (transport.isClosed()) {
        answer.completeExceptionally(LotkeeperException.closed());
      } else {
        answer.completeExceptionally(StatusReading.read(StatusReading.ofNetwork(status), trailers));
      }
      tell();
    }
  }
}
