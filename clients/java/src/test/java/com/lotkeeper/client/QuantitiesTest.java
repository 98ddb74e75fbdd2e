package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.Timestamp;
import java.math.BigDecimal;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantitiesTest {
  @ParameterizedTest
  @CsvSource({"0.000001, 0.000001", "1E+3, 1000", "-90000000001.099997, -90000000001.099997", "1E+400, 1E+400"})
  void aQuantityIsSentAsPlainDigitsUnlessTheyWereVeryMany(BigDecimal quantity, String text) {
    assertEquals(text, Quantities.exact(quantity).getValue());
    assertEquals(0, quantity.compareTo(Quantities.decimal(Quantities.exact(quantity))));
  }

  @Test
  void momentsAreCutToMilliseconds() {
    Instant moment = Instant.parse("1969-12-31T23:59:59.999999999Z");
    assertEquals(-1, Moments.millis(moment));
    assertEquals(Timestamp.newBuilder().setSeconds(-1).setNanos(999_000_000).build(), Moments.timestamp(moment));
    assertEquals(Instant.parse("1969-12-31T23:59:59.999Z"), Moments.instant(Moments.timestamp(moment)));
  }
}
