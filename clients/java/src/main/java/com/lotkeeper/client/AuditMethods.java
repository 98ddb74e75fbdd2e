package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.AuditEvent;
import com.lotkeeper.inventory.v1.AuditServiceGrpc;
import com.lotkeeper.inventory.v1.ListAuditEventsRequest;
import com.lotkeeper.inventory.v1.ListAuditEventsResponse;
import com.lotkeeper.inventory.v1.WatchAuditEventsRequest;
import com.lotkeeper.inventory.v1.WatchAuditEventsResponse;
import java.util.concurrent.CompletableFuture;

/**
 * Who did or tried what, from where, when, with what result. Events are only added: no method changes or deletes one.
 * An event does not say where it happened, so a role that is limited to locations does not allow to read them:
 * PERMISSION_DENIED with {@code scope}. Credentials, deadlines, repeats and keepalive: see InventoryOperationService.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class AuditMethods {
  private final Calls calls;

  AuditMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * Lists events newest first, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<AuditEvent> listAuditEvents(ListAuditEventsRequest request) {
    return calls.pages(AuditServiceGrpc.getListAuditEventsMethod(), request, ListAuditEventsResponse::getAuditEventsList);
  }

  /**
   * One page of {@link #listAuditEvents}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListAuditEventsResponse listAuditEventsPage(ListAuditEventsRequest request) {
    return calls.call(AuditServiceGrpc.getListAuditEventsMethod(), request);
  }

  /**
   * As {@link #listAuditEventsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListAuditEventsResponse> listAuditEventsPageAsync(ListAuditEventsRequest request) {
    return calls.callAsync(AuditServiceGrpc.getListAuditEventsMethod(), request);
  }

  /**
   * Every event once, as it is written, across losses of connections and servers by its resume_token. Refusals:
   * RESUME_TOKEN_EXPIRED where events behind the token were archived.
   *
   * @param request the filters, and where to begin
   * @return goes on by itself after a loss of the connection; connects when it is read
   */
  public Watch<WatchAuditEventsResponse> watchAuditEvents(WatchAuditEventsRequest request) {
    return calls.watch(AuditServiceGrpc.getWatchAuditEventsMethod(), request);
  }
}
