package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientBuilderTest {
  private static final String SECRET = "lk_secret";

  private static String fault(Executable wrong) {
    return assertThrows(IllegalArgumentException.class, wrong).getMessage();
  }

  private static ClientBuilder builder(String address, Map<String, String> environment) {
    return new ClientBuilder(address).environment(environment);
  }

  @ParameterizedTest
  @CsvSource({
    "plant-1, plant-1:50051",
    "plant-1:4711, plant-1:4711",
    "[fd00::7], [fd00::7]:50051",
    "[::1]:80, [::1]:80",
    "' a:1 ,b ', a:1 b:50051",
    "'a,a:50051', a:50051",
  })
  void anAddressIsAHostAndAPort(String given, String meant) {
    String read = Address.parse(List.of(given)).stream().map(Address::toString).collect(Collectors.joining(" "));
    assertEquals(meant, read);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "http://plant-1", "a:b", "a:0", "a:65536", "fd00::7", "[plant]", "a b", "a/b", "u@h"})
  void whatIsNoAddressIsRefused(String given) {
    assertThrows(IllegalArgumentException.class, () -> LotkeeperClient.builder(given));
  }

  @Test
  void noAddressIsThatOfTheEnvironmentAndNullIsNone() {
    LotkeeperClient.builder();
    assertTrue(fault(() -> LotkeeperClient.builder(System.getenv("LOTKEEPER_NO_SUCH_NAME"))).contains("is null"));
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "127.9.9.9, true",
    "[::1], true",
    "[::ffff:127.0.0.1], true",
    "localhost, true",
    "a.localhost, true",
    "plant-1, false",
    "10.0.0.1, false",
    "[fd00::7], false",
    "127.0.0.1.example, false",
  })
  void loopbackIsKnownByNumberAndByName(String given, boolean loopback) {
    assertEquals(loopback, Address.parse(List.of(given)).get(0).isLoopback());
  }

  @Test
  void aTokenIsNotSentInClearToAnotherMachineUnlessThatIsAskedFor() {
    String said = fault(() -> builder("plant-1", Map.of()).token(SECRET).build());
    assertTrue(said.contains("in clear to plant-1:50051"), said);
    assertFalse(said.contains(SECRET), said);
    builder("plant-1", Map.of()).token(SECRET).allowPlaintextToken().build().close();
    builder("plant-1", Map.of()).token(SECRET).tls().build().close();
    builder("plant-1", Map.of()).build().close(); // it has none
    builder("127.0.0.1", Map.of()).token(SECRET).build().close();
  }

  @Test
  void theTokenOfTheEnvironmentIsUnderTheSameRule(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("token"), SECRET + "\n");
    for (Map<String, String> variables :
        List.of(Map.of("LOTKEEPER_TOKEN", SECRET), Map.of("LOTKEEPER_TOKEN_FILE", file.toString()))) {
      assertTrue(fault(() -> builder("plant-1", variables).build()).contains("in clear"));
      builder("localhost", variables).build().close();
    }
  }

  @Test
  void aTokenThatCannotBeSentIsRefusedAndNotShown(@TempDir Path folder) throws Exception {
    for (String wrong : List.of("", "  ", "two words", "l\u00f6t", "a\nb")) {
      String said = fault(() -> new ClientBuilder("a").token(wrong));
      assertTrue(wrong.isBlank() || !said.contains(wrong), said);
    }
    Map<String, String> both = Map.of("LOTKEEPER_TOKEN", SECRET, "LOTKEEPER_TOKEN_FILE", "somewhere");
    assertTrue(fault(() -> builder("localhost", both).build()).contains("both set"));
    Map<String, String> absent = Map.of("LOTKEEPER_TOKEN_FILE", folder.resolve("none").toString());
    assertTrue(fault(() -> builder("localhost", absent).build()).contains("cannot be read"));
    Path large = Files.writeString(folder.resolve("large"), "x".repeat(4_097));
    Map<String, String> long_ = Map.of("LOTKEEPER_TOKEN_FILE", large.toString());
    assertTrue(fault(() -> builder("localhost", long_).build()).contains("longer than 4096 bytes"));
  }

  @Test
  void filesOfTlsAreProvedBeforeAnythingIsSent(@TempDir Path folder) throws Exception {
    Path none = Files.writeString(folder.resolve("none.pem"), "nothing");
    assertTrue(fault(() -> builder("a", Map.of()).caFile(none).build()).contains("holds no PEM certificates"));
    Path absent = folder.resolve("absent");
    assertTrue(fault(() -> builder("a", Map.of()).caFile(absent).build()).contains("cannot be read"));
    assertTrue(
        fault(() -> builder("a", Map.of("LOTKEEPER_CLIENT_KEY", "key.pem")).build()).contains("belong together"));
  }

  @Test
  void numbersHaveTheirRanges() {
    assertThrows(IllegalArgumentException.class, () -> new ClientBuilder("a").timeout(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> builder("a", Map.of()).connections(65).build());
    assertThrows(IllegalArgumentException.class, () -> builder("a", Map.of()).attemptsMax(0).build());
    Duration second = Duration.ofSeconds(1);
    assertTrue(fault(() -> new ClientBuilder("a").keepAlive(second, second)).contains("10 s or more"));
    assertThrows(
        IllegalArgumentException.class, () -> ClientBuilder.ofEnvironment(Map.of("LOTKEEPER_TIMEOUT", "soon")));
  }
}
