package com.lotkeeper.client;

import java.io.Serializable;
import java.util.Objects;

/** One wrong field of a request. */
public final class FieldViolation implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String field;
  private final String description;

  /**
   * Made by the client.
   *
   * @param field its path in the request, such as {@code requests[3].quantity}
   * @param description what is wrong, in a sentence
   */
  public FieldViolation(String field, String description) {
    this.field = Objects.requireNonNull(field);
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
        && description.equals(((FieldViolation) other).description);
  }

  @Override
  public int hashCode() {
    return Objects.hash(field, description);
  }

  @Override
  public String toString() {
    return field + ": " + description;
  }
}
