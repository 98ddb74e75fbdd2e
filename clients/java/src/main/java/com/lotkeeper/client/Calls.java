package com.lotkeeper.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;

/** How every method of the client reaches the server. */
final class Calls {
  private final Transport transport;
  /** Null where executions do not travel together. */
  private final Coalescing coalescing;
  private final Duration timeout;

  Calls(Transport transport, Coalescing coalescing, Duration timeout) {
    this.transport = transport;
    this.coalescing = coalescing;
    this.timeout = timeout;
  }

  Calls withTimeout(Duration other) {
    return new Calls(transport, coalescing, Retries.positive("the timeout", other));
  }

  <Q extends Message, R> R call(MethodDescriptor<Q, R> method, Q request) {
    return Answering.await(callAsync(method, request));
  }

  @SuppressWarnings("unchecked")
  <Q extends Message, R> CompletableFuture<R> callAsync(MethodDescriptor<Q, R> method, Q request) {
    if (Repeatable.reads(method)) {
      return transport.repeated(method, request, transport.attempts(timeout, true));
    }
    Q sent = Repeatable.withRequestId(request);
    if (coalescing != null && sent instanceof ExecuteInventoryOperationRequest) {
      ExecuteInventoryOperationRequest execution = (ExecuteInventoryOperationRequest) sent;
      if (!execution.getValidateOnly()) { // a batch has no dry runs in it
        return (CompletableFuture<R>) coalescing.execute(execution, timeout);
      }
    }
    return transport.repeated(method, sent, transport.attempts(timeout, Repeatable.carriesRequestId(sent)));
  }

  <Q extends Message, R extends Message, T> Pages<T> pages(
      MethodDescriptor<Q, R> method, Q request, Function<R, List<T>> items) {
    return Pages.of(request, asking -> call(method, asking), items);
  }

  <Q extends Message, R extends Message> Watch<R> watch(MethodDescriptor<Q, R> method, Q request) {
    return new Watch<>(new Following<>(transport, method, request, timeout));
  }

  <Q extends Message, R> InputStream download(
      MethodDescriptor<Q, R> method, Q request, Function<R, ByteString> data) {
    return new Download<>(transport, method, request, data, transport.attempts(timeout, true));
  }

  <Q extends Message, R> R upload(
      MethodDescriptor<Q, R> method, Q first, Q empty, BiFunction<Q, ByteString, Q> with, InputStream data)
      throws IOException {
    return new Upload<>(transport, method, transport.attempts(timeout, false)).send(first, empty, with, data);
  }

  void close() {
    transport.close();
  }
}
