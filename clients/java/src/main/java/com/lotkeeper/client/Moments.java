package com.lotkeeper.client;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Moments: requests have them in ms since the epoch, entities and answers as timestamps. What is finer is cut off. */
public final class Moments {
  private static final int NANOS_OF_MILLI = 1_000_000;

  private Moments() {}

  /**
   * A moment as requests have it: {@code builder.setEndDateMillis(Moments.millis(end))}.
   *
   * @param moment any
   * @return ms since the epoch
   */
  public static long millis(Instant moment) {
    return moment.toEpochMilli();
  }

  /**
   * A moment as entities have it: {@code lot.setExpirationDate(Moments.timestamp(end))}.
   *
   * @param moment any
   * @return the same, cut to ms
   */
  public static Timestamp timestamp(Instant moment) {
    int nanos = moment.getNano() / NANOS_OF_MILLI * NANOS_OF_MILLI;
    return Timestamp.newBuilder().setSeconds(moment.getEpochSecond()).setNanos(nanos).build();
  }

  /**
   * A moment of an answer: {@code Moments.instant(record.getEndDate())}; ask {@code record.hasEndDate()} before.
   *
   * @param timestamp of a message
   * @return the same
   */
  public static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }
}
