package com.lotkeeper.client;

import io.grpc.CallCredentials;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** The token that calls carry. Without TLS it is shown to loopback only, unless that was asked for. */
final class BearerToken extends CallCredentials {
  static final String TOKEN = "LOTKEEPER_TOKEN";
  static final String TOKEN_FILE = "LOTKEEPER_TOKEN_FILE";
  static final String IN_CLEAR =
      "the token would be sent in clear to %s: ask for TLS by caFile() or tls(), or for this by allowPlaintextToken()";
  private static final int CHARACTERS_MAX = 4_096;
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<String> source;
  private final boolean inClear;

  BearerToken(Supplier<String> source, boolean inClear) {
    this.source = source;
    this.inClear = inClear;
  }

  /**
   * The token of the environment, itself or in a file.
   *
   * @return null where there is none
   * @throws IllegalArgumentException where both variables are set, or the file cannot be read
   */
  static String ofEnvironment(Map<String, String> environment) {
    String text = environment.getOrDefault(TOKEN, "");
    String file = environment.getOrDefault(TOKEN_FILE, "");
    if (!text.isEmpty() && !file.isEmpty()) {
      throw new IllegalArgumentException(TOKEN + " and " + TOKEN_FILE + " are both set: give one of them");
    }
    if (!file.isEmpty()) {
      return ofFile(Path.of(file));
    }
    return text.isEmpty() ? null : checked(text, "the token");
  }

  /** The token in a file, which may begin with UTF-8's byte order mark and end with a line feed. */
  static String ofFile(Path file) {
    byte[] content;
    try {
      content = Files.readAllBytes(file);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException("the token file " + file + " cannot be read", unreadable);
    }
    if (content.length > CHARACTERS_MAX) {
      throw new IllegalArgumentException("the token file " + file + " is longer than " + CHARACTERS_MAX + " bytes");
    }
    String text = new String(content, StandardCharsets.ISO_8859_1);
    return checked(text.startsWith("\u00ef\u00bb\u00bf") ? text.substring(3) : text, "the token in " + file);
  }

  /** The token without the white space around it; what goes wrong does not show it. */
  static String checked(String token, String what) {
    String text = token.strip();
    if (text.isEmpty()) {
      throw new IllegalArgumentException(what + " is empty");
    }
    for (int place = 0; place < text.length(); place++) {
      char character = text.charAt(place);
      if (character < '!' || character > '~') {
        throw new IllegalArgumentException(
            what + " has a character that no token has, at place " + (place + 1) + " of " + text.length()
                + ": it must be one word of printable ASCII characters");
      }
    }
    return text;
  }

  @Override
  public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
    SocketAddress leadsTo = request.getTransportAttrs().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    if (!inClear && request.getSecurityLevel() == SecurityLevel.NONE && !isLoopback(leadsTo)) {
      applier.fail(Status.UNAUTHENTICATED.withDescription(String.format(IN_CLEAR, leadsTo)));
      return;
    }
    executor.execute(() -> apply(applier));
  }

  private void apply(MetadataApplier applier) {
    Metadata headers = new Metadata();
    try {
      headers.put(AUTHORIZATION, "Bearer " + checked(source.get(), "the token"));
    } catch (RuntimeException fault) {
      applier.fail(Status.UNAUTHENTICATED.withDescription("there is no token: " + fault.getMessage()).withCause(fault));
      return;
    }
    applier.apply(headers);
  }

  static boolean isLoopback(SocketAddress address) {
    return address instanceof InetSocketAddress
        && ((InetSocketAddress) address).getAddress() != null
        && ((InetSocketAddress) address).getAddress().isLoopbackAddress();
  }
}
