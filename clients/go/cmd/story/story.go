package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

const (
	recordCount  = 12 // how many completed records the story has written before it looks back
	resumedAfter = 5
)

// story is the story's own corner of the plant.
type story struct {
	*lotkeeper.Client
	to           io.Writer
	suffix       string // makes its names its own; it is cut from what is told
	root         string // the location above all of its own, and the class of its materials
	milk, butter string
	silo, store  string
	consumeID    string
}

func newStory(client *lotkeeper.Client, suffix string, to io.Writer) *story {
	root := "Story-" + suffix
	return &story{
		Client: client, to: to, suffix: "-" + suffix, root: root,
		milk: root + "/Milk", butter: root + "/Butter", silo: root + "/Silo", store: root + "/Store",
	}
}

func (s *story) tell(format string, values ...any) {
	fmt.Fprintln(s.to, strings.ReplaceAll(fmt.Sprintf(format, values...), s.suffix, ""))
}

func (s *story) tellAll(ctx context.Context) error {
	for number, step := range []func(context.Context) error{
		s.units, s.materials, s.locations, s.operation, s.receive, s.consumeOnce, s.refusals, s.actions, s.startAndStop,
		s.batch, s.moveShipAndReverse, s.pages, s.watch, s.trace, s.totals, s.tidy,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("step %d: %w", number+1, err)
		}
	}
	return nil
}

// units are looked up by their symbol, and made where there is none: other stories use them, too.
func (s *story) units(ctx context.Context) error {
	units, err := collect(s.ListUnitsOfMeasure(ctx, nil))
	if err != nil {
		return err
	}
	for _, unit := range []*pb.UnitOfMeasure{{Name: "kilogram", Symbol: "kg"}, {Name: "litre", Symbol: "L"}} {
		if slices.ContainsFunc(units, func(one *pb.UnitOfMeasure) bool { return one.GetSymbol() == unit.GetSymbol() }) {
			continue
		}
		if _, err := s.MasterData.SaveUnitOfMeasure(ctx, &pb.SaveUnitOfMeasureRequest{UnitOfMeasure: unit}); err != nil {
			return err
		}
	}
	s.tell("1 units: kg, L")
	return nil
}

// materials: a class, two materials in it, and what a litre of milk weighs.
func (s *story) materials(ctx context.Context) error {
	class := &pb.SaveMaterialClassRequest{MaterialClass: &pb.MaterialClass{Name: s.root}}
	if _, err := s.MasterData.SaveMaterialClass(ctx, class); err != nil {
		return err
	}
	for _, name := range []string{"Milk", "Butter"} {
		material := &pb.Material{Name: name, MaterialClassPath: s.root, UnitOfMeasureSymbol: "kg"}
		saved, err := s.MasterData.SaveMaterial(ctx, &pb.SaveMaterialRequest{Material: material})
		if err != nil {
			return err
		}
		s.tell("2 material: %s", saved.GetMaterial().GetPath())
	}
	conversion := &pb.UnitOfMeasureConversion{FromUnitSymbol: "L", ToUnitSymbol: "kg", MaterialPath: s.milk, Factor: 1.03}
	_, err := s.MasterData.SaveUnitOfMeasureConversion(ctx,
		&pb.SaveUnitOfMeasureConversionRequest{UnitOfMeasureConversion: conversion})
	if err != nil {
		return err
	}
	converted, err := s.MasterData.ConvertQuantity(ctx, &pb.ConvertQuantityRequest{
		ExactQuantity:           lotkeeper.MustQuantity("100").Proto(),
		FromUnitOfMeasureSymbol: proto.String("L"),
		ToUnitOfMeasureSymbol:   proto.String("kg"),
		MaterialIdOrPath:        proto.String(s.milk),
	})
	if err != nil {
		return err
	}
	kilograms, err := lotkeeper.QuantityOf(converted.GetExactQuantity())
	s.tell("2 conversion: 100 L of milk are %v kg", kilograms)
	return err
}

// locations: a place, with a silo and a store in it.
func (s *story) locations(ctx context.Context) error {
	root := &pb.SaveLocationRequest{Location: &pb.Location{Name: s.root}}
	if _, err := s.MasterData.SaveLocation(ctx, root); err != nil {
		return err
	}
	for _, name := range []string{"Silo", "Store"} {
		location := &pb.Location{Name: name, ParentPath: s.root}
		saved, err := s.MasterData.SaveLocation(ctx, &pb.SaveLocationRequest{Location: location})
		if err != nil {
			return err
		}
		s.tell("3 location: %s", saved.GetLocation().GetPath())
	}
	return nil
}

// operation that consumes milk from the silo.
func (s *story) operation(ctx context.Context) error {
	saved, err := s.Operations.SaveInventoryOperation(ctx, &pb.SaveInventoryOperationRequest{
		InventoryOperation: &pb.InventoryOperation{
			Name:                           "Consume" + s.suffix,
			OperationType:                  pb.InventoryOperationType_INVENTORY_OPERATION_TYPE_CONSUME,
			SourceLocationPath:             s.silo,
			MaterialPath:                   s.milk,
			UnitOfMeasureSymbol:            "kg",
			SecondaryMaterialPath:          s.butter,
			PrimaryLotResolutionStrategy:   pb.LotResolutionStrategy_LOT_RESOLUTION_STRATEGY_MANUAL,
			SecondaryLotResolutionStrategy: pb.LotResolutionStrategy_LOT_RESOLUTION_STRATEGY_MANUAL,
			CreateLotIfNotFound:            true,
		},
	})
	if err != nil {
		return err
	}
	operation := saved.GetInventoryOperation()
	s.consumeID = operation.GetId()
	s.tell("4 operation: %s from %s", operation.GetName(), operation.GetSourceLocationPath())
	return nil
}

// receive: two deliveries, one of them in another unit; the lots are made.
func (s *story) receive(ctx context.Context) error {
	for _, one := range []struct{ lot, quantity, unit string }{{"M-1", "1000.5", "kg"}, {"M-2", "100", "L"}} {
		records, err := s.act(ctx, &pb.InventoryAction{
			Type:                        pb.InventoryActionType_INVENTORY_ACTION_TYPE_RECEIVE,
			LotIdOrName:                 &one.lot,
			ExactQuantity:               lotkeeper.MustQuantity(one.quantity).Proto(),
			UnitOfMeasureSymbol:         &one.unit,
			DestinationLocationIdOrPath: &s.silo,
			MaterialIdOrPath:            &s.milk,
			CreateLotIfNotFound:         true,
		})
		if err != nil {
			return err
		}
		s.tell("5 %s", movement(records[0]))
	}
	return nil
}

// consumeOnce: the same request twice takes effect once; another one under its id is refused.
func (s *story) consumeOnce(ctx context.Context) error {
	request := s.consume("M-1", "0.3")
	request.RequestId = lotkeeper.NewRequestID()
	first, err := s.Operations.ExecuteInventoryOperation(ctx, request)
	if err != nil {
		return err
	}
	again, err := s.Operations.ExecuteInventoryOperation(ctx, request)
	if err != nil {
		return err
	}
	s.tell("6 %s", movement(first.GetInventoryLotRecord()))
	same := first.GetInventoryLotRecord().GetId() == again.GetInventoryLotRecord().GetId()
	s.tell("6 the same record again: %s", yes(same))
	request.ExactQuantity = lotkeeper.MustQuantity("0.4").Proto()
	refused, err := refusal(s.Operations.ExecuteInventoryOperation(ctx, request))
	if err == nil {
		s.tell("6 refused: %s", refused.Reason)
	}
	return err
}

// refusals: what is not there; what is wrong with a request; what does not exist.
func (s *story) refusals(ctx context.Context) error {
	refused, err := refusal(s.Operations.ExecuteInventoryOperation(ctx, s.consume("M-1", "5000.000001")))
	if err != nil {
		return err
	}
	var said []string
	for _, key := range []string{"available", "location", "lot", "requested", "unit"} {
		said = append(said, key+"="+refused.Metadata[key])
	}
	s.tell("7 refused: %s %s", refused.Reason, strings.Join(said, ", "))
	wrong := &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: s.consumeID,
		PrimaryLotIdOrName:   "M-1",
		ExactQuantity:        lotkeeper.MustQuantity("-1").Proto(),
		RequestId:            "not ascii: é",
	}
	if refused, err = refusal(s.Operations.ExecuteInventoryOperation(ctx, wrong)); err != nil {
		return err
	}
	var fields []string
	for _, violation := range refused.FieldViolations {
		fields = append(fields, violation.Field)
	}
	slices.Sort(fields)
	s.tell("7 refused: %s %s", refused.Reason, strings.Join(fields, ", "))
	missing := &pb.GetLotRequest{LotIdOrName: "M-9", MaterialIdOrPath: &s.milk}
	if refused, err = refusal(s.Inventory.GetLot(ctx, missing)); err != nil {
		return err
	}
	s.tell("7 refused: %s", refused.Reason)
	return nil
}

func (s *story) consume(lot, quantity string) *pb.ExecuteInventoryOperationRequest {
	return &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: s.consumeID,
		PrimaryLotIdOrName:   lot,
		SecondaryLotIdOrName: proto.String("B-1"),
		ExactQuantity:        lotkeeper.MustQuantity(quantity).Proto(),
	}
}

func (s *story) act(ctx context.Context, actions ...*pb.InventoryAction) ([]*pb.InventoryLotRecord, error) {
	request := &pb.ExecuteInventoryActionsRequest{Actions: actions}
	response, err := s.Inventory.ExecuteInventoryActions(ctx, request)
	return response.GetInventoryLotRecords(), err
}

// collect is all of a list.
func collect[Item any](items iter.Seq2[Item, error]) ([]Item, error) {
	var all []Item
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

// refusal is what a call that has to be refused was refused with.
func refusal[Response any](_ Response, err error) (*lotkeeper.Error, error) {
	var refused *lotkeeper.Error
	switch {
	case err == nil:
		return nil, errors.New("it was not refused")
	case errors.As(err, &refused) && refused.Reason != "":
		return refused, nil
	}
	return nil, err
}

func movement(record *pb.InventoryLotRecord) string {
	return fmt.Sprintf("%s %s %s %s source %s destination %s", typeOf(record), record.GetInventoryLotName(),
		record.GetExactQuantity().GetValue(), record.GetUnitOfMeasureSymbol(),
		record.GetExactSourceQuantityChange().GetValue(), record.GetExactDestinationQuantityChange().GetValue())
}

func typeOf(record *pb.InventoryLotRecord) string {
	return strings.TrimPrefix(record.GetLotRecordType().String(), "LOT_RECORD_TYPE_")
}

func typesOf(records []*pb.InventoryLotRecord) string {
	text := fmt.Sprintf("%d,", len(records))
	for _, record := range records {
		text += " " + typeOf(record)
	}
	return text
}

func yes(isSo bool) string {
	if isSo {
		return "yes"
	}
	return "no"
}
