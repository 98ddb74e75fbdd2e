package com.lotkeeper.client;

import java.net.IDN;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where a server is: a host and a port. */
final class Address {
  static final int DEFAULT_PORT = 50051;
  private static final int PORT_MAX = 65_535;
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*)://.*");
  private static final Pattern HOST = Pattern.compile("[^\\s/@?#\\[\\]%:]+");
  private static final Pattern VERSION_6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final Pattern VERSION_4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

  /** Without brackets. */
  final String host;
  final int port;

  private Address(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /**
   * The addresses in texts, separated by commas; each once, in order.
   *
   * @throws IllegalArgumentException where one of them is none
   */
  static List<Address> parse(List<String> texts) {
    List<Address> found = new ArrayList<>();
    Set<String> seen = new LinkedHashSet<>();
    for (String text : texts) {
      if (text == null) {
        throw new IllegalArgumentException("the address is null: give HOST:PORT, or none for that of LOTKEEPER_ADDRESS");
      }
      for (String word : text.split(",")) {
        if (!word.isBlank()) {
          Address address = parseOne(word.strip());
          if (seen.add(address.toString())) {
            found.add(address);
          }
        }
      }
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException("the address is empty: give HOST:PORT");
    }
    return List.copyOf(found);
  }

  private static Address parseOne(String word) {
    Matcher scheme = SCHEME.matcher(word);
    if (scheme.matches()) {
      throw new IllegalArgumentException(
          "the address begins with " + scheme.group(1) + "://, which no address has: give HOST:PORT, and ask for TLS by "
              + "tls() or caFile()");
    }
    if (word.startsWith("[")) {
      int end = word.indexOf(']');
      String inner = end < 0 ? "" : word.substring(1, end);
      if (!VERSION_6.matcher(inner).matches() || numeric(inner) == null) {
        throw new IllegalArgumentException(word + " is not an address: an IPv6 address is written [::1]:" + DEFAULT_PORT);
      }
      return new Address(inner, port(word, word.substring(end + 1)));
    }
    int colon = word.indexOf(':');
    if (colon != word.lastIndexOf(':')) {
      throw new IllegalArgumentException(
          word + " is not an address: an IPv6 address stands in brackets, [::1]:" + DEFAULT_PORT);
    }
    String host = colon < 0 ? word : word.substring(0, colon);
    if (!HOST.matcher(host).matches()) {
      throw new IllegalArgumentException("an address is not one: give HOST:PORT");
    }
    try {
      host = IDN.toASCII(host);
    } catch (IllegalArgumentException unfit) {
      throw new IllegalArgumentException(word + " is not an address: its name is none that the DNS can have");
    }
    return new Address(host, port(word, colon < 0 ? "" : word.substring(colon)));
  }

  /** Of {@code :50051}, or of nothing. */
  private static int port(String word, String rest) {
    if (rest.isEmpty()) {
      return DEFAULT_PORT;
    }
    String digits = rest.substring(1);
    int port = rest.startsWith(":") && digits.matches("[0-9]{1,5}") ? Integer.parseInt(digits) : 0;
    if (port < 1 || port > PORT_MAX) {
      throw new IllegalArgumentException(word + " is not an address: its port is not a number from 1 to " + PORT_MAX);
    }
    return port;
  }

  /** The IP address that the text is; null for a name. Asks no DNS. */
  private static InetAddress numeric(String host) {
    if (!VERSION_6.matcher(host).matches() && !VERSION_4.matcher(host).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(host);
    } catch (UnknownHostException malformed) {
      return null;
    }
  }

  /** Whether it is loopback, by number or by name. */
  boolean isLoopback() {
    String name = host.toLowerCase(Locale.ROOT);
    if (name.equals("localhost") || name.endsWith(".localhost")) {
      return true;
    }
    InetAddress number = numeric(host);
    return number != null && number.isLoopbackAddress();
  }

  /** What gRPC is given. */
  String target() {
    return "dns:///" + this;
  }

  /** {@code HOST:PORT}, an IPv6 host in brackets. */
  @Override
  public String toString() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }
}
