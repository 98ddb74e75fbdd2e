package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReasonTest {
  private static final Pattern ROW = Pattern.compile("^\\| `([A-Z_]+)` \\|", Pattern.MULTILINE);
  private static final Pattern NOT_FOUND = Pattern.compile("`([A-Z_]+_NOT_FOUND)`");
  private static final Set<Reason> OF_THE_CLIENT = EnumSet.of(Reason.NONE, Reason.UNKNOWN, Reason.CLIENT_CLOSED);

  private static Set<String> known() {
    return EnumSet.complementOf(EnumSet.copyOf(OF_THE_CLIENT)).stream()
        .map(Reason::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The two cannot drift apart: a new refusal fails here until the client knows it. */
  @Test
  void theReasonsAreThoseOfTheGuide() throws Exception {
    String guide = Files.readString(Path.of("..", "..", "docs", "errors.md"));
    Set<String> written = new TreeSet<>();
    for (Pattern pattern : new Pattern[] {ROW, NOT_FOUND}) {
      Matcher found = pattern.matcher(guide);
      while (found.find()) {
        written.add(found.group(1));
      }
    }
    assertTrue(written.size() > 60, written::toString);
    assertEquals(written, known());
  }

  @Test
  void aReasonOfALaterServerIsToldAsItIs() {
    LotkeeperException refused =
        LotkeeperException.of(
            com.google.rpc.Status.newBuilder()
                .setCode(9)
                .setMessage("the moon is full")
                .addDetails(
                    com.google.protobuf.Any.pack(
                        com.google.rpc.ErrorInfo.newBuilder()
                            .setDomain("lotkeeper")
                            .setReason("FULL_MOON")
                            .putMetadata("index", "3")
                            .build()))
                .build());

    assertEquals(Reason.UNKNOWN, refused.reason());
    assertEquals("FULL_MOON", refused.reasonText());
    assertEquals(3, refused.index().getAsInt());
    assertEquals("FULL_MOON: the moon is full", refused.getMessage());
  }
}
