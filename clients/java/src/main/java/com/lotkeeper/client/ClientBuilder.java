package com.lotkeeper.client;

import io.grpc.CallCredentials;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.TlsChannelCredentials;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * How a client connects. What is not given here is taken from the environment: {@code LOTKEEPER_TOKEN}, or a file that {@code
 * LOTKEEPER_TOKEN_FILE} names; {@code LOTKEEPER_CA_FILE}; {@code LOTKEEPER_CLIENT_CERTIFICATE} and {@code
 * LOTKEEPER_CLIENT_KEY}. Where there is no token, and all addresses are loopback, it is that of a development server of your own
 * ({@code lotkeeper-server run}), once the server has shown that it made it.
 */
public final class ClientBuilder {
  private static final String ADDRESS = "LOTKEEPER_ADDRESS";
  private static final String TIMEOUT = "LOTKEEPER_TIMEOUT";
  private static final String DEFAULT_ADDRESS = "127.0.0.1:" + Address.DEFAULT_PORT;
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration KEEP_ALIVE_TIME = Duration.ofSeconds(20);
  private static final Duration KEEP_ALIVE_TIMEOUT = Duration.ofSeconds(10);
  /** The server allows a ping every 10 s, and ends connections of those who send more. */
  private static final Duration KEEP_ALIVE_TIME_MIN = Duration.ofSeconds(10);

  private final List<Address> addresses;
  private final List<ClientInterceptor> interceptors = new ArrayList<>();
  private Map<String, String> environment = System.getenv();
  private Supplier<String> token;
  private boolean plaintextToken;
  /** Null: TLS where a file is given. */
  private Boolean tls;
  private Path caFile;
  private Path certificate;
  private Path key;
  private ChannelCredentials channelCredentials;
  private Duration timeout = DEFAULT_TIMEOUT;
  private int attemptsMax = Integer.MAX_VALUE;
  private Duration connectTimeout;
  private int connections = 1;
  private boolean coalesce;
  private Duration keepAliveTime = KEEP_ALIVE_TIME;
  private Duration keepAliveTimeout = KEEP_ALIVE_TIMEOUT;

  ClientBuilder(String... addresses) {
    this.addresses = Address.parse(addresses.length > 0 ? Arrays.asList(addresses) : List.of(addressIn(environment)));
  }

  private static String addressIn(Map<String, String> variables) {
    String address = variables.getOrDefault(ADDRESS, "");
    return address.isBlank() ? DEFAULT_ADDRESS : address;
  }

  static ClientBuilder ofEnvironment(Map<String, String> variables) {
    ClientBuilder builder = new ClientBuilder(addressIn(variables)).environment(variables);
    String seconds = variables.getOrDefault(TIMEOUT, "");
    if (!seconds.isEmpty()) {
      try {
        builder.timeout(Duration.ofMillis(Math.round(Double.parseDouble(seconds) * 1_000)));
      } catch (IllegalArgumentException malformed) {
        throw new IllegalArgumentException(TIMEOUT + " is not a number of seconds above 0", malformed);
      }
    }
    return builder;
  }

  /** For tests: instead of that of the process. */
  ClientBuilder environment(Map<String, String> variables) {
    environment = variables;
    return this;
  }

  /**
   * The token that every call carries.
   *
   * @param given one word of printable ASCII characters
   * @return this
   * @throws IllegalArgumentException where it cannot be sent; the message does not show it
   */
  public ClientBuilder token(String given) {
    String checked = BearerToken.checked(given, "the token");
    token = () -> checked;
    return this;
  }

  /**
   * Where tokens come from that change, such as those of an issuer.
   *
   * @param source asked at each call, so it has to be quick
   * @return this
   */
  public ClientBuilder tokenSource(Supplier<String> source) {
    token = Objects.requireNonNull(source);
    return this;
  }

  /**
   * Lets the token be sent in clear to other machines: whoever listens on the way can use it. Without this a client without
   * TLS has a token for loopback only.
   *
   * @return this
   */
  public ClientBuilder allowPlaintextToken() {
    plaintextToken = true;
    return this;
  }

  /**
   * Uses TLS, also where no file is given: the public authorities that the Java runtime knows are trusted then.
   *
   * @return this
   */
  public ClientBuilder tls() {
    tls = true;
    return this;
  }

  /**
   * Uses no TLS, whatever the environment says.
   *
   * @return this
   */
  public ClientBuilder plaintext() {
    tls = false;
    return this;
  }

  /**
   * Whom to trust; asks for TLS.
   *
   * @param file PEM certificates of authorities
   * @return this
   */
  public ClientBuilder caFile(Path file) {
    caFile = file;
    return this;
  }

  /**
   * What the client shows of itself; asks for TLS.
   *
   * @param certificateFile PEM, the certificate first, then those that signed it
   * @param keyFile PEM, in PKCS #8, without a password
   * @return this
   */
  public ClientBuilder clientCertificate(Path certificateFile, Path keyFile) {
    certificate = certificateFile;
    key = keyFile;
    return this;
  }

  /**
   * gRPC's own credentials, in the place of {@link #tls} and the files.
   *
   * @param credentials such as those of a {@link TlsChannelCredentials.Builder}
   * @return this
   */
  public ClientBuilder channelCredentials(ChannelCredentials credentials) {
    channelCredentials = credentials;
    return this;
  }

  /**
   * How long a call may take, retries included. Default: 30 s.
   *
   * @param given above 0
   * @return this
   */
  public ClientBuilder timeout(Duration given) {
    timeout = Retries.positive("the timeout", given);
    return this;
  }

  /**
   * How often a call is sent. Default: as often as fits into its deadline.
   *
   * @param attempts 1 for never again
   * @return this
   */
  public ClientBuilder attemptsMax(int attempts) {
    attemptsMax = attempts;
    return this;
  }

  /**
   * How long a call waits for a server that answers, before it is sent. Default: to its deadline.
   *
   * @param given above 0
   * @return this
   */
  public ClientBuilder connectTimeout(Duration given) {
    connectTimeout = given;
    return this;
  }

  /**
   * How many connections to make to each address; each leads to one process of a server. Default: 1.
   *
   * @param count 1 to 64
   * @return this
   */
  public ClientBuilder connections(int count) {
    connections = count;
    return this;
  }

  /**
   * Has executions that wait for others travel together, as one batch, each with its own answer, deadline, refusal and request
   * id. Default: each is a call of its own.
   *
   * @return this
   */
  public ClientBuilder coalesce() {
    coalesce = true;
    return this;
  }

  /**
   * How often a call that waits asks whether the server is there. Default: 20 s, and 10 s for the answer.
   *
   * @param time after which a silent connection is asked, 10 s at least: servers end connections that ask more often
   * @param answer after which it counts as lost
   * @return this
   */
  public ClientBuilder keepAlive(Duration time, Duration answer) {
    if (time.compareTo(KEEP_ALIVE_TIME_MIN) < 0) {
      throw new IllegalArgumentException("keepAlive must be 10 s or more: servers end connections that ask more often");
    }
    keepAliveTime = time;
    keepAliveTimeout = Retries.positive("the time for an answer", answer);
    return this;
  }

  /**
   * Asks never: a connection that is dead is noticed when a call's deadline comes.
   *
   * @return this
   */
  public ClientBuilder withoutKeepAlive() {
    keepAliveTime = null;
    return this;
  }

  /**
   * What sees every attempt of a call, such as OpenTelemetry's.
   *
   * @param given of gRPC
   * @return this
   */
  public ClientBuilder intercept(ClientInterceptor... given) {
    interceptors.addAll(Arrays.asList(given));
    return this;
  }

  /**
   * The client, which connects with its first call.
   *
   * @return to be closed
   * @throws IllegalArgumentException where a number, a file or a token cannot be used, or the token would be sent in clear to
   *     another machine
   */
  public LotkeeperClient build() {
    ChannelCredentials credentials = channelCredentials;
    if (credentials == null) {
      TlsFiles files = TlsFiles.given(caFile, certificate, key, environment);
      boolean wanted = tls == null ? files.areAny() : tls;
      credentials = wanted ? files.credentials() : null;
    }
    Connecting connecting =
        new Connecting(
            addresses,
            bearer(credentials == null),
            credentials,
            connections,
            keepAliveTime,
            keepAliveTimeout,
            interceptors,
            new Retries(attemptsMax, connectTimeout, Retries.BACKOFF_FIRST, Retries.BACKOFF_MAX));
    Transport transport = new Transport(connecting);
    return new LotkeeperClient(new Calls(transport, coalesce ? new Coalescing(transport) : null, timeout));
  }

  private CallCredentials bearer(boolean isPlaintext) {
    Supplier<String> source = token;
    if (source == null) {
      String found = BearerToken.ofEnvironment(environment);
      if (found == null) {
        boolean isHere = isPlaintext && addresses.stream().allMatch(Address::isLoopback);
        return isHere ? DevelopmentToken.ofEnvironment(environment) : null;
      }
      source = () -> found;
    }
    for (Address address : addresses) {
      if (isPlaintext && !plaintextToken && !address.isLoopback()) {
        throw new IllegalArgumentException(String.format(BearerToken.IN_CLEAR, address));
      }
    }
    return new BearerToken(source, plaintextToken);
  }
}
