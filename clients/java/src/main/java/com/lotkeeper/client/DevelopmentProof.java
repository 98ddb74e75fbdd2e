package com.lotkeeper.client;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** How a development server shows that it made the token in its file, without either showing the token. */
final class DevelopmentProof {
  private static final int NONCE_BYTES = 32;
  private static final int ANSWER_BYTES = 64;
  private static final long ANSWER_SECONDS = 5;
  private static final byte[] PURPOSE = "lotkeeper development 1".getBytes(StandardCharsets.US_ASCII);
  private static final MethodDescriptor.Marshaller<byte[]> BYTES =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] bytes) {
          return new ByteArrayInputStream(bytes);
        }

        @Override
        public byte[] parse(InputStream stream) {
          try {
            return stream.readNBytes(ANSWER_BYTES + 1);
          } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
          }
        }
      };
  private static final MethodDescriptor<byte[], byte[]> PROVE =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("lotkeeper.development.v1.Development/Prove")
          .setRequestMarshaller(BYTES)
          .setResponseMarshaller(BYTES)
          .build();

  private DevelopmentProof() {}

  /**
   * The bearer token for the server process at an address, once that has shown that it knows the token.
   *
   * @throws StatusRuntimeException UNAUTHENTICATED where it has not; UNAVAILABLE where it is away
   */
  static String session(String address, String token, Path file) {
    byte[] nonce = new byte[NONCE_BYTES];
    new SecureRandom().nextBytes(nonce);
    byte[] answer;
    ManagedChannel channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    try {
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS);
      answer = ClientCalls.blockingUnaryCall(channel, PROVE, options, nonce);
    } catch (StatusRuntimeException failed) {
      if (failed.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        throw failed;
      }
      throw unproven(address, file, "it answered " + failed.getStatus().getCode());
    } finally {
      channel.shutdownNow();
    }
    byte[] where = address.getBytes(StandardCharsets.US_ASCII);
    byte[] serverNonce = Arrays.copyOf(answer, NONCE_BYTES);
    byte[] expected = hmac(token, "server", where, nonce, serverNonce);
    byte[] proof = answer.length == ANSWER_BYTES ? Arrays.copyOfRange(answer, NONCE_BYTES, ANSWER_BYTES) : new byte[0];
    if (!MessageDigest.isEqual(expected, proof)) {
      throw unproven(address, file, "its proof is wrong");
    }
    byte[] made = hmac(token, "session", where, serverNonce);
    return "lk_" + Base64.getUrlEncoder().withoutPadding().encodeToString(made);
  }

  private static StatusRuntimeException unproven(String address, Path file, String why) {
    String text =
        "the development token in " + file + " was not sent: whoever listens on " + address
            + " did not show that it made it (" + why + "); give a token of this server, by " + BearerToken.TOKEN
            + " for one";
    return Status.UNAUTHENTICATED.withDescription(text).asRuntimeException();
  }

  /** Over the parts, each behind its length, so that no two lists of parts are the same bytes. */
  private static byte[] hmac(String token, String step, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(token.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
      update(mac, PURPOSE);
      update(mac, step.getBytes(StandardCharsets.US_ASCII));
      for (byte[] part : parts) {
        update(mac, part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible); // every Java runtime has it
    }
  }

  private static void update(Mac mac, byte[] part) {
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).array());
    mac.update(part);
  }
}
