package examples

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
	"github.com/lotkeeper/lotkeeper/clients/go/lotkeepertest"
)

// ctx and client are those of every example.
var (
	ctx    = context.Background()
	client *lotkeeper.Client
)

func Example_connect() {
	plain, err := lotkeeper.New("127.0.0.1:50051", lotkeeper.WithToken("lk_of-this-server"))
	if err != nil {
		log.Fatal(err)
	}
	defer plain.Close()
	_, err = lotkeeper.New("plant-1,plant-2:50052", lotkeeper.WithToken("lk_of-this-plant"))
	fmt.Println(err)
	// Output:
	// lotkeeper: token: it would travel in clear to plant-1:50051: give WithCAFile, LOTKEEPER_CA_FILE or WithTLS, or ask for WithPlaintext
}

func Example_execute() {
	var consume *pb.InventoryOperation
	named := &pb.ListInventoryOperationsRequest{NamePrefix: proto.String("Consume milk")}
	for operation, err := range client.ListInventoryOperations(ctx, named) {
		if err != nil {
			log.Fatal(err)
		}
		consume = operation
	}
	response, err := client.Operations.ExecuteInventoryOperation(ctx, &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: consume.GetId(),
		PrimaryLotIdOrName:   "MILK-0815",
		ExactQuantity:        lotkeeper.MustQuantity("2.000001").Proto(),
		StartDateMillis:      lotkeeper.Millis(time.Now().Add(-5 * time.Minute)),
	})
	if err != nil {
		log.Fatal(err)
	}
	record := response.GetInventoryLotRecord()
	quantity, err := lotkeeper.QuantityOf(record.GetExactQuantity())
	if err != nil {
		log.Fatal(err)
	}
	lasted := lotkeeper.Moment(record.GetEndDate()).Sub(lotkeeper.Moment(record.GetStartDate()))
	fmt.Println(quantity.Add(lotkeeper.MustQuantity("0.1")), record.GetUnitOfMeasureSymbol(), lasted.Round(time.Minute))
	// Output:
	// 2.100001 kg 5m0s
}

func Example_actions() {
	scrap := &pb.InventoryAction{
		Type:                   pb.InventoryActionType_INVENTORY_ACTION_TYPE_SCRAP,
		LotIdOrName:            proto.String("MILK-0815"),
		MaterialIdOrPath:       proto.String("Dairy/Milk/Whole milk"),
		SourceLocationIdOrPath: proto.String("DairyCo/Plant1/Silo1"),
		ExactQuantity:          lotkeeper.MustQuantity("1.5").Proto(),
		Notes:                  proto.String("a sample"),
	}
	ship := proto.CloneOf(scrap)
	ship.Type = pb.InventoryActionType_INVENTORY_ACTION_TYPE_SHIP
	ship.ExactQuantity = lotkeeper.MustQuantity("1e9").Proto()
	_, err := client.Inventory.ExecuteInventoryActions(ctx, &pb.ExecuteInventoryActionsRequest{
		Actions: []*pb.InventoryAction{scrap, ship},
	})
	var refused *lotkeeper.Error
	if errors.As(err, &refused) {
		index, _ := refused.Index()
		fmt.Println(refused.Reason, "of action", index, "of", refused.Metadata["lot"])
	}
	// Output:
	// INSUFFICIENT_INVENTORY of action 1 of MILK-0815
}

func Example_errors() {
	_, err := client.Inventory.GetLot(ctx, &pb.GetLotRequest{
		LotIdOrName:      "MILK-0000",
		MaterialIdOrPath: proto.String("Dairy/Milk/Whole milk"),
	})
	var refused *lotkeeper.Error
	switch {
	case errors.Is(err, lotkeeper.ReasonLotNotFound):
		fmt.Println("there is no such lot")
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("no answer in time")
	case errors.As(err, &refused):
		fmt.Println(refused.Code, refused.Reason, refused.Metadata, refused.RetryAfter)
	}
	_, err = client.Inventory.GetLot(ctx, &pb.GetLotRequest{})
	if errors.As(err, &refused) {
		for _, violation := range refused.FieldViolations {
			fmt.Println(violation.Field+":", violation.Description)
		}
	}
	// Output:
	// there is no such lot
	// lot_id_or_name: must be given
}

func Example_deadlines() {
	brief, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	converted, err := client.MasterData.ConvertQuantity(brief, &pb.ConvertQuantityRequest{
		ExactQuantity:           lotkeeper.MustQuantity("2").Proto(),
		FromUnitOfMeasureSymbol: proto.String("t"),
		ToUnitOfMeasureSymbol:   proto.String("kg"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(converted.GetExactQuantity().GetValue())
	// Output:
	// 2000
}

func Example_repeat() {
	consume := &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: "01JPAND53P-BZ61RZHZ-V7C6EEHG",
		PrimaryLotIdOrName:   "MILK-0815",
		ExactQuantity:        lotkeeper.MustQuantity("3").Proto(),
		RequestId:            "batch-2/step-1", // stored before the call
	}
	first, err := client.Operations.ExecuteInventoryOperation(ctx, consume)
	if err != nil {
		log.Fatal(err)
	}
	again, err := client.Operations.ExecuteInventoryOperation(ctx, consume)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("one record:", first.GetInventoryLotRecord().GetId() == again.GetInventoryLotRecord().GetId())
	consume.ExactQuantity = lotkeeper.MustQuantity("4").Proto()
	_, err = client.Operations.ExecuteInventoryOperation(ctx, consume)
	fmt.Println(errors.Is(err, lotkeeper.ReasonRequestIDReused))
	// Output:
	// one record: true
	// true
}

func Example_pages() {
	consumed := &pb.ListInventoryLotRecordsRequest{
		LotRecordTypes: []pb.LotRecordType{pb.LotRecordType_LOT_RECORD_TYPE_CONSUME},
		OldestFirst:    true,
		PageSize:       1000,
	}
	var kilograms lotkeeper.Quantity
	for record, err := range client.ListInventoryLotRecords(ctx, consumed) {
		if err != nil {
			log.Fatal(err)
		}
		quantity, err := lotkeeper.QuantityOf(record.GetExactQuantity())
		if err != nil {
			log.Fatal(err)
		}
		if record.GetUnitOfMeasureSymbol() == "kg" {
			kilograms = kilograms.Add(quantity)
		}
	}
	fmt.Println(kilograms)
	// Output:
	// 5.000001
}

func Example_watch() {
	request := &pb.WatchInventoryLotRecordsRequest{FromBeginning: true} // or ResumeToken: the one that was stored
	for message, err := range client.WatchInventoryLotRecords(ctx, request) {
		if err != nil {
			log.Fatal(err)
		}
		if record := message.GetInventoryLotRecord(); record != nil {
			fmt.Println(record.GetId() != "", message.GetResumeToken() != "") // store the token with your own result
			break
		}
	}
	// Output:
	// true true
}

func Example_coalescing() {
	coalescing, err := lotkeeper.New("", lotkeeper.WithCoalescing())
	if err != nil {
		log.Fatal(err)
	}
	defer coalescing.Close()
	var consume *pb.InventoryOperation
	for consume, err = range coalescing.ListInventoryOperations(ctx, &pb.ListInventoryOperationsRequest{
		NamePrefix: proto.String("Consume milk"),
	}) {
		if err != nil {
			log.Fatal(err)
		}
	}
	var scans sync.WaitGroup
	refusals := make(chan error, 100)
	for range 100 {
		scans.Add(1)
		go func() {
			defer scans.Done()
			_, err := coalescing.Operations.ExecuteInventoryOperation(ctx, &pb.ExecuteInventoryOperationRequest{
				InventoryOperationId: consume.GetId(),
				PrimaryLotIdOrName:   "MILK-0815",
				ExactQuantity:        lotkeeper.MustQuantity("0.01").Proto(),
			})
			if err != nil {
				refusals <- err
			}
		}()
	}
	scans.Wait()
	fmt.Println(len(refusals), "refusals")
	// Output:
	// 0 refusals
}

func TestMilkExpires(t *testing.T) {
	server := lotkeepertest.Start(t)
	client := server.Client(t)
	receive := &pb.InventoryAction{
		Type:                        pb.InventoryActionType_INVENTORY_ACTION_TYPE_RECEIVE,
		LotIdOrName:                 proto.String("MILK-0900"),
		MaterialIdOrPath:            proto.String("Dairy/Milk/Whole milk"),
		DestinationLocationIdOrPath: proto.String("DairyCo/Plant1/Silo1"),
		ExactQuantity:               lotkeeper.MustQuantity("100").Proto(),
		LotExpirationDateMillis:     lotkeeper.Millis(time.Now().Add(7 * 24 * time.Hour)),
		CreateLotIfNotFound:         true,
	}
	ship := &pb.InventoryAction{
		Type:                   pb.InventoryActionType_INVENTORY_ACTION_TYPE_SHIP,
		LotIdOrName:            proto.String("MILK-0900"),
		MaterialIdOrPath:       proto.String("Dairy/Milk/Whole milk"),
		SourceLocationIdOrPath: proto.String("DairyCo/Plant1/Silo1"),
		ExactQuantity:          lotkeeper.MustQuantity("1").Proto(),
	}
	do := func(action *pb.InventoryAction) error {
		request := &pb.ExecuteInventoryActionsRequest{Actions: []*pb.InventoryAction{action}}
		_, err := client.Inventory.ExecuteInventoryActions(t.Context(), request)
		return err
	}
	if err := errors.Join(do(receive), do(ship)); err != nil {
		t.Fatal(err)
	}
	if err := server.AdvanceClock(8 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := do(ship); !errors.Is(err, lotkeeper.ReasonLotExpired) {
		t.Errorf("milk of last week: %v", err)
	}
}
