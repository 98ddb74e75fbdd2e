package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.AnnotateInventoryLotRecordRequest;
import com.lotkeeper.inventory.v1.AnnotateInventoryLotRecordResponse;
import com.lotkeeper.inventory.v1.CheckLocationHasCapacityRequest;
import com.lotkeeper.inventory.v1.CheckLocationHasCapacityResponse;
import com.lotkeeper.inventory.v1.DeleteLotRequest;
import com.lotkeeper.inventory.v1.DeleteLotResponse;
import com.lotkeeper.inventory.v1.ExecuteInventoryActionsRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryActionsResponse;
import com.lotkeeper.inventory.v1.GetInventoryLotRecordRequest;
import com.lotkeeper.inventory.v1.GetInventoryLotRecordResponse;
import com.lotkeeper.inventory.v1.GetLotRequest;
import com.lotkeeper.inventory.v1.GetLotResponse;
import com.lotkeeper.inventory.v1.Inventory;
import com.lotkeeper.inventory.v1.InventoryLot;
import com.lotkeeper.inventory.v1.InventoryLotRecord;
import com.lotkeeper.inventory.v1.InventoryServiceGrpc;
import com.lotkeeper.inventory.v1.InventorySummary;
import com.lotkeeper.inventory.v1.ListInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.ListInventoryLotRecordsResponse;
import com.lotkeeper.inventory.v1.ListInventoryRequest;
import com.lotkeeper.inventory.v1.ListInventoryResponse;
import com.lotkeeper.inventory.v1.ListLotsRequest;
import com.lotkeeper.inventory.v1.ListLotsResponse;
import com.lotkeeper.inventory.v1.ReverseInventoryLotRecordRequest;
import com.lotkeeper.inventory.v1.ReverseInventoryLotRecordResponse;
import com.lotkeeper.inventory.v1.SaveLotRequest;
import com.lotkeeper.inventory.v1.SaveLotResponse;
import com.lotkeeper.inventory.v1.SetInventoryMetadataRequest;
import com.lotkeeper.inventory.v1.SetInventoryMetadataResponse;
import com.lotkeeper.inventory.v1.SummarizeInventoryRequest;
import com.lotkeeper.inventory.v1.SummarizeInventoryResponse;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsRequest;
import com.lotkeeper.inventory.v1.WatchInventoryLotRecordsResponse;
import java.util.concurrent.CompletableFuture;

/**
 * Lots, stock and history. Credentials, deadlines, repeats and keepalive: see InventoryOperationService.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class InventoryMethods {
  private final Calls calls;

  InventoryMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * Applies actions in their order, each seeing the effects of those before it, in one transaction: all or nothing.
   * Each needs its type's own permission, which is checked before the shape of the request. Refusals carry the {@code
   * index} of the refused action; they are those of ExecuteInventoryOperation, and NAME_TAKEN for a SPLIT.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ExecuteInventoryActionsResponse executeInventoryActions(ExecuteInventoryActionsRequest request) {
    return calls.call(InventoryServiceGrpc.getExecuteInventoryActionsMethod(), request);
  }

  /**
   * As {@link #executeInventoryActions}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ExecuteInventoryActionsResponse> executeInventoryActionsAsync(
      ExecuteInventoryActionsRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getExecuteInventoryActionsMethod(), request);
  }

  /**
   * Undoes a completed record by a new one with the opposite changes; that of a MERGE also puts back the receiving
   * lot's expiration date and the status of the lot that it closed, where they are still what it made them. Refusals in
   * addition to those of stock and capacity: INVENTORY_LOT_RECORD_NOT_FOUND, ALREADY_REVERSED, NOT_REVERSIBLE,
   * LOCATION_HOLDS_ANOTHER_LOT.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ReverseInventoryLotRecordResponse reverseInventoryLotRecord(ReverseInventoryLotRecordRequest request) {
    return calls.call(InventoryServiceGrpc.getReverseInventoryLotRecordMethod(), request);
  }

  /**
   * As {@link #reverseInventoryLotRecord}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ReverseInventoryLotRecordResponse> reverseInventoryLotRecordAsync(
      ReverseInventoryLotRecordRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getReverseInventoryLotRecordMethod(), request);
  }

  /**
   * Changes a record's notes and spares; nothing else of a record ever changes.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public AnnotateInventoryLotRecordResponse annotateInventoryLotRecord(AnnotateInventoryLotRecordRequest request) {
    return calls.call(InventoryServiceGrpc.getAnnotateInventoryLotRecordMethod(), request);
  }

  /**
   * As {@link #annotateInventoryLotRecord}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<AnnotateInventoryLotRecordResponse> annotateInventoryLotRecordAsync(
      AnnotateInventoryLotRecordRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getAnnotateInventoryLotRecordMethod(), request);
  }

  /**
   * Changes the name and the production order of an inventory row. If there is no row: INVENTORY_NOT_FOUND.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SetInventoryMetadataResponse setInventoryMetadata(SetInventoryMetadataRequest request) {
    return calls.call(InventoryServiceGrpc.getSetInventoryMetadataMethod(), request);
  }

  /**
   * As {@link #setInventoryMetadata}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SetInventoryMetadataResponse> setInventoryMetadataAsync(
      SetInventoryMetadataRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getSetInventoryMetadataMethod(), request);
  }

  /**
   * Lists stock in the order of location ids, then lot ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<Inventory> listInventory(ListInventoryRequest request) {
    return calls.pages(InventoryServiceGrpc.getListInventoryMethod(), request, ListInventoryResponse::getInventoryList);
  }

  /**
   * One page of {@link #listInventory}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListInventoryResponse listInventoryPage(ListInventoryRequest request) {
    return calls.call(InventoryServiceGrpc.getListInventoryMethod(), request);
  }

  /**
   * As {@link #listInventoryPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListInventoryResponse> listInventoryPageAsync(ListInventoryRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getListInventoryMethod(), request);
  }

  /**
   * Lists records, newest first, ordered by the moment of their end (for a RUNNING one, of its start), then by id; in
   * pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<InventoryLotRecord> listInventoryLotRecords(ListInventoryLotRecordsRequest request) {
    return calls.pages(InventoryServiceGrpc.getListInventoryLotRecordsMethod(), request, ListInventoryLotRecordsResponse::getInventoryLotRecordsList);
  }

  /**
   * One page of {@link #listInventoryLotRecords}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListInventoryLotRecordsResponse listInventoryLotRecordsPage(ListInventoryLotRecordsRequest request) {
    return calls.call(InventoryServiceGrpc.getListInventoryLotRecordsMethod(), request);
  }

  /**
   * As {@link #listInventoryLotRecordsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListInventoryLotRecordsResponse> listInventoryLotRecordsPageAsync(
      ListInventoryLotRecordsRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getListInventoryLotRecordsMethod(), request);
  }

  /**
   * Reads a record.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetInventoryLotRecordResponse getInventoryLotRecord(GetInventoryLotRecordRequest request) {
    return calls.call(InventoryServiceGrpc.getGetInventoryLotRecordMethod(), request);
  }

  /**
   * As {@link #getInventoryLotRecord}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetInventoryLotRecordResponse> getInventoryLotRecordAsync(
      GetInventoryLotRecordRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getGetInventoryLotRecordMethod(), request);
  }

  /**
   * Streams every completed record once, when it is completed, in the one order in which completions took effect. Ends
   * only when the caller or the server ends it. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what a filter names,
   * RESUME_TOKEN_EXPIRED.
   *
   * @param request the filters, and where to begin
   * @return goes on by itself after a loss of the connection; connects when it is read
   */
  public Watch<WatchInventoryLotRecordsResponse> watchInventoryLotRecords(WatchInventoryLotRecordsRequest request) {
    return calls.watch(InventoryServiceGrpc.getWatchInventoryLotRecordsMethod(), request);
  }

  /**
   * Says whether a location has room for a quantity, by the same rule that applies when stock rises there.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public CheckLocationHasCapacityResponse checkLocationHasCapacity(CheckLocationHasCapacityRequest request) {
    return calls.call(InventoryServiceGrpc.getCheckLocationHasCapacityMethod(), request);
  }

  /**
   * As {@link #checkLocationHasCapacity}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<CheckLocationHasCapacityResponse> checkLocationHasCapacityAsync(
      CheckLocationHasCapacityRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getCheckLocationHasCapacityMethod(), request);
  }

  /**
   * Creates a lot where no id is given, otherwise updates it. An update that changes its status needs
   * INVENTORY.WRITE.STATUS_CHANGE, too, and writes a STATUS_CHANGE record. Refusals: INVALID_ARGUMENT, the NOT_FOUND of
   * what it names, VERSION_CONFLICT, NAME_TAKEN, IMMUTABLE_FIELD, PERMISSION_DENIED.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveLotResponse saveLot(SaveLotRequest request) {
    return calls.call(InventoryServiceGrpc.getSaveLotMethod(), request);
  }

  /**
   * As {@link #saveLot}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveLotResponse> saveLotAsync(SaveLotRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getSaveLotMethod(), request);
  }

  /**
   * Reads a lot.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetLotResponse getLot(GetLotRequest request) {
    return calls.call(InventoryServiceGrpc.getGetLotMethod(), request);
  }

  /**
   * As {@link #getLot}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetLotResponse> getLotAsync(GetLotRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getGetLotMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<InventoryLot> listLots(ListLotsRequest request) {
    return calls.pages(InventoryServiceGrpc.getListLotsMethod(), request, ListLotsResponse::getLotsList);
  }

  /**
   * One page of {@link #listLots}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListLotsResponse listLotsPage(ListLotsRequest request) {
    return calls.call(InventoryServiceGrpc.getListLotsMethod(), request);
  }

  /**
   * As {@link #listLotsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListLotsResponse> listLotsPageAsync(ListLotsRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getListLotsMethod(), request);
  }

  /**
   * Deletes a lot. Refused where something refers to it (REFERENCED) or it has another version (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteLotResponse deleteLot(DeleteLotRequest request) {
    return calls.call(InventoryServiceGrpc.getDeleteLotMethod(), request);
  }

  /**
   * As {@link #deleteLot}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteLotResponse> deleteLotAsync(DeleteLotRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getDeleteLotMethod(), request);
  }

  /**
   * Sums stock by material, lot, location or status, in pages, each a snapshot. Sums are exact, in the material's unit
   * (a lot's where it has none), and rounded once. Rows below zero count.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<InventorySummary> summarizeInventory(SummarizeInventoryRequest request) {
    return calls.pages(InventoryServiceGrpc.getSummarizeInventoryMethod(), request, SummarizeInventoryResponse::getInventorySummariesList);
  }

  /**
   * One page of {@link #summarizeInventory}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SummarizeInventoryResponse summarizeInventoryPage(SummarizeInventoryRequest request) {
    return calls.call(InventoryServiceGrpc.getSummarizeInventoryMethod(), request);
  }

  /**
   * As {@link #summarizeInventoryPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SummarizeInventoryResponse> summarizeInventoryPageAsync(SummarizeInventoryRequest request) {
    return calls.callAsync(InventoryServiceGrpc.getSummarizeInventoryMethod(), request);
  }
}
