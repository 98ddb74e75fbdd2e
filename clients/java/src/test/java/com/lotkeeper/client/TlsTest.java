package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.inventory.v1.ListPermissionsRequest;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class TlsTest {
  @TempDir static Path folder;
  private static DurableServer server;
  private static Path ca;
  private static Path otherCa;

  @BeforeAll
  static void begin() throws Exception {
    ca = authority("ca");
    otherCa = authority("other");
    signed("server", "ca", "subjectAltName=IP:127.0.0.1");
    signed("line-4", "ca", "extendedKeyUsage=clientAuth");
    Path store = Files.createDirectory(folder.resolve("store"));
    server =
        new DurableServer(
            store,
            "--tls-certificate-file", file("server.crt"),
            "--tls-key-file", file("server.key"),
            "--tls-client-ca-file", ca.toString());
  }

  @AfterAll
  static void end() throws Exception {
    server.close();
  }

  private static String file(String name) {
    return folder.resolve(name).toString();
  }

  private static void openssl(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process run = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, run.waitFor(), said);
  }

  private static Path authority(String name) throws Exception {
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=" + name, "-keyout", file(name + ".key"), "-out", file(name + ".crt"));
    return folder.resolve(name + ".crt");
  }

  private static void signed(String name, String by, String extension) throws Exception {
    Path extensions = Files.writeString(folder.resolve(name + ".ext"), extension + "\n");
    openssl(
        "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
        "-keyout", file(name + ".key"), "-out", file(name + ".csr"));
    openssl(
        "x509", "-req", "-in", file(name + ".csr"), "-CA", file(by + ".crt"), "-CAkey", file(by + ".key"),
        "-CAcreateserial", "-days", "2", "-extfile", extensions.toString(), "-out", file(name + ".crt"));
  }

  private static ClientBuilder builder(Map<String, String> environment) {
    return new ClientBuilder(server.address())
        .environment(environment)
        .token(server.token)
        .timeout(Duration.ofSeconds(20));
  }

  private static ClientBuilder withCertificate(ClientBuilder builder) {
    return builder.clientCertificate(folder.resolve("line-4.crt"), folder.resolve("line-4.key"));
  }

  private static int permissions(ClientBuilder builder) {
    try (LotkeeperClient client = builder.build()) {
      return client
          .inventoryOperations()
          .listPermissions(ListPermissionsRequest.getDefaultInstance())
          .getPermissionsCount();
    }
  }

  private static String unreachable(ClientBuilder builder) {
    LotkeeperException failed = assertThrows(LotkeeperException.class, () -> permissions(builder));
    assertEquals(Status.Code.UNAVAILABLE, failed.code());
    return failed.getMessage();
  }

  @Test
  void aCallIsMadeWithTheFilesThatAreGivenOrThatTheEnvironmentNames() {
    assertTrue(permissions(withCertificate(builder(Map.of()).caFile(ca))) > 0);
    Map<String, String> named =
        Map.of(
            "LOTKEEPER_CA_FILE", ca.toString(),
            "LOTKEEPER_CLIENT_CERTIFICATE", file("line-4.crt"),
            "LOTKEEPER_CLIENT_KEY", file("line-4.key"));
    assertTrue(permissions(builder(named)) > 0);
  }

  @Test
  void aCertificateThatIsNotTrustedEndsTheCallAtOnceAndSaysWhatToDo() {
    String said = unreachable(withCertificate(builder(Map.of()).caFile(otherCa)));
    assertTrue(said.contains("its TLS certificate is not trusted"), said);
    assertTrue(said.contains("LOTKEEPER_CA_FILE"), said);
  }

  @Test
  void aCertificateForAnotherNameIsNotTakenEither() {
    int port = Address.parse(List.of(server.address())).get(0).port;
    ClientBuilder builder =
        new ClientBuilder("localhost:" + port)
            .environment(Map.of())
            .token(server.token)
            .timeout(Duration.ofSeconds(20))
            .caFile(ca);
    String said = unreachable(withCertificate(builder));
    assertTrue(said.contains("not for localhost"), said);
  }

  @Test
  void withoutACertificateOfItsOwnTheClientIsTurnedAway() {
    String said = unreachable(builder(Map.of()).caFile(ca).timeout(Duration.ofSeconds(3)));
    assertTrue(said.contains("no server answers") || said.contains("client certificate"), said);
  }

  @Test
  void withoutTlsTheCallEndsAtOnceAndSaysThatTheServerExpectsIt() {
    String said = unreachable(builder(Map.of()).plaintext().timeout(Duration.ofMinutes(5))); // longer than a test may take
    assertTrue(said.contains("it expects TLS, and this client uses none"), said);
  }

  @Test
  void aKeyThatIsNotInPkcs8IsRefusedWithTheCommandThatHelps() throws Exception {
    openssl("ec", "-in", file("line-4.key"), "-out", file("old.key"));
    ClientBuilder builder =
        builder(Map.of()).caFile(ca).clientCertificate(folder.resolve("line-4.crt"), folder.resolve("old.key"));
    String said = assertThrows(IllegalArgumentException.class, builder::build).getMessage();
    assertTrue(said.contains("openssl pkcs8"), said);
  }
}
