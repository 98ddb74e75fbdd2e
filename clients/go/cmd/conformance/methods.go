package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"google.golang.org/genproto/googleapis/type/decimal"
	"google.golang.org/protobuf/proto"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

type method func(context.Context, *lotkeeper.Client, json.RawMessage) (any, error)

var methods = map[string]method{
	"execute":    with(execute),
	"sequence":   with(sequence),
	"coalesced":  with(coalesced),
	"batch":      with(batch),
	"actions":    with(actions),
	"save_unit":  with(saveUnit),
	"get_unit":   with(getUnit),
	"list_units": with(listUnits),
	"watch":      with(watch),
}

// with reads a method's arguments.
func with[Arguments any](do func(context.Context, *lotkeeper.Client, Arguments) (any, error)) method {
	return func(ctx context.Context, client *lotkeeper.Client, given json.RawMessage) (any, error) {
		var arguments Arguments
		if len(given) > 0 {
			if err := json.Unmarshal(given, &arguments); err != nil {
				return nil, err
			}
		}
		return do(ctx, client, arguments)
	}
}

type execution struct {
	OperationID string `json:"operation_id"`
	Lot         string
	Quantity    string
	RequestID   string `json:"request_id"`
}

func (e execution) request() *pb.ExecuteInventoryOperationRequest {
	return &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: e.OperationID,
		PrimaryLotIdOrName:   e.Lot,
		ExactQuantity:        &decimal.Decimal{Value: e.Quantity},
		RequestId:            e.RequestID,
	}
}

type executions struct{ Executions []execution }

// result is what came of one execution.
type result struct {
	Record   string   `json:"record,omitempty"`
	Quantity string   `json:"quantity,omitempty"`
	Error    *failure `json:"error,omitempty"`
}

func resultOf(response *pb.ExecuteInventoryOperationResponse) result {
	record := response.GetInventoryLotRecord()
	return result{Record: record.GetId(), Quantity: record.GetExactQuantity().GetValue()}
}

// resultOrError has an error of the client's own in it; any other comes back.
func resultOrError(response *pb.ExecuteInventoryOperationResponse, err error) (result, error) {
	var refused *lotkeeper.Error
	switch {
	case errors.As(err, &refused):
		return result{Error: failureOf(refused)}, nil
	case err != nil:
		return result{}, err
	}
	return resultOf(response), nil
}

func execute(ctx context.Context, client *lotkeeper.Client, one execution) (any, error) {
	response, err := client.Operations.ExecuteInventoryOperation(ctx, one.request())
	if err != nil {
		return nil, err
	}
	return resultOf(response), nil
}

func sequence(ctx context.Context, client *lotkeeper.Client, given executions) (any, error) {
	results := make([]result, len(given.Executions))
	var err error
	for i, one := range given.Executions {
		if results[i], err = resultOrError(client.Operations.ExecuteInventoryOperation(ctx, one.request())); err != nil {
			return nil, err
		}
	}
	return map[string]any{"results": results}, nil
}

func coalesced(ctx context.Context, client *lotkeeper.Client, given executions) (any, error) {
	results, failed := make([]result, len(given.Executions)), make([]error, len(given.Executions))
	var all sync.WaitGroup
	for i, one := range given.Executions {
		all.Add(1)
		go func() {
			defer all.Done()
			results[i], failed[i] = resultOrError(client.Operations.ExecuteInventoryOperation(ctx, one.request()))
		}()
	}
	all.Wait()
	return map[string]any{"results": results}, errors.Join(failed...)
}

func batch(ctx context.Context, client *lotkeeper.Client, given executions) (any, error) {
	request := &pb.BatchExecuteInventoryOperationsRequest{}
	for _, one := range given.Executions {
		request.Requests = append(request.Requests, one.request())
	}
	response, err := client.Operations.BatchExecuteInventoryOperations(ctx, request)
	if err != nil {
		return nil, err
	}
	results := []result{}
	for _, one := range response.GetResults() {
		if one.GetStatus() != nil {
			results = append(results, result{Error: failureOf(lotkeeper.ErrorOfStatus(one.GetStatus()))})
		} else {
			results = append(results, resultOf(one.GetResponse()))
		}
	}
	return map[string]any{"results": results}, nil
}

type consumptions struct {
	Actions []struct{ Lot, Material, Quantity, Source string }
}

func actions(ctx context.Context, client *lotkeeper.Client, given consumptions) (any, error) {
	request := &pb.ExecuteInventoryActionsRequest{}
	for _, one := range given.Actions {
		request.Actions = append(request.Actions, &pb.InventoryAction{
			Type:                   pb.InventoryActionType_INVENTORY_ACTION_TYPE_CONSUME,
			LotIdOrName:            &one.Lot,
			MaterialIdOrPath:       &one.Material,
			ExactQuantity:          &decimal.Decimal{Value: one.Quantity},
			SourceLocationIdOrPath: &one.Source,
		})
	}
	response, err := client.Inventory.ExecuteInventoryActions(ctx, request)
	if err != nil {
		return nil, err
	}
	records := []string{}
	for _, record := range response.GetInventoryLotRecords() {
		records = append(records, record.GetId())
	}
	return map[string]any{"records": records}, nil
}

type unit struct{ Name, Symbol string }

func saveUnit(ctx context.Context, client *lotkeeper.Client, one unit) (any, error) {
	saved, err := client.MasterData.SaveUnitOfMeasure(ctx, &pb.SaveUnitOfMeasureRequest{
		UnitOfMeasure: &pb.UnitOfMeasure{Name: one.Name, Symbol: one.Symbol},
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": saved.GetUnitOfMeasure().GetId()}, nil
}

func getUnit(ctx context.Context, client *lotkeeper.Client, one unit) (any, error) {
	request := &pb.GetUnitOfMeasureRequest{UnitOfMeasureIdOrName: one.Name}
	found, err := client.MasterData.GetUnitOfMeasure(ctx, request)
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": found.GetUnitOfMeasure().GetId()}, nil
}

type listing struct {
	PageSize int32 `json:"page_size"`
}

func listUnits(ctx context.Context, client *lotkeeper.Client, given listing) (any, error) {
	names := []string{}
	for one, err := range client.ListUnitsOfMeasure(ctx, &pb.ListUnitsOfMeasureRequest{PageSize: given.PageSize}) {
		if err != nil {
			return map[string]any{"names": names}, err
		}
		names = append(names, one.GetName())
	}
	return map[string]any{"names": names}, nil
}

type watching struct {
	Count         int
	FromBeginning bool   `json:"from_beginning"`
	ResumeToken   string `json:"resume_token"`
}

func watch(ctx context.Context, client *lotkeeper.Client, given watching) (any, error) {
	request := &pb.WatchInventoryLotRecordsRequest{FromBeginning: given.FromBeginning}
	if given.ResumeToken != "" {
		request.ResumeToken = proto.String(given.ResumeToken)
	}
	records, token := []string{}, ""
	value := func() any { return map[string]any{"records": records, "resume_token": token} }
	for message, err := range client.WatchInventoryLotRecords(ctx, request) {
		if err != nil {
			return value(), err
		}
		token = message.GetResumeToken()
		if record := message.GetInventoryLotRecord(); record != nil {
			records = append(records, record.GetId())
		}
		if len(records) == given.Count {
			break
		}
	}
	return value(), nil
}
