package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.grpc.Status;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;

class StatusReadingTest {
  /** As gRPC's transport tells it; a call that may be repeated is, then. */
  @Test
  void aConnectionThatEndsJustBeforeACallIsNobodyWhoAnswers() {
    Status told = Status.UNKNOWN.withDescription("channel closed").withCause(new ClosedChannelException());
    assertEquals(Status.Code.UNAVAILABLE, StatusReading.ofNetwork(told).getCode());
    assertEquals("channel closed", StatusReading.ofNetwork(told).getDescription());
  }

  @Test
  void whatAServerSaysStays() {
    Status unknown = Status.UNKNOWN.withDescription("channel closed");
    assertSame(unknown, StatusReading.ofNetwork(unknown));
    assertSame(Status.INTERNAL, StatusReading.ofNetwork(Status.INTERNAL));
  }
}
