package com.lotkeeper.client;

import io.grpc.Status;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Why no server answers, from what gRPC says of it. */
final class Unreachable {
  private static final Pattern OTHER_NAME =
      Pattern.compile("subject alternative|no name matching|hostname|not verified", Pattern.CASE_INSENSITIVE);
  /** The first bytes of an alert of TLS, as gRPC shows what it took for a frame of HTTP/2. */
  private static final Pattern TLS_ALERT = Pattern.compile("not SETTINGS.*\\b15\\s?03", Pattern.DOTALL);
  /** What gRPC says where somebody listens and hangs up, as who expects TLS does. */
  private static final String HUNG_UP = "Network closed for unknown reason";
  private static final int CAUSES_MAX = 16;

  private Unreachable() {}

  /**
   * What will not pass by waiting, with what to do about it; null where the server may only be away.
   *
   * @param looks whether a connection of its own, which takes two seconds at most, may show that TLS is expected
   */
  static String lastingFault(Status status, Address address, boolean looks) {
    String description = String.valueOf(status.getDescription());
    boolean expectsTls =
        TLS_ALERT.matcher(description).find()
            || (looks && description.contains(HUNG_UP) && TlsLook.answers(address));
    if (expectsTls) {
      return "it expects TLS, and this client uses none: give caFile() or " + TlsFiles.CA_FILE + ", or tls()";
    }
    Throwable cause = status.getCause();
    for (int depth = 0; cause != null && depth < CAUSES_MAX; depth++, cause = cause.getCause()) {
      String said = String.valueOf(cause.getMessage());
      String lower = said.toLowerCase(Locale.ROOT);
      if (cause.getClass().getSimpleName().equals("NotSslRecordException")) {
        return "it answers without TLS, and this client uses TLS: leave out tls() and the certificates, or serve with TLS";
      }
      if (cause instanceof CertificateException && OTHER_NAME.matcher(said).find()) {
        return "its TLS certificate is not for " + address.host + ": connect by a name that it has";
      }
      if (cause instanceof CertPathValidatorException || cause instanceof CertPathBuilderException) {
        return "its TLS certificate is not trusted (" + said + "): give the CA that signed it, by caFile() or "
            + TlsFiles.CA_FILE;
      }
      if (cause instanceof SSLException && (lower.contains("certificate_required") || lower.contains("bad_certificate")
          || lower.contains("certificate required") || lower.contains("bad certificate"))) {
        return "it wants a client certificate: give clientCertificate() with one that it trusts";
      }
    }
    return null;
  }

  /** The words of gRPC, with those of the fault below, which say more; and what they may mean. */
  static String said(Status status, boolean usesTls) {
    String description = status.getDescription() == null ? status.getCode().name() : status.getDescription();
    if (!usesTls && description.contains(HUNG_UP)) {
      return description + "; if it expects TLS, give caFile() or " + TlsFiles.CA_FILE + ", or tls()";
    }
    Throwable cause = status.getCause();
    return cause == null || cause.getMessage() == null ? description : description + ": " + cause.getMessage();
  }

  /** The failure of a call that no server took; it was never sent. */
  static LotkeeperException nobodyAnswers(String addresses, String said, Throwable cause) {
    String text = "no server answers on " + addresses + (said.isEmpty() ? "" : ": " + said);
    return LotkeeperException.failure(Status.Code.UNAVAILABLE, text, cause);
  }

  /** The failure of a call that cannot be made whenever it is tried. */
  static LotkeeperException noCall(Address address, String fault, Throwable cause) {
    return LotkeeperException.failure(
        Status.Code.UNAVAILABLE, "no call can be made to " + address + ": " + fault, cause)
        .lasting();
  }
}
