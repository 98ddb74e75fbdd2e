package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.GetLotTraceGraphRequest;
import com.lotkeeper.inventory.v1.GetLotTraceGraphResponse;
import com.lotkeeper.inventory.v1.HoldTracedLotsRequest;
import com.lotkeeper.inventory.v1.HoldTracedLotsResponse;
import com.lotkeeper.inventory.v1.ListTerminalLotsRequest;
import com.lotkeeper.inventory.v1.ListTerminalLotsResponse;
import com.lotkeeper.inventory.v1.TraceNode;
import com.lotkeeper.inventory.v1.TraceServiceGrpc;
import java.util.concurrent.CompletableFuture;

/**
 * Genealogy: which lots went into which. Credentials, deadlines, repeats and keepalive: see InventoryOperationService.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class TraceMethods {
  private final Calls calls;

  TraceMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * The lots that a lot came from or went into, and how much of them, as a graph, also through production orders. Safe
   * in cycles.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetLotTraceGraphResponse getLotTraceGraph(GetLotTraceGraphRequest request) {
    return calls.call(TraceServiceGrpc.getGetLotTraceGraphMethod(), request);
  }

  /**
   * As {@link #getLotTraceGraph}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetLotTraceGraphResponse> getLotTraceGraphAsync(GetLotTraceGraphRequest request) {
    return calls.callAsync(TraceServiceGrpc.getGetLotTraceGraphMethod(), request);
  }

  /**
   * The lots at the ends of a trace: those that came from nowhere, or went nowhere.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<TraceNode> listTerminalLots(ListTerminalLotsRequest request) {
    return calls.pages(TraceServiceGrpc.getListTerminalLotsMethod(), request, ListTerminalLotsResponse::getNodesList);
  }

  /**
   * One page of {@link #listTerminalLots}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListTerminalLotsResponse listTerminalLotsPage(ListTerminalLotsRequest request) {
    return calls.call(TraceServiceGrpc.getListTerminalLotsMethod(), request);
  }

  /**
   * As {@link #listTerminalLotsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListTerminalLotsResponse> listTerminalLotsPageAsync(ListTerminalLotsRequest request) {
    return calls.callAsync(TraceServiceGrpc.getListTerminalLotsMethod(), request);
  }

  /**
   * Holds a lot and all lots that a trace reaches: those that are OPEN, AVAILABLE or EXPIRED get QA_HOLD, with a
   * STATUS_CHANGE record each, in one transaction. What consumes one of them at the same moment is either reached or
   * refused. Also needs INVENTORY.WRITE.STATUS_CHANGE. Refusals: the NOT_FOUND of what it names, TRACE_TRUNCATED,
   * TOO_MANY_RECORDS, COMMENTS_REQUIRED.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public HoldTracedLotsResponse holdTracedLots(HoldTracedLotsRequest request) {
    return calls.call(TraceServiceGrpc.getHoldTracedLotsMethod(), request);
  }

  /**
   * As {@link #holdTracedLots}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<HoldTracedLotsResponse> holdTracedLotsAsync(HoldTracedLotsRequest request) {
    return calls.callAsync(TraceServiceGrpc.getHoldTracedLotsMethod(), request);
  }
}
