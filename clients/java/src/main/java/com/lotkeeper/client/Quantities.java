package com.lotkeeper.client;

import com.google.type.Decimal;
import java.math.BigDecimal;

/** Quantities, exactly: messages have them as text beside a double. */
public final class Quantities {
  private static final int PLAIN_DIGITS_MAX = 64;

  private Quantities() {}

  /**
   * A quantity as requests have it: {@code builder.setExactQuantity(Quantities.exact(kilograms))}.
   *
   * @param quantity with six decimals at most
   * @return the same as text
   */
  public static Decimal exact(BigDecimal quantity) {
    boolean isShort = Math.abs((long) quantity.precision() - quantity.scale()) < PLAIN_DIGITS_MAX;
    String text = isShort ? quantity.toPlainString() : quantity.toString();
    return Decimal.newBuilder().setValue(text).build();
  }

  /**
   * A quantity of an answer: {@code Quantities.decimal(record.getExactQuantity())}.
   *
   * @param exact of a field whose name begins with {@code exact_}
   * @return the same as a number
   * @throws NumberFormatException where the field is not set
   */
  public static BigDecimal decimal(Decimal exact) {
    return new BigDecimal(exact.getValue());
  }
}
