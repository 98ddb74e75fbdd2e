package main

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// actions: two movements, all or none: milk goes into a lot of butter, which comes into being.
func (s *story) actions(ctx context.Context) error {
	records, err := s.act(ctx,
		&pb.InventoryAction{
			Type:                      pb.InventoryActionType_INVENTORY_ACTION_TYPE_CONSUME,
			LotIdOrName:               proto.String("M-1"),
			ExactQuantity:             lotkeeper.MustQuantity("200").Proto(),
			SourceLocationIdOrPath:    &s.silo,
			MaterialIdOrPath:          &s.milk,
			SecondaryLotIdOrName:      proto.String("B-1"),
			SecondaryMaterialIdOrPath: &s.butter,
		},
		&pb.InventoryAction{
			Type:                        pb.InventoryActionType_INVENTORY_ACTION_TYPE_PRODUCE,
			LotIdOrName:                 proto.String("B-1"),
			ExactQuantity:               lotkeeper.MustQuantity("80.25").Proto(),
			DestinationLocationIdOrPath: &s.store,
			MaterialIdOrPath:            &s.butter,
		},
	)
	if err != nil {
		return err
	}
	for _, record := range records {
		s.tell("8 %s", movement(record))
	}
	consume := func(quantity string) *pb.InventoryAction {
		return &pb.InventoryAction{
			Type:                   pb.InventoryActionType_INVENTORY_ACTION_TYPE_CONSUME,
			LotIdOrName:            proto.String("M-1"),
			ExactQuantity:          lotkeeper.MustQuantity(quantity).Proto(),
			SourceLocationIdOrPath: &s.silo,
			MaterialIdOrPath:       &s.milk,
		}
	}
	refused, err := refusal(s.act(ctx, consume("1"), consume("99999")))
	if err != nil {
		return err
	}
	index, _ := refused.Index()
	s.tell("8 refused: %s index=%d", refused.Reason, index)
	return nil
}

// startAndStop: something that takes time; a second start is refused.
func (s *story) startAndStop(ctx context.Context) error {
	start := &pb.StartInventoryOperationRequest{
		InventoryOperationId: s.consumeID,
		PrimaryLotIdOrName:   "M-1",
		SecondaryLotIdOrName: proto.String("B-1"),
	}
	response, err := s.Operations.StartInventoryOperation(ctx, start)
	if err != nil {
		return err
	}
	started := response.GetInventoryLotRecord()
	s.tell("9 started: %v", started.GetStatus())
	refused, err := refusal(s.Operations.StartInventoryOperation(ctx, start))
	if err != nil {
		return err
	}
	s.tell("9 refused: %s", refused.Reason)
	stop, err := s.Operations.StopInventoryOperation(ctx, &pb.StopInventoryOperationRequest{
		InventoryOperationId: s.consumeID,
		ExactQuantity:        lotkeeper.MustQuantity("50").Proto(),
	})
	if err != nil {
		return err
	}
	stopped := stop.GetInventoryLotRecord()
	s.tell("9 stopped: %v %s", stopped.GetStatus(), movement(stopped))
	s.tell("9 the same record: %s", yes(started.GetId() == stopped.GetId()))
	return nil
}

// batch: three executions in one call, each refused for itself.
func (s *story) batch(ctx context.Context) error {
	response, err := s.Operations.BatchExecuteInventoryOperations(ctx, &pb.BatchExecuteInventoryOperationsRequest{
		Requests: []*pb.ExecuteInventoryOperationRequest{
			s.consume("M-1", "1.000001"), s.consume("M-1", "99999"), s.consume("M-2", "3"),
		},
	})
	if err != nil {
		return err
	}
	for _, result := range response.GetResults() {
		if result.GetStatus() != nil {
			s.tell("10 refused: %s", lotkeeper.ErrorOfStatus(result.GetStatus()).Reason)
		} else {
			s.tell("10 %s", movement(result.GetResponse().GetInventoryLotRecord()))
		}
	}
	return nil
}

// moveShipAndReverse: butter is moved, shipped and scrapped, and what was scrapped by mistake is put back.
func (s *story) moveShipAndReverse(ctx context.Context) error {
	act := func(kind pb.InventoryActionType, quantity string, destination *string) (*pb.InventoryLotRecord, error) {
		records, err := s.act(ctx, &pb.InventoryAction{
			Type:                        kind,
			LotIdOrName:                 proto.String("B-1"),
			ExactQuantity:               lotkeeper.MustQuantity(quantity).Proto(),
			SourceLocationIdOrPath:      &s.store,
			DestinationLocationIdOrPath: destination,
			MaterialIdOrPath:            &s.butter,
		})
		if err != nil {
			return nil, err
		}
		return records[0], nil
	}
	moved, failed1 := act(pb.InventoryActionType_INVENTORY_ACTION_TYPE_MOVE, "10", &s.silo)
	shipped, failed2 := act(pb.InventoryActionType_INVENTORY_ACTION_TYPE_SHIP, "30.25", nil)
	scrapped, failed3 := act(pb.InventoryActionType_INVENTORY_ACTION_TYPE_SCRAP, "5", nil)
	if err := errors.Join(failed1, failed2, failed3); err != nil {
		return err
	}
	reverse := &pb.ReverseInventoryLotRecordRequest{InventoryLotRecordId: scrapped.GetId()}
	response, err := s.Inventory.ReverseInventoryLotRecord(ctx, reverse)
	if err != nil {
		return err
	}
	undone := response.GetInventoryLotRecord()
	for _, record := range []*pb.InventoryLotRecord{moved, shipped, scrapped, undone} {
		s.tell("11 %s", movement(record))
	}
	s.tell("11 reverses it: %s", yes(undone.GetReversesRecordId() == scrapped.GetId()))
	refused, err := refusal(s.Inventory.ReverseInventoryLotRecord(ctx, reverse))
	if err == nil {
		s.tell("11 refused: %s", refused.Reason)
	}
	return err
}

// tidy: everything is scrapped; what has a history stays, and what has none is deleted.
func (s *story) tidy(ctx context.Context) error {
	for _, one := range []struct{ location, material string }{{s.silo, s.milk}, {s.silo, s.butter}, {s.store, s.butter}} {
		records, err := s.act(ctx, &pb.InventoryAction{
			Type:                   pb.InventoryActionType_INVENTORY_ACTION_TYPE_SCRAP_ALL,
			SourceLocationIdOrPath: &one.location,
			MaterialIdOrPath:       &one.material,
		})
		if err != nil {
			return err
		}
		s.tell("16 scrapped: %d records", len(records))
	}
	left, err := collect(s.ListInventory(ctx, &pb.ListInventoryRequest{LocationIdOrPath: &s.root, IncludeChildren: true}))
	if err != nil {
		return err
	}
	s.tell("16 rows left: %d", len(left))
	lot := &pb.SaveLotRequest{Lot: &pb.InventoryLot{Name: "M-3", MaterialPath: s.milk}}
	saved, err := s.Inventory.SaveLot(ctx, lot)
	if err != nil {
		return err
	}
	refused, err := refusal(s.Inventory.SaveLot(ctx, lot))
	if err != nil {
		return err
	}
	s.tell("16 refused: %s", refused.Reason)
	if _, err := s.Inventory.DeleteLot(ctx, &pb.DeleteLotRequest{LotIdOrName: saved.GetLot().GetId()}); err != nil {
		return err
	}
	s.tell("16 deleted: M-3")
	deleting := &pb.DeleteInventoryOperationRequest{InventoryOperationId: s.consumeID}
	if refused, err = refusal(s.Operations.DeleteInventoryOperation(ctx, deleting)); err != nil {
		return err
	}
	s.tell("16 refused: %s entity=%s", refused.Reason, refused.Metadata["entity"])
	disabled, err := s.Operations.SaveInventoryOperation(ctx, &pb.SaveInventoryOperationRequest{
		InventoryOperation: &pb.InventoryOperation{Id: s.consumeID, Enabled: proto.Bool(false)},
		UpdateMask:         &fieldmaskpb.FieldMask{Paths: []string{"enabled"}},
	})
	if err == nil {
		s.tell("16 operation enabled: %s", yes(disabled.GetInventoryOperation().GetEnabled()))
	}
	return err
}
