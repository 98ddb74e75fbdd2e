package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.CancelInventoryOperationRequest;
import com.lotkeeper.inventory.v1.CancelInventoryOperationResponse;
import com.lotkeeper.inventory.v1.DeleteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.DeleteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationResponse;
import com.lotkeeper.inventory.v1.ExportInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ExportInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.GetInventoryOperationReferencesRequest;
import com.lotkeeper.inventory.v1.GetInventoryOperationReferencesResponse;
import com.lotkeeper.inventory.v1.GetInventoryOperationRequest;
import com.lotkeeper.inventory.v1.GetInventoryOperationResponse;
import com.lotkeeper.inventory.v1.GetInventoryOperationStatusRequest;
import com.lotkeeper.inventory.v1.GetInventoryOperationStatusResponse;
import com.lotkeeper.inventory.v1.ImportInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ImportInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.InventoryOperation;
import com.lotkeeper.inventory.v1.InventoryOperationServiceGrpc;
import com.lotkeeper.inventory.v1.ListInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ListInventoryOperationsResponse;
import com.lotkeeper.inventory.v1.ListPermissionsRequest;
import com.lotkeeper.inventory.v1.ListPermissionsResponse;
import com.lotkeeper.inventory.v1.SaveInventoryOperationRequest;
import com.lotkeeper.inventory.v1.SaveInventoryOperationResponse;
import com.lotkeeper.inventory.v1.StartInventoryOperationRequest;
import com.lotkeeper.inventory.v1.StartInventoryOperationResponse;
import com.lotkeeper.inventory.v1.StopInventoryOperationRequest;
import com.lotkeeper.inventory.v1.StopInventoryOperationResponse;
import com.lotkeeper.inventory.v1.ValidateInventoryOperationRequest;
import com.lotkeeper.inventory.v1.ValidateInventoryOperationResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;

/**
 * Inventory operations: configured movements of material lots, and their definitions. How to call any method of any
 * service here: Who calls: send {@code authorization: Bearer TOKEN} in the metadata, with a token of {@code
 * lotkeeper-server token create}, of CreateToken, or of the issuer that the server trusts; or a client certificate,
 * where the server asks for one. What is missing, unknown, expired or revoked is UNAUTHENTICATED, what the roles do not
 * grant PERMISSION_DENIED. Only grpc.health.v1.Health and reflection need no token. Deadlines: give every call one. A
 * call whose deadline has passed for the caller may have been done all the same: its answer was lost, not the call.
 * Send the same request again with the same request_id, which gets the first answer, or does it now. The server's own
 * DEADLINE_EXCEEDED, with a reason, says that nothing was done. Repeats: reads may be repeated. What writes records
 * takes a request_id, and is done once however often it is sent; without one, two calls are two movements. That is why
 * those methods have no idempotency_level: with a request_id they are idempotent, without one not. Keepalive: a client
 * may ping every 10 s, with calls in progress or without, and never meets GOAWAY too_many_pings. 20 to 60 s are good. A
 * connection without a call for 15 min is closed by GOAWAY, and each after 8 h (settings); clients open another one by
 * themselves. Refusals: see ErrorReason. Metadata {@code traceparent} joins the caller's trace. Moments are ms since
 * the epoch in requests, whose names end in _millis, as machines and the source system's call have them; in answers and
 * entities they are Timestamps.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class InventoryOperationMethods {
  private final Calls calls;

  InventoryOperationMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * Runs an inventory operation to completion in one transaction: moves the stock and writes its records. If the
   * operation is running already, stops it instead, like StopInventoryOperation with the quantity, the inventory name
   * and the end date. Give a request_id: a call that timed out may have been done, and only the same request under the
   * same id shows it, or does it once.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ExecuteInventoryOperationResponse executeInventoryOperation(ExecuteInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getExecuteInventoryOperationMethod(), request);
  }

  /**
   * As {@link #executeInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ExecuteInventoryOperationResponse> executeInventoryOperationAsync(
      ExecuteInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getExecuteInventoryOperationMethod(), request);
  }

  /**
   * Starts an operation: writes its record, RUNNING, with quantity 0. No stock moves until it is stopped. Refused with
   * OPERATION_ALREADY_RUNNING, and with START_NOT_SUPPORTED for SCRAP_ALL.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public StartInventoryOperationResponse startInventoryOperation(StartInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getStartInventoryOperationMethod(), request);
  }

  /**
   * As {@link #startInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<StartInventoryOperationResponse> startInventoryOperationAsync(
      StartInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getStartInventoryOperationMethod(), request);
  }

  /**
   * Completes what Start began: applies the quantity to the lots and locations of the running record. If it is refused,
   * everything stays RUNNING.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public StopInventoryOperationResponse stopInventoryOperation(StopInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getStopInventoryOperationMethod(), request);
  }

  /**
   * As {@link #stopInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<StopInventoryOperationResponse> stopInventoryOperationAsync(
      StopInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getStopInventoryOperationMethod(), request);
  }

  /**
   * Ends what Start began and moves no stock. Possible whenever the operation is running.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public CancelInventoryOperationResponse cancelInventoryOperation(CancelInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getCancelInventoryOperationMethod(), request);
  }

  /**
   * As {@link #cancelInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<CancelInventoryOperationResponse> cancelInventoryOperationAsync(
      CancelInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getCancelInventoryOperationMethod(), request);
  }

  /**
   * Runs many Execute requests in order, in one transaction, each seeing the effects of those before it. A batch writes
   * at most 4,000 records.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public BatchExecuteInventoryOperationsResponse batchExecuteInventoryOperations(BatchExecuteInventoryOperationsRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getBatchExecuteInventoryOperationsMethod(), request);
  }

  /**
   * As {@link #batchExecuteInventoryOperations}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<BatchExecuteInventoryOperationsResponse> batchExecuteInventoryOperationsAsync(
      BatchExecuteInventoryOperationsRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getBatchExecuteInventoryOperationsMethod(), request);
  }

  /**
   * Reads a definition and the status of its run.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetInventoryOperationResponse getInventoryOperation(GetInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getGetInventoryOperationMethod(), request);
  }

  /**
   * As {@link #getInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetInventoryOperationResponse> getInventoryOperationAsync(
      GetInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getGetInventoryOperationMethod(), request);
  }

  /**
   * Reads the status of an operation's run: IDLE before the first one, RUNNING after Start, COMPLETED after Execute or
   * Stop, CANCELLED after Cancel. It stays until the next run; an operation that is not RUNNING can be run again.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetInventoryOperationStatusResponse getInventoryOperationStatus(GetInventoryOperationStatusRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getGetInventoryOperationStatusMethod(), request);
  }

  /**
   * As {@link #getInventoryOperationStatus}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetInventoryOperationStatusResponse> getInventoryOperationStatusAsync(
      GetInventoryOperationStatusRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getGetInventoryOperationStatusMethod(), request);
  }

  /**
   * Lists definitions in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<InventoryOperation> listInventoryOperations(ListInventoryOperationsRequest request) {
    return calls.pages(InventoryOperationServiceGrpc.getListInventoryOperationsMethod(), request, ListInventoryOperationsResponse::getInventoryOperationsList);
  }

  /**
   * One page of {@link #listInventoryOperations}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListInventoryOperationsResponse listInventoryOperationsPage(ListInventoryOperationsRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getListInventoryOperationsMethod(), request);
  }

  /**
   * As {@link #listInventoryOperationsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListInventoryOperationsResponse> listInventoryOperationsPageAsync(
      ListInventoryOperationsRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getListInventoryOperationsMethod(), request);
  }

  /**
   * Creates a definition where no id is given, otherwise updates it. While it runs only {@code enabled} and notes may
   * change. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what it names, VERSION_CONFLICT, NAME_TAKEN,
   * LOCATION_REQUIRED, IMMUTABLE_FIELD.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveInventoryOperationResponse saveInventoryOperation(SaveInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getSaveInventoryOperationMethod(), request);
  }

  /**
   * As {@link #saveInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveInventoryOperationResponse> saveInventoryOperationAsync(
      SaveInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getSaveInventoryOperationMethod(), request);
  }

  /**
   * Says everything that SaveInventoryOperation would refuse; writes nothing.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ValidateInventoryOperationResponse validateInventoryOperation(ValidateInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getValidateInventoryOperationMethod(), request);
  }

  /**
   * As {@link #validateInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ValidateInventoryOperationResponse> validateInventoryOperationAsync(
      ValidateInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getValidateInventoryOperationMethod(), request);
  }

  /**
   * Deletes a definition. Refused while it runs (OPERATION_ALREADY_RUNNING) or records refer to it (REFERENCED).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteInventoryOperationResponse deleteInventoryOperation(DeleteInventoryOperationRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getDeleteInventoryOperationMethod(), request);
  }

  /**
   * As {@link #deleteInventoryOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteInventoryOperationResponse> deleteInventoryOperationAsync(
      DeleteInventoryOperationRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getDeleteInventoryOperationMethod(), request);
  }

  /**
   * Counts what refers to a definition, by kind of entity.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetInventoryOperationReferencesResponse getInventoryOperationReferences(GetInventoryOperationReferencesRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getGetInventoryOperationReferencesMethod(), request);
  }

  /**
   * As {@link #getInventoryOperationReferences}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetInventoryOperationReferencesResponse> getInventoryOperationReferencesAsync(
      GetInventoryOperationReferencesRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getGetInventoryOperationReferencesMethod(), request);
  }

  /**
   * Writes definitions as CSV or JSON, ordered by name, then id, as one snapshot. ImportInventoryOperations finds such
   * a file unchanged.
   *
   * @param request what is asked for
   * @return the file as it comes; reading it throws a {@link LotkeeperException} where the call is refused
   */
  public InputStream exportInventoryOperations(ExportInventoryOperationsRequest request) {
    return calls.download(InventoryOperationServiceGrpc.getExportInventoryOperationsMethod(), request, ExportInventoryOperationsResponse::getData);
  }

  /**
   * Imports any number of definitions from CSV or JSON. They are matched by name, type, source and destination path,
   * and each is updated or created. One wrong row undoes all, unless the caller asks to keep the good rows; the answer
   * names every wrong one.
   *
   * <p>Sent once: the data may not be there a second time.
   *
   * @param request what the data is, without the data
   * @param data the file, which is read to its end and not closed
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   * @throws IOException where the data cannot be read; the call is cancelled then
   */
  public ImportInventoryOperationsResponse importInventoryOperations(
      ImportInventoryOperationsRequest request, InputStream data) throws IOException {
    return calls.upload(
        InventoryOperationServiceGrpc.getImportInventoryOperationsMethod(),
        request,
        ImportInventoryOperationsRequest.getDefaultInstance(),
        (message, piece) -> message.toBuilder().setData(piece).build(),
        data);
  }

  /**
   * Lists every permission there is, and what the caller's roles grant, and where.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListPermissionsResponse listPermissions(ListPermissionsRequest request) {
    return calls.call(InventoryOperationServiceGrpc.getListPermissionsMethod(), request);
  }

  /**
   * As {@link #listPermissions}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListPermissionsResponse> listPermissionsAsync(ListPermissionsRequest request) {
    return calls.callAsync(InventoryOperationServiceGrpc.getListPermissionsMethod(), request);
  }
}
