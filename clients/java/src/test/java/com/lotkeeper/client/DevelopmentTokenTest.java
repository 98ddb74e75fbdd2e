package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.client.testing.LotkeeperServer;
import com.lotkeeper.inventory.v1.ListPermissionsRequest;
import io.grpc.Status;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(200)
class DevelopmentTokenTest {
  private static Process run(Path folder, String listen) throws Exception {
    ProcessBuilder program =
        new ProcessBuilder(System.getProperty("lotkeeper.server"), "run", "--listen", listen)
            .directory(folder.toFile())
            .redirectError(folder.resolve("log").toFile());
    program.environment().put("XDG_STATE_HOME", folder.toString());
    return program.start();
  }

  private static String address(Process server) throws Exception {
    BufferedReader out = new BufferedReader(new InputStreamReader(server.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    return line.substring(line.lastIndexOf(' ') + 1);
  }

  private static int permissions(LotkeeperClient client) {
    return client
        .inventoryOperations()
        .listPermissions(ListPermissionsRequest.getDefaultInstance())
        .getGrantedPermissionsCount();
  }

  @Test
  void aDevelopmentServerLetsItsUserInWithoutAToken(@TempDir Path folder) throws Exception {
    Process first = run(folder, "127.0.0.1:0");
    String address = address(first);
    Map<String, String> environment = Map.of("XDG_STATE_HOME", folder.toString());
    try (LotkeeperClient client = new ClientBuilder(address).environment(environment).build()) {
      assertTrue(permissions(client) > 0);
      first.destroyForcibly().waitFor();
      Process second = run(folder, address); // which makes another token
      try {
        address(second);
        assertTrue(permissions(client) > 0);
      } finally {
        second.destroyForcibly().waitFor();
      }
    } finally {
      first.destroyForcibly().waitFor();
    }
  }

  @Test
  void whoDidNotMakeTheTokenIsShownNothingOfIt(@TempDir Path folder) throws Exception {
    Path tokens = Files.createDirectories(folder.resolve("lotkeeper").resolve("tokens"));
    try (LotkeeperServer other = LotkeeperServer.start()) {
      Path file = tokens.resolve(other.address().replace(':', '_'));
      Files.writeString(file, "lk_secret");
      Map<String, String> environment = Map.of("XDG_STATE_HOME", folder.toString());
      for (String mode : new String[] {"rw-------", "rw-r--r--"}) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        try (LotkeeperClient client = new ClientBuilder(other.address()).environment(environment).build()) {
          LotkeeperException refused = assertThrows(LotkeeperException.class, () -> permissions(client));
          assertEquals(Status.Code.UNAUTHENTICATED, refused.code());
          assertTrue(refused.getMessage().contains("development token"), refused::getMessage);
        }
      }
    }
  }
}
