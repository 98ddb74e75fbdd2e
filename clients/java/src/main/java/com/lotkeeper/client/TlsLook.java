package com.lotkeeper.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** A connection of its own shows whether who hangs up on a client without TLS expects TLS; nothing is sent but a greeting. */
final class TlsLook {
  private static final int LOOK_MILLIS = (int) TimeUnit.SECONDS.toMillis(1);

  private TlsLook() {}

  /** Whether TLS is spoken there; false also where that cannot be found out within two seconds. */
  static boolean answers(Address address) {
    try (Socket plain = new Socket()) {
      plain.connect(new InetSocketAddress(address.host, address.port), LOOK_MILLIS);
      plain.setSoTimeout(LOOK_MILLIS);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Anybody()}, null);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket(plain, address.host, address.port, true)) {
        socket.startHandshake();
        return true;
      }
    } catch (IOException | GeneralSecurityException nobodyWithTls) {
      return false;
    }
  }

  /** It is only asked who listens: no secret goes there, and nothing that comes is believed. */
  private static final class Anybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
