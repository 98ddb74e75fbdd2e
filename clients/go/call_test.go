package lotkeeper_test

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

const (
	milk  = "Dairy/Milk/Whole milk"
	silo1 = "DairyCo/Plant1/Silo1"
)

func consumeMilk(t testing.TB, client *lotkeeper.Client) *pb.InventoryOperation {
	t.Helper()
	request := &pb.ListInventoryOperationsRequest{NamePrefix: proto.String("Consume milk")}
	for operation, err := range client.ListInventoryOperations(context.Background(), request) {
		if err != nil {
			t.Fatal(err)
		}
		return operation
	}
	t.Fatal("the demo plant has no operation of that name")
	return nil
}

func TestAnExecutionIsExactToTheLastDecimal(t *testing.T) {
	client := server.Client(t)
	response, err := client.Operations.ExecuteInventoryOperation(t.Context(), &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: consumeMilk(t, client).GetId(),
		PrimaryLotIdOrName:   "MILK-0815",
		ExactQuantity:        lotkeeper.MustQuantity("2.000001").Proto(),
	})
	if err != nil {
		t.Fatal(err)
	}
	quantity, err := lotkeeper.QuantityOf(response.GetInventoryLotRecord().GetExactQuantity())
	if err != nil || quantity.String() != "2.000001" {
		t.Errorf("%v, %v", quantity, err)
	}
}

func TestARefusalHasItsReasonMetadataAndFields(t *testing.T) {
	client := server.Client(t)
	_, err := client.Operations.ExecuteInventoryOperation(t.Context(), &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: consumeMilk(t, client).GetId(),
		PrimaryLotIdOrName:   "MILK-0815",
		ExactQuantity:        lotkeeper.MustQuantity("1e9").Proto(),
	})
	if !errors.Is(err, lotkeeper.ReasonInsufficientInventory) || errors.Is(err, lotkeeper.ReasonLotNotFound) {
		t.Fatal(err)
	}
	var refused *lotkeeper.Error
	if !errors.As(err, &refused) || refused.Metadata["unit"] != "kg" || status.Code(err) != codes.FailedPrecondition {
		t.Errorf("%#v", err)
	}
	_, err = client.Inventory.GetLot(t.Context(), &pb.GetLotRequest{})
	if !errors.As(err, &refused) || len(refused.FieldViolations) == 0 || refused.FieldViolations[0].Field != "lot_id_or_name" {
		t.Errorf("%#v", err)
	}
}
