package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.lotkeeper.inventory.v1.ErrorReason;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReasonTest {
  private static final Set<Reason> OF_THE_CLIENT = EnumSet.of(Reason.NONE, Reason.UNKNOWN, Reason.CLIENT_CLOSED);

  private static Set<String> known() {
    return EnumSet.complementOf(EnumSet.copyOf(OF_THE_CLIENT)).stream()
        .map(Reason::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The two cannot drift apart: a new refusal fails here until the client knows it. */
  @Test
  void theReasonsAreThoseOfTheContract() {
    Set<String> written =
        Arrays.stream(ErrorReason.values())
            .filter(one -> one != ErrorReason.UNRECOGNIZED && one != ErrorReason.ERROR_REASON_UNSPECIFIED)
            .map(one -> one.name().replaceFirst("ERROR_REASON_", ""))
            .collect(Collectors.toCollection(TreeSet::new));

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
