package com.lotkeeper.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a failed call says, as an exception. */
final class StatusReading {
  /** No server is waited for longer before it is asked again, whatever it says. */
  static final Duration RETRY_DELAY_MAX = Duration.ofHours(1);

  private StatusReading() {}

  /** A connection that has ended just before a call is told as UNKNOWN: nobody has answered that call. */
  static Status ofNetwork(Status status) {
    boolean ended = status.getCode() == Status.Code.UNKNOWN && status.getCause() instanceof ClosedChannelException;
    return ended
        ? Status.UNAVAILABLE.withDescription(status.getDescription()).withCause(status.getCause())
        : status;
  }

  static LotkeeperException read(Status status, Metadata trailers) {
    return read(status, trailers, details(status, trailers));
  }

  private static com.google.rpc.Status details(Status status, Metadata trailers) {
    try {
      return StatusProto.fromStatusAndTrailers(status, trailers);
    } catch (IllegalArgumentException unreadable) {
      return null; // or those of another status: what gRPC says counts
    }
  }

  /** The details count where they are those of the status; otherwise what gRPC says. */
  static LotkeeperException read(Status status, Metadata trailers, com.google.rpc.Status details) {
    Throwable cause = trailers == null ? status.asRuntimeException() : status.asRuntimeException(trailers);
    if (details == null || details.getDetailsCount() == 0 || details.getCode() != status.getCode().value()) {
      String said = status.getDescription();
      if (said == null) {
        said = status.getCause() == null ? status.getCode().name() : String.valueOf(status.getCause().getMessage());
      }
      return LotkeeperException.failure(status.getCode(), said, cause);
    }
    return read(details, cause);
  }

  static LotkeeperException read(com.google.rpc.Status status, Throwable cause) {
    String reason = "";
    Map<String, String> metadata = Map.of();
    List<FieldViolation> violations = new ArrayList<>();
    Duration delay = null;
    for (Any detail : status.getDetailsList()) {
      try {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          reason = info.getReason();
          metadata = info.getMetadataMap();
        } else if (detail.is(BadRequest.class)) {
          for (BadRequest.FieldViolation one : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            violations.add(new FieldViolation(one.getField(), one.getReason(), one.getDescription()));
          }
        } else if (detail.is(RetryInfo.class)) {
          delay = within(detail.unpack(RetryInfo.class).getRetryDelay());
        }
      } catch (InvalidProtocolBufferException unreadable) {
        continue; // what cannot be read says nothing
      }
    }
    Status.Code code = Status.fromCodeValue(status.getCode()).getCode();
    return new LotkeeperException(code, reason, status.getMessage(), metadata, violations, delay, cause);
  }

  private static Duration within(com.google.protobuf.Duration said) {
    if (said.getSeconds() < 0 || said.getNanos() < 0) {
      return Duration.ZERO;
    }
    if (said.getSeconds() >= RETRY_DELAY_MAX.getSeconds()) {
      return RETRY_DELAY_MAX;
    }
    return Duration.ofSeconds(said.getSeconds(), Math.min(said.getNanos(), 999_999_999));
  }
}
