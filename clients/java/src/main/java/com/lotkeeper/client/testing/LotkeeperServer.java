package com.lotkeeper.client.testing;

import com.lotkeeper.client.ClientBuilder;
import com.lotkeeper.client.LotkeeperClient;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real server that holds everything in memory, as a process of its own, on a free port of loopback. Close it; it also ends
 * with this program, however that ends.
 *
 * <p>It needs the server's package on the machine ({@code pip install 'lotkeeper[server]'}). The program {@code lotkeeper-server}
 * is looked for in the system property {@code lotkeeper.server}, then in the variable {@code LOTKEEPER_SERVER}, then on the path.
 */
public final class LotkeeperServer implements AutoCloseable {
  private static final Pattern TEXT = Pattern.compile("\"(\\w+)\": \"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final long END_SECONDS = 10;

  private final Process process;
  private final BufferedWriter commands;
  private final BufferedReader answers;
  private String address;
  private final String token;

  private LotkeeperServer(List<String> command) {
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException absent) {
      throw new UncheckedIOException("the server is not there: pip install 'lotkeeper[server]'", absent);
    }
    commands = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String where = answer();
    address = text(where, "address");
    token = text(where, "token");
  }

  /**
   * Begins a server with the demo plant; returns once it serves.
   *
   * @return to be closed
   * @throws UncheckedIOException where the server is not installed
   * @throws IllegalStateException where it does not start; it says why on standard error
   */
  public static LotkeeperServer start() {
    return new LotkeeperServer(command());
  }

  /**
   * Begins a server with a plant of your own; returns once it serves.
   *
   * @param plant a plant document, YAML or JSON
   * @return to be closed
   * @throws UncheckedIOException where the server is not installed
   * @throws IllegalStateException where it does not start; it says why on standard error
   */
  public static LotkeeperServer start(Path plant) {
    List<String> command = command();
    command.add("--plant");
    command.add(plant.toString());
    return new LotkeeperServer(command);
  }

  private static List<String> command() {
    String program = System.getProperty("lotkeeper.server", System.getenv("LOTKEEPER_SERVER"));
    return new ArrayList<>(List.of(program == null || program.isEmpty() ? "lotkeeper-server" : program, "testing"));
  }

  /**
   * Where it serves.
   *
   * @return {@code HOST:PORT}; another one after a reset
   */
  public synchronized String address() {
    return address;
  }

  /**
   * A token of the principal {@code tester}, who may everything.
   *
   * @return for {@link ClientBuilder#token}
   */
  public String token() {
    return token;
  }

  /**
   * Begins a client of this server, until the next reset.
   *
   * @return to be built
   */
  public ClientBuilder clientBuilder() {
    return LotkeeperClient.builder(address()).token(token).plaintext();
  }

  /**
   * A client of this server, until the next reset.
   *
   * @return to be closed
   */
  public LotkeeperClient client() {
    return clientBuilder().build();
  }

  /** Sets stock, records and definitions back to the beginning, in some 10 ms; make new clients. */
  public synchronized void reset() {
    address = text(told("{\"do\": \"reset\"}"), "address");
  }

  /**
   * Stops the clock of the server.
   *
   * @param moment what it takes for now
   */
  public void setClock(Instant moment) {
    told("{\"do\": \"set_clock\", \"millis\": " + moment.toEpochMilli() + "}");
  }

  /**
   * Puts the clock of the server forward. Only dates go by it: deadlines and the expiry of tokens do not.
   *
   * @param by how far
   */
  public void advanceClock(Duration by) {
    told("{\"do\": \"advance_clock\", \"millis\": " + by.toMillis() + "}");
  }

  /** Lets the clock of the server go by that of the machine again. */
  public void letClockGo() {
    told("{\"do\": \"let_clock_go\"}");
  }

  private synchronized String told(String command) {
    try {
      commands.write(command + "\n");
      commands.flush();
    } catch (IOException gone) {
      throw new UncheckedIOException("the server has ended", gone);
    }
    String said = answer();
    if (said.contains("\"error\"")) {
      throw new IllegalStateException(text(said, "error"));
    }
    return said;
  }

  private String answer() {
    try {
      String line = answers.readLine();
      if (line == null) {
        throw new IllegalStateException("the server has ended; it says why on standard error");
      }
      return line;
    } catch (IOException gone) {
      throw new UncheckedIOException(gone);
    }
  }

  private static String text(String json, String name) {
    Matcher found = TEXT.matcher(json);
    while (found.find()) {
      if (found.group(1).equals(name)) {
        return found.group(2);
      }
    }
    throw new IllegalStateException("the server said " + json);
  }

  /** Ends it; what it held is gone. */
  @Override
  public void close() {
    try {
      commands.close(); // it ends with its standard input
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (IOException gone) {
      process.destroyForcibly();
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
