package com.lotkeeper.client;

import java.io.Serializable;
import java.util.Objects;

/** One wrong field of a request. */
public final class FieldViolation implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String field;
  private final String reason;
  private final String description;

  /**
   * Made by the client.
   *
   * @param field its path in the request, such as {@code requests[3].quantity}
   * @param reason the same for programs, such as {@code OUT_OF_RANGE}
   * @param description what is wrong, in a sentence
   */
  public FieldViolation(String field, String reason, String description) {
    this.field = Objects.requireNonNull(field);
    this.reason = Objects.requireNonNull(reason);
    this.description = Objects.requireNonNull(description);
  }

  /**
   * Where it is.
   *
   * @return its path in the request, such as {@code requests[3].quantity}
   */
  public String field() {
    return field;
  }

  /**
   * Why its value is refused.
   *
   * @return a {@code FieldReason} of the contract without its prefix, such as {@code REQUIRED}; where the request itself is
   *     not wrong, the {@link Reason} of the refusal; empty from an older server
   */
  public String reason() {
    return reason;
  }

  /**
   * What is wrong.
   *
   * @return a sentence for people
   */
  public String description() {
    return description;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof FieldViolation
        && field.equals(((FieldViolation) other).field)
        && reason.equals(((FieldViolation) other).reason)
        && description.equals(((FieldViolation) other).description);
  }

  @Override
  public int hashCode() {
    return Objects.hash(field, reason, description);
  }

  @Override
  public String toString() {
    return field + ": " + description;
  }
}
