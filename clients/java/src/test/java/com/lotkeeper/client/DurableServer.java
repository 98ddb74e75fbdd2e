package com.lotkeeper.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real server on an embedded store, as a process that can be killed and comes back on the same port. */
final class DurableServer implements AutoCloseable {
  private static final Pattern SERVES = Pattern.compile("Lotkeeper serves on (\\S+)");

  private final String program = System.getProperty("lotkeeper.server");
  private final Path folder;
  private final List<String> flags;
  private final String url;
  final String token;
  private String listen = "127.0.0.1:0";
  private Process process;

  DurableServer(Path folder, String... flags) throws Exception {
    this.folder = folder;
    this.flags = List.of(flags);
    url = "sqlite:///" + folder.resolve("store.db");
    ran("migrate");
    token = ran("token", "create", "--name", "tester", "--role", "admin");
    start();
  }

  /** Another command of the server on the same store; what it prints. */
  String ran(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(program));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--database-url", url));
    Process run = new ProcessBuilder(command).redirectError(log()).start();
    String printed = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (run.waitFor() != 0) {
      throw new IllegalStateException(String.join(" ", command) + " failed; see " + folder);
    }
    return printed;
  }

  void start() throws IOException {
    List<String> command = new ArrayList<>(List.of(program, "serve", "--database-url", url, "--listen", listen));
    command.addAll(flags);
    process = new ProcessBuilder(command).redirectError(log()).start();
    BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    Matcher said = SERVES.matcher(String.valueOf(out.readLine()));
    if (!said.matches()) {
      throw new IllegalStateException("the server did not start; see " + folder);
    }
    listen = said.group(1);
  }

  private ProcessBuilder.Redirect log() {
    return ProcessBuilder.Redirect.appendTo(folder.resolve("server.log").toFile());
  }

  String address() {
    return listen;
  }

  /** Kill -9. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  LotkeeperClient client() {
    return LotkeeperClient.builder(listen).token(token).plaintext().build();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
