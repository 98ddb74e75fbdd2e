package com.lotkeeper.client;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The PEM files of a connection with TLS: whom the client trusts, and how it shows who it is itself. */
final class TlsFiles {
  static final String CA_FILE = "LOTKEEPER_CA_FILE";
  static final String CLIENT_CERTIFICATE = "LOTKEEPER_CLIENT_CERTIFICATE";
  static final String CLIENT_KEY = "LOTKEEPER_CLIENT_KEY";
  private static final Pattern PKCS8 =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  /** Null for the public authorities that the Java runtime knows. */
  private final Path caFile;
  private final Path certificate;
  private final Path key;

  private TlsFiles(Path caFile, Path certificate, Path key) {
    this.caFile = caFile;
    this.certificate = certificate;
    this.key = key;
  }

  /**
   * What is given, and for what is not, the file that its variable names. A certificate and its key belong together:
   * where one of them is given, the variable of the other is not asked.
   */
  static TlsFiles given(Path caFile, Path certificate, Path key, Map<String, String> environment) {
    Path ca = caFile == null ? named(environment, CA_FILE) : caFile;
    boolean asks = certificate == null && key == null;
    Path chain = asks ? named(environment, CLIENT_CERTIFICATE) : certificate;
    Path secret = asks ? named(environment, CLIENT_KEY) : key;
    if ((chain == null) != (secret == null)) {
      throw new IllegalArgumentException(
          "a client certificate and its key belong together: give both (" + CLIENT_CERTIFICATE + " and " + CLIENT_KEY
              + ", for one)");
    }
    return new TlsFiles(ca, chain, secret);
  }

  private static Path named(Map<String, String> environment, String variable) {
    String value = environment.getOrDefault(variable, "");
    return value.isEmpty() ? null : Path.of(value);
  }

  /** Whether a file is given at all, which asks for TLS. */
  boolean areAny() {
    return caFile != null || certificate != null;
  }

  /**
   * What gRPC is given; the files are read and proved first, since gRPC says little of what is wrong in them.
   *
   * @throws IllegalArgumentException where a file cannot be read, or is not what it should be
   */
  ChannelCredentials credentials() {
    TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
    try {
      if (caFile != null) {
        byte[] roots = content(caFile, "CA file");
        certificates(roots, "the CA file " + caFile);
        builder.trustManager(new ByteArrayInputStream(roots));
      }
      if (certificate != null) {
        byte[] chain = content(certificate, "client certificate");
        byte[] secret = content(key, "client key");
        Certificate own = certificates(chain, "the client certificate " + certificate).iterator().next();
        privateKey(secret, own.getPublicKey().getAlgorithm());
        builder.keyManager(new ByteArrayInputStream(chain), new ByteArrayInputStream(secret));
      }
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible); // it is read from memory
    }
    return builder.build();
  }

  private static byte[] content(Path file, String what) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException unreadable) {
      throw new IllegalArgumentException("the " + what + " " + file + " cannot be read", unreadable);
    }
  }

  private static Collection<? extends Certificate> certificates(byte[] pem, String what) {
    Collection<? extends Certificate> found;
    try {
      found = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    } catch (CertificateException malformed) {
      throw new IllegalArgumentException(what + " holds no PEM certificates", malformed);
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(what + " holds no PEM certificates");
    }
    return found;
  }

  private PrivateKey privateKey(byte[] pem, String algorithm) {
    Matcher found = PKCS8.matcher(new String(pem, StandardCharsets.ISO_8859_1));
    if (!found.find()) {
      throw new IllegalArgumentException(
          "the client key " + key + " is not in PKCS #8 without a password; openssl pkcs8 -topk8 -nocrypt makes it so");
    }
    try {
      byte[] encoded = Base64.getMimeDecoder().decode(found.group(1));
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (InvalidKeySpecException | java.security.NoSuchAlgorithmException unfit) {
      throw new IllegalArgumentException(
          "the client certificate " + certificate + " and the key " + key + " cannot be used together", unfit);
    }
  }
}
