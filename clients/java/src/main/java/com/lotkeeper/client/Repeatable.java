package com.lotkeeper.client;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import java.util.Set;
import java.util.UUID;

/** Which calls may be sent again when their outcome is not known: those that only read, and those with a request id. */
final class Repeatable {
  private static final Set<String> READING =
      Set.of("Get", "List", "Summarize", "Check", "Convert", "Validate", "Export", "Watch");
  private static final String REQUEST_ID = "request_id";

  private Repeatable() {}

  /** Whether a method only reads; by the verb that its name begins with. */
  static boolean reads(MethodDescriptor<?, ?> method) {
    String name = method.getBareMethodName();
    return method.isSafe() || (name != null && READING.stream().anyMatch(verb -> begins(name, verb)));
  }

  private static boolean begins(String name, String verb) {
    return name.startsWith(verb) && name.length() > verb.length() && Character.isUpperCase(name.charAt(verb.length()));
  }

  /** Whether a request can carry a request id, so that a repeat of it is safe. */
  static boolean carriesRequestId(Message request) {
    Descriptor descriptor = request.getDescriptorForType();
    return descriptor.findFieldByName(REQUEST_ID) != null || descriptor.findFieldByName("requests") != null;
  }

  /** The request, with a new request id in each place that can have one and has none. */
  @SuppressWarnings("unchecked")
  static <Q extends Message> Q withRequestId(Q request) {
    FieldDescriptor items = request.getDescriptorForType().findFieldByName("requests");
    if (items != null) {
      Message.Builder builder = request.toBuilder();
      for (int index = 0; index < request.getRepeatedFieldCount(items); index++) {
        Message item = (Message) request.getRepeatedField(items, index);
        builder.setRepeatedField(items, index, withRequestId(item));
      }
      return (Q) builder.build();
    }
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(REQUEST_ID);
    if (field == null || !request.getField(field).equals("")) {
      return request;
    }
    return (Q) request.toBuilder().setField(field, newRequestId()).build();
  }

  /** A UUID of version 7: it begins with the time, so that the server's store has those of a moment side by side. */
  private static String newRequestId() {
    UUID chance = UUID.randomUUID();
    String millis = hex(System.currentTimeMillis(), 12);
    return millis + "7" + hex(chance.getMostSignificantBits(), 3) + "8" + hex(chance.getLeastSignificantBits(), 15);
  }

  private static String hex(long number, int digits) {
    long bound = 1L << (4 * digits);
    return Long.toHexString(bound | (number & (bound - 1))).substring(1);
  }
}
