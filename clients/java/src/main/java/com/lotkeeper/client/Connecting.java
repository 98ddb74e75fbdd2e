package com.lotkeeper.client;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** How a client connects, as it was asked to. */
final class Connecting {
  static final int CONNECTIONS_MAX = 64;

  final List<Address> addresses;
  /** What calls carry; null for nothing. */
  final CallCredentials token;
  /** How often it connects to each address. */
  final int connections;
  final Retries retries;

  /** Of TLS; null for plain text. */
  private final ChannelCredentials credentials;
  /** How often a call that waits asks whether the other end is there; null for never. */
  private final Duration keepAliveTime;
  private final Duration keepAliveTimeout;
  private final List<ClientInterceptor> interceptors;

  Connecting(
      List<Address> addresses,
      CallCredentials token,
      ChannelCredentials credentials,
      int connections,
      Duration keepAliveTime,
      Duration keepAliveTimeout,
      List<ClientInterceptor> interceptors,
      Retries retries) {
    if (connections < 1 || connections > CONNECTIONS_MAX) {
      throw new IllegalArgumentException("connections must be from 1 to " + CONNECTIONS_MAX);
    }
    this.addresses = addresses;
    this.token = token;
    this.credentials = credentials;
    this.connections = connections;
    this.keepAliveTime = keepAliveTime;
    this.keepAliveTimeout = keepAliveTimeout;
    this.interceptors = List.copyOf(interceptors);
    this.retries = retries;
  }

  boolean usesTls() {
    return credentials != null;
  }

  /**
   * A channel, which connects with its first call. A name may have several addresses: calls go to each in turn.
   *
   * @throws IllegalArgumentException where gRPC cannot use the certificates
   */
  ManagedChannel channel(Address address) {
    ChannelCredentials used = credentials == null ? InsecureChannelCredentials.create() : credentials;
    ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder(address.target(), used);
    builder
        .defaultLoadBalancingPolicy("round_robin")
        .disableServiceConfigLookUp()
        .intercept(interceptors)
        .userAgent("lotkeeper-java/" + version());
    if (keepAliveTime != null) {
      builder
          .keepAliveTime(Retries.nanos(keepAliveTime), TimeUnit.NANOSECONDS)
          .keepAliveTimeout(Retries.nanos(keepAliveTimeout), TimeUnit.NANOSECONDS);
    }
    return builder.build();
  }

  private static String version() {
    String version = Connecting.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
