package com.lotkeeper.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.lotkeeper.inventory.v1.AccessServiceGrpc;
import com.lotkeeper.inventory.v1.AuditServiceGrpc;
import com.lotkeeper.inventory.v1.BatchExecuteInventoryOperationsRequest;
import com.lotkeeper.inventory.v1.ExecuteInventoryOperationRequest;
import com.lotkeeper.inventory.v1.InventoryOperationServiceGrpc;
import com.lotkeeper.inventory.v1.InventoryServiceGrpc;
import com.lotkeeper.inventory.v1.MasterDataServiceGrpc;
import com.lotkeeper.inventory.v1.SaveLotRequest;
import com.lotkeeper.inventory.v1.TraceServiceGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class RepeatableTest {
  private static final List<ServiceDescriptor> SERVICES =
      List.of(
          AccessServiceGrpc.getServiceDescriptor(),
          AuditServiceGrpc.getServiceDescriptor(),
          InventoryOperationServiceGrpc.getServiceDescriptor(),
          InventoryServiceGrpc.getServiceDescriptor(),
          MasterDataServiceGrpc.getServiceDescriptor(),
          TraceServiceGrpc.getServiceDescriptor());
  private static final Set<String> WRITING =
      Set.of(
          "Save", "Delete", "Execute", "Batch", "Start", "Stop", "Cancel", "Reverse", "Annotate", "Set", "Create",
          "Update", "Rotate", "Revoke", "Grant", "Hold", "Import");

  private static String verb(MethodDescriptor<?, ?> method) {
    return method.getBareMethodName().split("(?<=[a-z])(?=[A-Z])")[0];
  }

  /** A method with a new verb has to be put on one side or the other. */
  @Test
  void everyMethodEitherReadsOrWrites() {
    Set<String> undecided = new TreeSet<>();
    int reading = 0;
    for (ServiceDescriptor service : SERVICES) {
      for (MethodDescriptor<?, ?> method : service.getMethods()) {
        boolean writes = WRITING.contains(verb(method));
        if (writes == Repeatable.reads(method)) {
          undecided.add(method.getFullMethodName());
        }
        reading += writes ? 0 : 1;
      }
    }
    assertEquals(Set.of(), undecided);
    assertTrue(reading > 30);
  }

  @Test
  void aRequestGetsAnIdWhereItHasNoneAndKeepsItsOwn() {
    ExecuteInventoryOperationRequest none = ExecuteInventoryOperationRequest.getDefaultInstance();
    ExecuteInventoryOperationRequest own = none.toBuilder().setRequestId("mine").build();
    String first = Repeatable.withRequestId(none).getRequestId();
    String second = Repeatable.withRequestId(none).getRequestId();

    assertTrue(first.matches("[0-9a-f]{12}7[0-9a-f]{3}8[0-9a-f]{15}"), first);
    assertNotEquals(first, second);
    assertSame(own, Repeatable.withRequestId(own));
    assertTrue(Repeatable.carriesRequestId(own));
  }

  @Test
  void eachRequestOfABatchHasAnIdOfItsOwn() {
    BatchExecuteInventoryOperationsRequest batch =
        Repeatable.withRequestId(
            BatchExecuteInventoryOperationsRequest.newBuilder()
                .addRequests(ExecuteInventoryOperationRequest.newBuilder().setRequestId("mine"))
                .addRequests(ExecuteInventoryOperationRequest.getDefaultInstance())
                .build());

    assertEquals("mine", batch.getRequests(0).getRequestId());
    assertEquals(32, batch.getRequests(1).getRequestId().length());
  }

  @Test
  void aSaveHasNoIdAndIsNotRepeated() {
    assertFalse(Repeatable.carriesRequestId(SaveLotRequest.getDefaultInstance()));
    assertFalse(Repeatable.reads(InventoryServiceGrpc.getSaveLotMethod()));
  }
}
