package com.lotkeeper.client;

import java.util.HashMap;
import java.util.Map;

/**
 * Why a call was refused.
 *
 * <p>The guide of refusals says of each what its metadata are, and what to do about it. A later server may have reasons
 * that this version does not know: {@link #UNKNOWN}; decide by the code then.
 */
public enum Reason {
  /** gRPC itself failed: nobody answered, say. The code says how. */
  NONE,
  /** A reason that this version does not know; {@link LotkeeperException#reasonText()} says it. */
  UNKNOWN,
  /** This client was closed, before the call or while it waited; what was sent may have been done. */
  CLIENT_CLOSED,
  /**
   * Missing, malformed, too long, out of range, unknown; bytes that are not a message; a page token of another
   * request; a quantity that is missing, zero or rounds to zero; an exact_quantity that is no number, has more than
   * six decimals or is another double than the quantity beside it; a time outside the limits; the primary lot as its
   * own secondary lot.
   */
  INVALID_ARGUMENT,
  /** A lot that the operation's strategy cannot supply, or that an action needs, was not given. */
  LOT_REQUIRED,
  /** Neither given nor configured; or a lot is given by name, but not its material. */
  MATERIAL_REQUIRED,
  /** The operation, the order, the material and the lot all have no unit of measure. */
  UNIT_REQUIRED,
  /** A different material than the one configured in a STATIC operation. */
  MATERIAL_CONFLICT,
  /** The lot belongs to another material. */
  LOT_MATERIAL_MISMATCH,
  /** The request id took effect for a different request. */
  REQUEST_ID_REUSED,
  /** There is no such lot. */
  LOT_NOT_FOUND,
  /** There is no such record. */
  INVENTORY_LOT_RECORD_NOT_FOUND,
  /** The lot has no stock at that location. */
  INVENTORY_NOT_FOUND,
  /** There is no such inventory operation. */
  INVENTORY_OPERATION_NOT_FOUND,
  /** There is no such operation. */
  OPERATION_NOT_FOUND,
  /** There is no such location. */
  LOCATION_NOT_FOUND,
  /** There is no such material. */
  MATERIAL_NOT_FOUND,
  /** There is no such material class. */
  MATERIAL_CLASS_NOT_FOUND,
  /** There is no such material reason code. */
  MATERIAL_REASON_CODE_NOT_FOUND,
  /** There is no such production order. */
  PRODUCTION_ORDER_NOT_FOUND,
  /** There is no such unit of measure. */
  UNIT_OF_MEASURE_NOT_FOUND,
  /** There is no such unit of measure conversion. */
  UNIT_OF_MEASURE_CONVERSION_NOT_FOUND,
  /** There is no such role. */
  ROLE_NOT_FOUND,
  /** There is no such token. */
  TOKEN_NOT_FOUND,
  /** There is no such grant. */
  GRANT_NOT_FOUND,
  /** The inventory operation is disabled. */
  OPERATION_DISABLED,
  /** A Start, a change or a delete of an operation that is running. */
  OPERATION_ALREADY_RUNNING,
  /** A Stop or Cancel of an operation that is not running. */
  OPERATION_NOT_RUNNING,
  /** SCRAP_ALL cannot be started. */
  START_NOT_SUPPORTED,
  /** The location that the type needs is not configured. */
  LOCATION_REQUIRED,
  /** A disabled material, lot, location or reason code. */
  DISABLED,
  /**
   * The lot's status does not allow this type: a hold, CLOSED, SHIPPED, EXPIRED. For MOVE: to a location that keeps
   * no stock.
   */
  LOT_STATUS_FORBIDS,
  /**
   * Stock would fall below zero at some moment from the end of the call on; at is the first one, and available the
   * least that there is from that end on. For a pick: the lots that may be picked do not cover the quantity; then
   * there is no lot and no at, and the unit is the requested one.
   */
  INSUFFICIENT_INVENTORY,
  /** An EDIT with an end before that of another one of the same lot at the same location. */
  COUNT_SUPERSEDED,
  /** The lot's expiration date is before the end of the call. */
  LOT_EXPIRED,
  /**
   * The lot that is there has another expiration date, or another number at its supplier, than the call states;
   * field is expiration_date or supplier_lot_name, and stored is empty where the lot has none.
   */
  LOT_DIFFERS,
  /** The location's stock would rise above its capacity. */
  LOCATION_CAPACITY_EXCEEDED,
  /** Another lot has stock at a location that takes one lot at a time. */
  LOCATION_HOLDS_ANOTHER_LOT,
  /** Lots of different material or unit cannot be merged; cause is MATERIAL or UNIT. */
  MERGE_NOT_POSSIBLE,
  /** There is no conversion from one unit to the other. */
  UNIT_NOT_CONVERTIBLE,
  /** The reason code asks for comments, but no notes are given. */
  COMMENTS_REQUIRED,
  /**
   * A call would write more than 1,000 records, a batch more than 4,000, or its answer would be larger than 4 MB;
   * also a repeat, if its notes or names have become so long since.
   */
  TOO_MANY_RECORDS,
  /**
   * A unit cannot become whole_only while there is stock in it that is not a whole number; one such is named.
   */
  NOT_WHOLE,
  /**
   * A hold whose trace would leave something out: it leads on beyond depth, or has more than 10,000 lots and orders,
   * 20,000 edges, or 4 MB of an answer. Nothing is held.
   */
  TRACE_TRUNCATED,
  /** A location with stock cannot become NO_STORAGE. */
  LOCATION_NOT_EMPTY,
  /**
   * A lot's material or unit after its first record; an order's product or unit once something is counted for it;
   * the definition of an operation that is running.
   */
  IMMUTABLE_FIELD,
  /** A parent that is the entity itself or lies below it. */
  HIERARCHY_CYCLE,
  /** The record was reversed before. */
  ALREADY_REVERSED,
  /**
   * cause STATUS: it is not COMPLETED. REVERSAL: it is a reversal itself. TYPE: it is a STATUS_CHANGE. ARCHIVED: it
   * is now in a file of the archive. LOCATION: stock would go to a location that has become NO_STORAGE.
   */
  NOT_REVERSIBLE,
  /** A change of the role admin, or one after which nobody could do everything any more. */
  ADMIN_STAYS,
  /** A delete of something in use; entity is what refers to it. */
  REFERENCED,
  /** A unique name, symbol, code or path is taken. */
  NAME_TAKEN,
  /** A save or delete that names an old version. */
  VERSION_CONFLICT,
  /** The store kept refusing the transaction; nothing was done. */
  CONTENTION,
  /** A stored quantity would reach 9.2e12 units. */
  QUANTITY_OVERFLOW,
  /**
   * Stock at a moment before the latest archived record; also of an EDIT, which counts the stock of its end.
   */
  AS_OF_ARCHIVED,
  /**
   * A watch would have to send records or events that were archived; or, without oldest, the token is of another
   * store or of before a restore.
   */
  RESUME_TOKEN_EXPIRED,
  /**
   * The caller's roles do not grant the permission; with scope not for the place that was named, or it does not
   * exist; with limit a role was to have a larger limit than the caller has. Of a role, token or grant: it allows
   * what the caller may not.
   */
  PERMISSION_DENIED,
  /**
   * The token is missing, unknown, expired or revoked; the answer never says which, but for an issuer's token with a
   * good signature. Streams end with it, too.
   */
  UNAUTHENTICATED,
  /**
   * The server takes no more for now, of this caller or of all: calls that wait, or places for imports, exports or
   * watches; the message says which. Nothing was done.
   */
  OVERLOADED,
  /**
   * A temporary file that an import or export needs finds no room: a quota is used up, which limit names, or the
   * disk is full. Nothing was done.
   */
  NO_TEMPORARY_SPACE,
  /** The server is shutting down; nothing was done, and watches end. */
  SHUTTING_DOWN,
  /** The store cannot be reached; nothing was done, or what was done is unknown; the message says which. */
  STORE_UNAVAILABLE,
  /**
   * From the server: the call was given up before the commit began, nothing was done; also an import or export whose
   * caller does nothing for 30 s, or is slower than it may be. From the caller's own library it has no reason: what
   * was done is unknown.
   */
  DEADLINE_EXCEEDED,
  /** From the server: the caller cancelled before the commit began, nothing was done. */
  CANCELLED,
  /** A fault of the server. */
  INTERNAL;

  private static final Map<String, Reason> BY_NAME = new HashMap<>();

  static {
    for (Reason reason : values()) {
      BY_NAME.put(reason.name(), reason);
    }
  }

  /** The reason of that text. */
  static Reason of(String text) {
    return text.isEmpty() ? NONE : BY_NAME.getOrDefault(text, UNKNOWN);
  }
}
