package com.lotkeeper.client;

import com.lotkeeper.inventory.v1.AccessServiceGrpc;
import com.lotkeeper.inventory.v1.AccessToken;
import com.lotkeeper.inventory.v1.CreateRoleRequest;
import com.lotkeeper.inventory.v1.CreateRoleResponse;
import com.lotkeeper.inventory.v1.CreateTokenRequest;
import com.lotkeeper.inventory.v1.CreateTokenResponse;
import com.lotkeeper.inventory.v1.DeleteRoleRequest;
import com.lotkeeper.inventory.v1.DeleteRoleResponse;
import com.lotkeeper.inventory.v1.GetRoleRequest;
import com.lotkeeper.inventory.v1.GetRoleResponse;
import com.lotkeeper.inventory.v1.GrantRoleRequest;
import com.lotkeeper.inventory.v1.GrantRoleResponse;
import com.lotkeeper.inventory.v1.ListGrantsRequest;
import com.lotkeeper.inventory.v1.ListGrantsResponse;
import com.lotkeeper.inventory.v1.ListRolesRequest;
import com.lotkeeper.inventory.v1.ListRolesResponse;
import com.lotkeeper.inventory.v1.ListTokensRequest;
import com.lotkeeper.inventory.v1.ListTokensResponse;
import com.lotkeeper.inventory.v1.RevokeGrantRequest;
import com.lotkeeper.inventory.v1.RevokeGrantResponse;
import com.lotkeeper.inventory.v1.RevokeTokenRequest;
import com.lotkeeper.inventory.v1.RevokeTokenResponse;
import com.lotkeeper.inventory.v1.Role;
import com.lotkeeper.inventory.v1.RoleGrant;
import com.lotkeeper.inventory.v1.RotateTokenRequest;
import com.lotkeeper.inventory.v1.RotateTokenResponse;
import com.lotkeeper.inventory.v1.UpdateRoleRequest;
import com.lotkeeper.inventory.v1.UpdateRoleResponse;
import java.util.concurrent.CompletableFuture;

/**
 * Who may what: roles, stored tokens, and the roles that principals have by name. Nobody can make, widen, give, take or
 * delete here what allows more than their own roles do: each permission of a role must be one that the caller has, at
 * every place where the role holds, and its limits must not lie above the caller's own. Otherwise PERMISSION_DENIED
 * with the permission, and the scope or the limit. Every change is decided on the roles and tokens of its transaction,
 * and holds within a second in every process. The role admin stays as it is (ADMIN_STAYS). Credentials, deadlines,
 * repeats and keepalive: see InventoryOperationService.
 *
 * <p>Made from the contract; {@link LotkeeperClient} has it.
 */
public final class AccessMethods {
  private final Calls calls;

  AccessMethods(Calls calls) {
    this.calls = calls;
  }

  /**
   * Lists roles in the order in which they were made, in pages. A caller who is limited to places sees those that hold
   * nowhere else.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<Role> listRoles(ListRolesRequest request) {
    return calls.pages(AccessServiceGrpc.getListRolesMethod(), request, ListRolesResponse::getRolesList);
  }

  /**
   * One page of {@link #listRoles}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListRolesResponse listRolesPage(ListRolesRequest request) {
    return calls.call(AccessServiceGrpc.getListRolesMethod(), request);
  }

  /**
   * As {@link #listRolesPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListRolesResponse> listRolesPageAsync(ListRolesRequest request) {
    return calls.callAsync(AccessServiceGrpc.getListRolesMethod(), request);
  }

  /**
   * Reads a role. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GetRoleResponse getRole(GetRoleRequest request) {
    return calls.call(AccessServiceGrpc.getGetRoleMethod(), request);
  }

  /**
   * As {@link #getRole}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GetRoleResponse> getRoleAsync(GetRoleRequest request) {
    return calls.callAsync(AccessServiceGrpc.getGetRoleMethod(), request);
  }

  /**
   * Makes a role. Refusals: INVALID_ARGUMENT, LOCATION_NOT_FOUND, NAME_TAKEN.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public CreateRoleResponse createRole(CreateRoleRequest request) {
    return calls.call(AccessServiceGrpc.getCreateRoleMethod(), request);
  }

  /**
   * As {@link #createRole}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<CreateRoleResponse> createRoleAsync(CreateRoleRequest request) {
    return calls.callAsync(AccessServiceGrpc.getCreateRoleMethod(), request);
  }

  /**
   * Changes a role, for all who have it. What it allowed and what it is to allow must both be within the caller's
   * rights. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND, LOCATION_NOT_FOUND, VERSION_CONFLICT, ADMIN_STAYS.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public UpdateRoleResponse updateRole(UpdateRoleRequest request) {
    return calls.call(AccessServiceGrpc.getUpdateRoleMethod(), request);
  }

  /**
   * As {@link #updateRole}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<UpdateRoleResponse> updateRoleAsync(UpdateRoleRequest request) {
    return calls.callAsync(AccessServiceGrpc.getUpdateRoleMethod(), request);
  }

  /**
   * Deletes a role that no token and no principal has. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND, VERSION_CONFLICT,
   * REFERENCED, ADMIN_STAYS.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public DeleteRoleResponse deleteRole(DeleteRoleRequest request) {
    return calls.call(AccessServiceGrpc.getDeleteRoleMethod(), request);
  }

  /**
   * As {@link #deleteRole}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<DeleteRoleResponse> deleteRoleAsync(DeleteRoleRequest request) {
    return calls.callAsync(AccessServiceGrpc.getDeleteRoleMethod(), request);
  }

  /**
   * Lists stored tokens without their secrets, oldest first, in pages. A caller who is limited to places sees those
   * whose roles hold nowhere else.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<AccessToken> listTokens(ListTokensRequest request) {
    return calls.pages(AccessServiceGrpc.getListTokensMethod(), request, ListTokensResponse::getTokensList);
  }

  /**
   * One page of {@link #listTokens}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListTokensResponse listTokensPage(ListTokensRequest request) {
    return calls.call(AccessServiceGrpc.getListTokensMethod(), request);
  }

  /**
   * As {@link #listTokensPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListTokensResponse> listTokensPageAsync(ListTokensRequest request) {
    return calls.callAsync(AccessServiceGrpc.getListTokensMethod(), request);
  }

  /**
   * Makes a token and answers its secret, which is never shown again. All that its principal has already must be within
   * the caller's rights, too, unless that is the caller. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND, REQUEST_ID_REUSED.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public CreateTokenResponse createToken(CreateTokenRequest request) {
    return calls.call(AccessServiceGrpc.getCreateTokenMethod(), request);
  }

  /**
   * As {@link #createToken}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<CreateTokenResponse> createTokenAsync(CreateTokenRequest request) {
    return calls.callAsync(AccessServiceGrpc.getCreateTokenMethod(), request);
  }

  /**
   * Makes a token of the same principal and roles in the place of another, which goes on for the overlap. Refusals:
   * INVALID_ARGUMENT, TOKEN_NOT_FOUND where it is not there or lets nobody in any more, REQUEST_ID_REUSED.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public RotateTokenResponse rotateToken(RotateTokenRequest request) {
    return calls.call(AccessServiceGrpc.getRotateTokenMethod(), request);
  }

  /**
   * As {@link #rotateToken}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<RotateTokenResponse> rotateTokenAsync(RotateTokenRequest request) {
    return calls.callAsync(AccessServiceGrpc.getRotateTokenMethod(), request);
  }

  /**
   * Ends a token at once; one that has ended is answered as it is. Refusals: INVALID_ARGUMENT, TOKEN_NOT_FOUND,
   * ADMIN_STAYS where nobody would be left who may everything.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public RevokeTokenResponse revokeToken(RevokeTokenRequest request) {
    return calls.call(AccessServiceGrpc.getRevokeTokenMethod(), request);
  }

  /**
   * As {@link #revokeToken}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<RevokeTokenResponse> revokeTokenAsync(RevokeTokenRequest request) {
    return calls.callAsync(AccessServiceGrpc.getRevokeTokenMethod(), request);
  }

  /**
   * Lists which principals have which roles by name, in the order in which they were given, in pages. A caller who is
   * limited to places sees those of roles that hold nowhere else.
   *
   * @param request the filters, and the size of a page
   * @return the items of all pages, read as they are taken
   */
  public Pages<RoleGrant> listGrants(ListGrantsRequest request) {
    return calls.pages(AccessServiceGrpc.getListGrantsMethod(), request, ListGrantsResponse::getGrantsList);
  }

  /**
   * One page of {@link #listGrants}.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public ListGrantsResponse listGrantsPage(ListGrantsRequest request) {
    return calls.call(AccessServiceGrpc.getListGrantsMethod(), request);
  }

  /**
   * As {@link #listGrantsPage}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<ListGrantsResponse> listGrantsPageAsync(ListGrantsRequest request) {
    return calls.callAsync(AccessServiceGrpc.getListGrantsMethod(), request);
  }

  /**
   * Gives a principal a role by name, for calls with a client certificate or a token of the issuer; where it has it
   * already, that is answered. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public GrantRoleResponse grantRole(GrantRoleRequest request) {
    return calls.call(AccessServiceGrpc.getGrantRoleMethod(), request);
  }

  /**
   * As {@link #grantRole}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<GrantRoleResponse> grantRoleAsync(GrantRoleRequest request) {
    return calls.callAsync(AccessServiceGrpc.getGrantRoleMethod(), request);
  }

  /**
   * Takes a role from a principal that GrantRole gave it. Refusals: INVALID_ARGUMENT, ROLE_NOT_FOUND, GRANT_NOT_FOUND,
   * ADMIN_STAYS where nobody would be left who may everything.
   *
   * @param request what is asked for
   * @return the answer
   * @throws LotkeeperException the refusal or failure
   */
  public RevokeGrantResponse revokeGrant(RevokeGrantRequest request) {
    return calls.call(AccessServiceGrpc.getRevokeGrantMethod(), request);
  }

  /**
   * As {@link #revokeGrant}, without waiting.
   *
   * @param request what is asked for
   * @return fails with a {@link LotkeeperException}; to cancel it ends the call
   */
  public CompletableFuture<RevokeGrantResponse> revokeGrantAsync(RevokeGrantRequest request) {
    return calls.callAsync(AccessServiceGrpc.getRevokeGrantMethod(), request);
  }
}
