package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.ConvertQuantityRequest;
import com.lotkeeper.inventory.v1.ConvertQuantityResponse;
import com.lotkeeper.inventory.v1.DeleteLocationRequest;
import com.lotkeeper.inventory.v1.DeleteLocationResponse;
import com.lotkeeper.inventory.v1.DeleteMaterialClassRequest;
import com.lotkeeper.inventory.v1.DeleteMaterialClassResponse;
import com.lotkeeper.inventory.v1.DeleteMaterialReasonCodeRequest;
import com.lotkeeper.inventory.v1.DeleteMaterialReasonCodeResponse;
import com.lotkeeper.inventory.v1.DeleteMaterialRequest;
import com.lotkeeper.inventory.v1.DeleteMaterialResponse;
import com.lotkeeper.inventory.v1.DeleteOperationRequest;
import com.lotkeeper.inventory.v1.DeleteOperationResponse;
import com.lotkeeper.inventory.v1.DeleteProductionOrderRequest;
import com.lotkeeper.inventory.v1.DeleteProductionOrderResponse;
import com.lotkeeper.inventory.v1.DeleteUnitOfMeasureConversionRequest;
import com.lotkeeper.inventory.v1.DeleteUnitOfMeasureConversionResponse;
import com.lotkeeper.inventory.v1.DeleteUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.DeleteUnitOfMeasureResponse;
import com.lotkeeper.inventory.v1.ExportMasterDataRequest;
import com.lotkeeper.inventory.v1.ExportMasterDataResponse;
import com.lotkeeper.inventory.v1.GetLocationRequest;
import com.lotkeeper.inventory.v1.GetLocationResponse;
import com.lotkeeper.inventory.v1.GetMaterialClassRequest;
import com.lotkeeper.inventory.v1.GetMaterialClassResponse;
import com.lotkeeper.inventory.v1.GetMaterialReasonCodeRequest;
import com.lotkeeper.inventory.v1.GetMaterialReasonCodeResponse;
import com.lotkeeper.inventory.v1.GetMaterialRequest;
import com.lotkeeper.inventory.v1.GetMaterialResponse;
import com.lotkeeper.inventory.v1.GetOperationRequest;
import com.lotkeeper.inventory.v1.GetOperationResponse;
import com.lotkeeper.inventory.v1.GetPlantSettingsRequest;
import com.lotkeeper.inventory.v1.GetPlantSettingsResponse;
import com.lotkeeper.inventory.v1.GetProductionOrderRequest;
import com.lotkeeper.inventory.v1.GetProductionOrderResponse;
import com.lotkeeper.inventory.v1.GetUnitOfMeasureConversionRequest;
import com.lotkeeper.inventory.v1.GetUnitOfMeasureConversionResponse;
import com.lotkeeper.inventory.v1.GetUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.GetUnitOfMeasureResponse;
import com.lotkeeper.inventory.v1.ImportMasterDataRequest;
import com.lotkeeper.inventory.v1.ImportMasterDataResponse;
import com.lotkeeper.inventory.v1.ListLocationsRequest;
import com.lotkeeper.inventory.v1.ListLocationsResponse;
import com.lotkeeper.inventory.v1.ListMaterialClassesRequest;
import com.lotkeeper.inventory.v1.ListMaterialClassesResponse;
import com.lotkeeper.inventory.v1.ListMaterialReasonCodesRequest;
import com.lotkeeper.inventory.v1.ListMaterialReasonCodesResponse;
import com.lotkeeper.inventory.v1.ListMaterialsRequest;
import com.lotkeeper.inventory.v1.ListMaterialsResponse;
import com.lotkeeper.inventory.v1.ListOperationsRequest;
import com.lotkeeper.inventory.v1.ListOperationsResponse;
import com.lotkeeper.inventory.v1.ListProductionOrdersRequest;
import com.lotkeeper.inventory.v1.ListProductionOrdersResponse;
import com.lotkeeper.inventory.v1.ListUnitOfMeasureConversionsRequest;
import com.lotkeeper.inventory.v1.ListUnitOfMeasureConversionsResponse;
import com.lotkeeper.inventory.v1.ListUnitsOfMeasureRequest;
import com.lotkeeper.inventory.v1.ListUnitsOfMeasureResponse;
import com.lotkeeper.inventory.v1.Location;
import com.lotkeeper.inventory.v1.MasterDataServiceGrpc;
import com.lotkeeper.inventory.v1.Material;
import com.lotkeeper.inventory.v1.MaterialClass;
import com.lotkeeper.inventory.v1.MaterialReasonCode;
import com.lotkeeper.inventory.v1.Operation;
import com.lotkeeper.inventory.v1.ProductionOrder;
import com.lotkeeper.inventory.v1.SaveLocationRequest;
import com.lotkeeper.inventory.v1.SaveLocationResponse;
import com.lotkeeper.inventory.v1.SaveMaterialClassRequest;
import com.lotkeeper.inventory.v1.SaveMaterialClassResponse;
import com.lotkeeper.inventory.v1.SaveMaterialReasonCodeRequest;
import com.lotkeeper.inventory.v1.SaveMaterialReasonCodeResponse;
import com.lotkeeper.inventory.v1.SaveMaterialRequest;
import com.lotkeeper.inventory.v1.SaveMaterialResponse;
import com.lotkeeper.inventory.v1.SaveOperationRequest;
import com.lotkeeper.inventory.v1.SaveOperationResponse;
import com.lotkeeper.inventory.v1.SaveProductionOrderRequest;
import com.lotkeeper.inventory.v1.SaveProductionOrderResponse;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureConversionRequest;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureConversionResponse;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureRequest;
import com.lotkeeper.inventory.v1.SaveUnitOfMeasureResponse;
import com.lotkeeper.inventory.v1.UnitOfMeasure;
import com.lotkeeper.inventory.v1.UnitOfMeasureConversion;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;

/**
 * The definitions of a plant: units, materials, reason codes, locations, process operations and production orders.
 * Credentials, deadlines, repeats and keepalive: see InventoryOperationService.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class MasterDataMethods {
  private final Calls calls;

  MasterDataMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * Creates a unit of measure where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the NOT_FOUND of
   * what it names, VERSION_CONFLICT, NAME_TAKEN, and NOT_WHOLE where it becomes {@code whole_only} with broken stock in
   * it.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveUnitOfMeasureResponse saveUnitOfMeasure(SaveUnitOfMeasureRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveUnitOfMeasureMethod(), request);
  }

  /**
   * As {@link #saveUnitOfMeasure}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveUnitOfMeasureResponse> saveUnitOfMeasureAsync(SaveUnitOfMeasureRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveUnitOfMeasureMethod(), request);
  }

  /**
   * Reads a unit of measure.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetUnitOfMeasureResponse getUnitOfMeasure(GetUnitOfMeasureRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetUnitOfMeasureMethod(), request);
  }

  /**
   * As {@link #getUnitOfMeasure}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetUnitOfMeasureResponse> getUnitOfMeasureAsync(GetUnitOfMeasureRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetUnitOfMeasureMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<UnitOfMeasure> listUnitsOfMeasure(ListUnitsOfMeasureRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListUnitsOfMeasureMethod(), request, ListUnitsOfMeasureResponse::getUnitsOfMeasureList);
  }

  /**
   * One page of {@link #listUnitsOfMeasure}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListUnitsOfMeasureResponse listUnitsOfMeasurePage(ListUnitsOfMeasureRequest request) {
    return calls.call(MasterDataServiceGrpc.getListUnitsOfMeasureMethod(), request);
  }

  /**
   * As {@link #listUnitsOfMeasurePage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListUnitsOfMeasureResponse> listUnitsOfMeasurePageAsync(ListUnitsOfMeasureRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListUnitsOfMeasureMethod(), request);
  }

  /**
   * Deletes a unit of measure. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteUnitOfMeasureResponse deleteUnitOfMeasure(DeleteUnitOfMeasureRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteUnitOfMeasureMethod(), request);
  }

  /**
   * As {@link #deleteUnitOfMeasure}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteUnitOfMeasureResponse> deleteUnitOfMeasureAsync(DeleteUnitOfMeasureRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteUnitOfMeasureMethod(), request);
  }

  /**
   * Creates a conversion between units where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the
   * NOT_FOUND of what it names, VERSION_CONFLICT, NAME_TAKEN.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveUnitOfMeasureConversionResponse saveUnitOfMeasureConversion(SaveUnitOfMeasureConversionRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveUnitOfMeasureConversionMethod(), request);
  }

  /**
   * As {@link #saveUnitOfMeasureConversion}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveUnitOfMeasureConversionResponse> saveUnitOfMeasureConversionAsync(
      SaveUnitOfMeasureConversionRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveUnitOfMeasureConversionMethod(), request);
  }

  /**
   * Reads a conversion between units.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetUnitOfMeasureConversionResponse getUnitOfMeasureConversion(GetUnitOfMeasureConversionRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetUnitOfMeasureConversionMethod(), request);
  }

  /**
   * As {@link #getUnitOfMeasureConversion}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetUnitOfMeasureConversionResponse> getUnitOfMeasureConversionAsync(
      GetUnitOfMeasureConversionRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetUnitOfMeasureConversionMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<UnitOfMeasureConversion> listUnitOfMeasureConversions(ListUnitOfMeasureConversionsRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListUnitOfMeasureConversionsMethod(), request, ListUnitOfMeasureConversionsResponse::getUnitOfMeasureConversionsList);
  }

  /**
   * One page of {@link #listUnitOfMeasureConversions}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListUnitOfMeasureConversionsResponse listUnitOfMeasureConversionsPage(ListUnitOfMeasureConversionsRequest request) {
    return calls.call(MasterDataServiceGrpc.getListUnitOfMeasureConversionsMethod(), request);
  }

  /**
   * As {@link #listUnitOfMeasureConversionsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListUnitOfMeasureConversionsResponse> listUnitOfMeasureConversionsPageAsync(
      ListUnitOfMeasureConversionsRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListUnitOfMeasureConversionsMethod(), request);
  }

  /**
   * Deletes a conversion between units. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteUnitOfMeasureConversionResponse deleteUnitOfMeasureConversion(DeleteUnitOfMeasureConversionRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteUnitOfMeasureConversionMethod(), request);
  }

  /**
   * As {@link #deleteUnitOfMeasureConversion}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteUnitOfMeasureConversionResponse> deleteUnitOfMeasureConversionAsync(
      DeleteUnitOfMeasureConversionRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteUnitOfMeasureConversionMethod(), request);
  }

  /**
   * Creates a material class where no id is given, otherwise updates it. A new name or parent rewrites the paths below
   * it in the same transaction. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what it names, VERSION_CONFLICT,
   * NAME_TAKEN, HIERARCHY_CYCLE.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveMaterialClassResponse saveMaterialClass(SaveMaterialClassRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveMaterialClassMethod(), request);
  }

  /**
   * As {@link #saveMaterialClass}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveMaterialClassResponse> saveMaterialClassAsync(SaveMaterialClassRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveMaterialClassMethod(), request);
  }

  /**
   * Reads a material class.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetMaterialClassResponse getMaterialClass(GetMaterialClassRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetMaterialClassMethod(), request);
  }

  /**
   * As {@link #getMaterialClass}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetMaterialClassResponse> getMaterialClassAsync(GetMaterialClassRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetMaterialClassMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<MaterialClass> listMaterialClasses(ListMaterialClassesRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListMaterialClassesMethod(), request, ListMaterialClassesResponse::getMaterialClassesList);
  }

  /**
   * One page of {@link #listMaterialClasses}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListMaterialClassesResponse listMaterialClassesPage(ListMaterialClassesRequest request) {
    return calls.call(MasterDataServiceGrpc.getListMaterialClassesMethod(), request);
  }

  /**
   * As {@link #listMaterialClassesPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListMaterialClassesResponse> listMaterialClassesPageAsync(
      ListMaterialClassesRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListMaterialClassesMethod(), request);
  }

  /**
   * Deletes a material class. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteMaterialClassResponse deleteMaterialClass(DeleteMaterialClassRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteMaterialClassMethod(), request);
  }

  /**
   * As {@link #deleteMaterialClass}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteMaterialClassResponse> deleteMaterialClassAsync(DeleteMaterialClassRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteMaterialClassMethod(), request);
  }

  /**
   * Creates a material where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what it
   * names, VERSION_CONFLICT, NAME_TAKEN.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveMaterialResponse saveMaterial(SaveMaterialRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveMaterialMethod(), request);
  }

  /**
   * As {@link #saveMaterial}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveMaterialResponse> saveMaterialAsync(SaveMaterialRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveMaterialMethod(), request);
  }

  /**
   * Reads a material.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetMaterialResponse getMaterial(GetMaterialRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetMaterialMethod(), request);
  }

  /**
   * As {@link #getMaterial}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetMaterialResponse> getMaterialAsync(GetMaterialRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetMaterialMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<Material> listMaterials(ListMaterialsRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListMaterialsMethod(), request, ListMaterialsResponse::getMaterialsList);
  }

  /**
   * One page of {@link #listMaterials}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListMaterialsResponse listMaterialsPage(ListMaterialsRequest request) {
    return calls.call(MasterDataServiceGrpc.getListMaterialsMethod(), request);
  }

  /**
   * As {@link #listMaterialsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListMaterialsResponse> listMaterialsPageAsync(ListMaterialsRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListMaterialsMethod(), request);
  }

  /**
   * Deletes a material. Refused where something refers to it (REFERENCED) or it has another version (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteMaterialResponse deleteMaterial(DeleteMaterialRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteMaterialMethod(), request);
  }

  /**
   * As {@link #deleteMaterial}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteMaterialResponse> deleteMaterialAsync(DeleteMaterialRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteMaterialMethod(), request);
  }

  /**
   * Creates a reason code where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what
   * it names, VERSION_CONFLICT, NAME_TAKEN.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveMaterialReasonCodeResponse saveMaterialReasonCode(SaveMaterialReasonCodeRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveMaterialReasonCodeMethod(), request);
  }

  /**
   * As {@link #saveMaterialReasonCode}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveMaterialReasonCodeResponse> saveMaterialReasonCodeAsync(
      SaveMaterialReasonCodeRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveMaterialReasonCodeMethod(), request);
  }

  /**
   * Reads a reason code.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetMaterialReasonCodeResponse getMaterialReasonCode(GetMaterialReasonCodeRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetMaterialReasonCodeMethod(), request);
  }

  /**
   * As {@link #getMaterialReasonCode}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetMaterialReasonCodeResponse> getMaterialReasonCodeAsync(
      GetMaterialReasonCodeRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetMaterialReasonCodeMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<MaterialReasonCode> listMaterialReasonCodes(ListMaterialReasonCodesRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListMaterialReasonCodesMethod(), request, ListMaterialReasonCodesResponse::getMaterialReasonCodesList);
  }

  /**
   * One page of {@link #listMaterialReasonCodes}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListMaterialReasonCodesResponse listMaterialReasonCodesPage(ListMaterialReasonCodesRequest request) {
    return calls.call(MasterDataServiceGrpc.getListMaterialReasonCodesMethod(), request);
  }

  /**
   * As {@link #listMaterialReasonCodesPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListMaterialReasonCodesResponse> listMaterialReasonCodesPageAsync(
      ListMaterialReasonCodesRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListMaterialReasonCodesMethod(), request);
  }

  /**
   * Deletes a reason code. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteMaterialReasonCodeResponse deleteMaterialReasonCode(DeleteMaterialReasonCodeRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteMaterialReasonCodeMethod(), request);
  }

  /**
   * As {@link #deleteMaterialReasonCode}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteMaterialReasonCodeResponse> deleteMaterialReasonCodeAsync(
      DeleteMaterialReasonCodeRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteMaterialReasonCodeMethod(), request);
  }

  /**
   * Creates a location where no id is given, otherwise updates it. A new name or parent rewrites the paths below it in
   * the same transaction. Refusals: INVALID_ARGUMENT, the NOT_FOUND of what it names, VERSION_CONFLICT, NAME_TAKEN,
   * HIERARCHY_CYCLE, and LOCATION_NOT_EMPTY where it becomes NO_STORAGE with stock in it.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveLocationResponse saveLocation(SaveLocationRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveLocationMethod(), request);
  }

  /**
   * As {@link #saveLocation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveLocationResponse> saveLocationAsync(SaveLocationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveLocationMethod(), request);
  }

  /**
   * Reads a location.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetLocationResponse getLocation(GetLocationRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetLocationMethod(), request);
  }

  /**
   * As {@link #getLocation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetLocationResponse> getLocationAsync(GetLocationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetLocationMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<Location> listLocations(ListLocationsRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListLocationsMethod(), request, ListLocationsResponse::getLocationsList);
  }

  /**
   * One page of {@link #listLocations}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListLocationsResponse listLocationsPage(ListLocationsRequest request) {
    return calls.call(MasterDataServiceGrpc.getListLocationsMethod(), request);
  }

  /**
   * As {@link #listLocationsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListLocationsResponse> listLocationsPageAsync(ListLocationsRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListLocationsMethod(), request);
  }

  /**
   * Deletes a location. Refused where something refers to it (REFERENCED) or it has another version (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteLocationResponse deleteLocation(DeleteLocationRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteLocationMethod(), request);
  }

  /**
   * As {@link #deleteLocation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteLocationResponse> deleteLocationAsync(DeleteLocationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteLocationMethod(), request);
  }

  /**
   * Creates a process operation where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the NOT_FOUND
   * of what it names, VERSION_CONFLICT, NAME_TAKEN.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveOperationResponse saveOperation(SaveOperationRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveOperationMethod(), request);
  }

  /**
   * As {@link #saveOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveOperationResponse> saveOperationAsync(SaveOperationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveOperationMethod(), request);
  }

  /**
   * Reads a process operation.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetOperationResponse getOperation(GetOperationRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetOperationMethod(), request);
  }

  /**
   * As {@link #getOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetOperationResponse> getOperationAsync(GetOperationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetOperationMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<Operation> listOperations(ListOperationsRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListOperationsMethod(), request, ListOperationsResponse::getOperationsList);
  }

  /**
   * One page of {@link #listOperations}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListOperationsResponse listOperationsPage(ListOperationsRequest request) {
    return calls.call(MasterDataServiceGrpc.getListOperationsMethod(), request);
  }

  /**
   * As {@link #listOperationsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListOperationsResponse> listOperationsPageAsync(ListOperationsRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListOperationsMethod(), request);
  }

  /**
   * Deletes a process operation. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteOperationResponse deleteOperation(DeleteOperationRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteOperationMethod(), request);
  }

  /**
   * As {@link #deleteOperation}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteOperationResponse> deleteOperationAsync(DeleteOperationRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteOperationMethod(), request);
  }

  /**
   * Creates a production order where no id is given, otherwise updates it. Refusals: INVALID_ARGUMENT, the NOT_FOUND of
   * what it names, VERSION_CONFLICT, NAME_TAKEN, IMMUTABLE_FIELD.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public SaveProductionOrderResponse saveProductionOrder(SaveProductionOrderRequest request) {
    return calls.call(MasterDataServiceGrpc.getSaveProductionOrderMethod(), request);
  }

  /**
   * As {@link #saveProductionOrder}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<SaveProductionOrderResponse> saveProductionOrderAsync(SaveProductionOrderRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getSaveProductionOrderMethod(), request);
  }

  /**
   * Reads a production order.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetProductionOrderResponse getProductionOrder(GetProductionOrderRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetProductionOrderMethod(), request);
  }

  /**
   * As {@link #getProductionOrder}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetProductionOrderResponse> getProductionOrderAsync(GetProductionOrderRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetProductionOrderMethod(), request);
  }

  /**
   * Lists in the order of ids, in pages, each a snapshot.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<ProductionOrder> listProductionOrders(ListProductionOrdersRequest request) {
    return calls.pages(MasterDataServiceGrpc.getListProductionOrdersMethod(), request, ListProductionOrdersResponse::getProductionOrdersList);
  }

  /**
   * One page of {@link #listProductionOrders}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListProductionOrdersResponse listProductionOrdersPage(ListProductionOrdersRequest request) {
    return calls.call(MasterDataServiceGrpc.getListProductionOrdersMethod(), request);
  }

  /**
   * As {@link #listProductionOrdersPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListProductionOrdersResponse> listProductionOrdersPageAsync(
      ListProductionOrdersRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getListProductionOrdersMethod(), request);
  }

  /**
   * Deletes a production order. Refused where something refers to it (REFERENCED) or it has another version
   * (VERSION_CONFLICT).
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteProductionOrderResponse deleteProductionOrder(DeleteProductionOrderRequest request) {
    return calls.call(MasterDataServiceGrpc.getDeleteProductionOrderMethod(), request);
  }

  /**
   * As {@link #deleteProductionOrder}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteProductionOrderResponse> deleteProductionOrderAsync(
      DeleteProductionOrderRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getDeleteProductionOrderMethod(), request);
  }

  /**
   * Converts a quantity: by the material's own factor, otherwise the global one, otherwise the inverse of either,
   * otherwise through one intermediate unit. Refusals: the NOT_FOUND of what it names, UNIT_NOT_CONVERTIBLE,
   * QUANTITY_OVERFLOW.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ConvertQuantityResponse convertQuantity(ConvertQuantityRequest request) {
    return calls.call(MasterDataServiceGrpc.getConvertQuantityMethod(), request);
  }

  /**
   * As {@link #convertQuantity}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ConvertQuantityResponse> convertQuantityAsync(ConvertQuantityRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getConvertQuantityMethod(), request);
  }

  /**
   * Imports a whole plant from one document, in one transaction. Things are matched by name, path or code, and created
   * or updated; what the document leaves out stays as it is. One fault refuses the whole document; the refusal names
   * its place. MASTER_DATA.IMPORT is enough for everything but lots, which need LOT.WRITE, too, a changed status of a
   * lot, which also needs INVENTORY.WRITE.STATUS_CHANGE, and opening stock, which needs INVENTORY.WRITE.EDIT; so does a
   * document that is only tried. All of them are looked at before anything is written: PERMISSION_DENIED names the one
   * that is missing, and the place that needs it.
   *
   * <p>Sent once: the data may not be there a second time.
   *
   * @param request what the data is, without the data
   * @param data the file, which is read to its end and not closed
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   * @throws IOException where the data cannot be read; the call is cancelled then
   */
  public ImportMasterDataResponse importMasterData(
      ImportMasterDataRequest request, InputStream data) throws IOException {
    return calls.upload(
        MasterDataServiceGrpc.getImportMasterDataMethod(),
        request,
        ImportMasterDataRequest.getDefaultInstance(),
        (message, piece) -> message.toBuilder().setData(piece).build(),
        data);
  }

  /**
   * Writes the plant as one document that ImportMasterData takes back unchanged. With lots it also needs LOT.READ, and
   * INVENTORY.READ for their stock.
   *
   * @param request what is asked for
   * @return the file as it comes; reading it throws a {@link LotkeeperException} where the call is refused
   */
  public InputStream exportMasterData(ExportMasterDataRequest request) {
    return calls.download(MasterDataServiceGrpc.getExportMasterDataMethod(), request, ExportMasterDataResponse::getData);
  }

  /**
   * What a client must know about the plant to read what people write.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetPlantSettingsResponse getPlantSettings(GetPlantSettingsRequest request) {
    return calls.call(MasterDataServiceGrpc.getGetPlantSettingsMethod(), request);
  }

  /**
   * As {@link #getPlantSettings}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetPlantSettingsResponse> getPlantSettingsAsync(GetPlantSettingsRequest request) {
    return calls.callAsync(MasterDataServiceGrpc.getGetPlantSettingsMethod(), request);
  }
}
