package com.lotkeeper.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A call that was refused, or failed.
 *
 * <p>Program against {@link #reason()}; where that is {@link Reason#UNKNOWN} or {@link Reason#NONE}, against {@link
 * #code()}; never against the message. A refusal changes nothing.
 */
public final class LotkeeperException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Status.Code code;
  private final String reasonText;
  private final String refusal;
  private final Map<String, String> metadata;
  private final List<FieldViolation> fieldViolations;
  private final Duration retryDelay;
  private transient boolean lasting;

  LotkeeperException(
      Status.Code code,
      String reasonText,
      String refusal,
      Map<String, String> metadata,
      List<FieldViolation> fieldViolations,
      Duration retryDelay,
      Throwable cause) {
    super((reasonText.isEmpty() ? code.name() : reasonText) + ": " + refusal, cause);
    this.code = code;
    this.reasonText = reasonText;
    this.refusal = refusal;
    this.metadata = Map.copyOf(metadata);
    this.fieldViolations = List.copyOf(fieldViolations);
    this.retryDelay = retryDelay;
  }

  /** A failure of the client itself, or of gRPC, which has no details. */
  static LotkeeperException failure(Status.Code code, String message, Throwable cause) {
    return new LotkeeperException(code, "", message, Map.of(), List.of(), null, cause);
  }

  static LotkeeperException closed() {
    String reason = Reason.CLIENT_CLOSED.name();
    return new LotkeeperException(
        Status.Code.CANCELLED, reason, "the client is closed", Map.of(), List.of(), null, null);
  }

  /**
   * The exception for a status inside an answer: that of one request of a batch.
   *
   * @param status of {@code BatchExecuteResult.getStatus()}
   * @return the same exception that a single call throws
   */
  public static LotkeeperException of(com.google.rpc.Status status) {
    return StatusReading.read(status, null);
  }

  /**
   * The exception for a failure that a stub of gRPC reported.
   *
   * @param failure what it threw
   * @return the same exception that this client throws
   */
  public static LotkeeperException of(StatusRuntimeException failure) {
    return StatusReading.read(failure.getStatus(), failure.getTrailers());
  }

  /** That it will not pass by waiting. */
  LotkeeperException lasting() {
    lasting = true;
    return this;
  }

  boolean isLasting() {
    return lasting;
  }

  /** The same words, for a thread that waited: with its own stack, and this one as the cause. */
  LotkeeperException thrownAgain() {
    return new LotkeeperException(code, reasonText, refusal, metadata, fieldViolations, retryDelay, this);
  }

  /** The same refusal in other words. */
  LotkeeperException saying(String words, List<FieldViolation> violations) {
    return new LotkeeperException(code, reasonText, words, metadata, violations, retryDelay, getCause());
  }

  /**
   * What gRPC calls it.
   *
   * @return the status code
   */
  public Status.Code code() {
    return code;
  }

  /**
   * Why it was refused.
   *
   * @return {@link Reason#NONE} where gRPC itself failed, {@link Reason#UNKNOWN} for one that this version does not know
   */
  public Reason reason() {
    return Reason.of(reasonText);
  }

  /**
   * The reason as the server said it, for those that this version does not know.
   *
   * @return such as {@code INSUFFICIENT_INVENTORY}; empty where gRPC itself failed
   */
  public String reasonText() {
    return reasonText;
  }

  /**
   * The message without the reason in front.
   *
   * @return a sentence for people
   */
  public String refusal() {
    return refusal;
  }

  /**
   * The values concerned, by names that the list of refusals gives for each reason.
   *
   * @return texts; cannot be changed
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * The wrong fields of the request.
   *
   * @return empty where the request is not at fault; cannot be changed
   */
  public List<FieldViolation> fieldViolations() {
    return fieldViolations;
  }

  /**
   * After how long a retry makes sense.
   *
   * @return empty where the server does not say so; an hour at most
   */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  /**
   * Which item of a batch, or of a list of actions, was the first refused one.
   *
   * @return counted from 0; empty where no item was refused
   */
  public OptionalInt index() {
    String index = metadata.get("index");
    return index == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(index));
  }
}
