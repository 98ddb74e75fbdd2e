package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// pages: all records in pages of two, oldest first; and what is in stock.
func (s *story) pages(ctx context.Context) error {
	records, err := collect(s.ListInventoryLotRecords(ctx, &pb.ListInventoryLotRecordsRequest{
		LocationIdOrPath: &s.root, IncludeChildren: true, OldestFirst: true, PageSize: 2,
	}))
	if err != nil {
		return err
	}
	s.tell("12 records: %s", typesOf(records))
	stock, err := collect(s.ListInventory(ctx, &pb.ListInventoryRequest{
		LocationIdOrPath: &s.root, IncludeChildren: true, PageSize: 1,
	}))
	if err != nil {
		return err
	}
	var rows []string
	for _, row := range stock {
		rows = append(rows, fmt.Sprintf("%s %s %s %s", row.GetLocationPath(), row.GetInventoryLotName(),
			row.GetExactQuantity().GetValue(), row.GetUnitOfMeasureSymbol()))
	}
	s.tellSorted("12 stock: ", rows)
	return nil
}

// watch: the same records by a watch; and another watch that goes on after a token.
func (s *story) watch(ctx context.Context) error {
	first, err := s.watched(ctx, &pb.WatchInventoryLotRecordsRequest{FromBeginning: true}, recordCount)
	if err != nil {
		return err
	}
	s.tell("13 watched: %s", typesOf(recordsOf(first)))
	token := first[resumedAfter-1].GetResumeToken()
	resuming := &pb.WatchInventoryLotRecordsRequest{ResumeToken: &token}
	resumed, err := s.watched(ctx, resuming, recordCount-resumedAfter)
	if err != nil {
		return err
	}
	same := slices.EqualFunc(recordsOf(resumed), recordsOf(first)[resumedAfter:],
		func(one, other *pb.InventoryLotRecord) bool { return one.GetId() == other.GetId() })
	s.tell("13 resumed after %d: %d, the same: %s", resumedAfter, len(resumed), yes(same))
	return nil
}

func (s *story) watched(
	ctx context.Context, request *pb.WatchInventoryLotRecordsRequest, count int,
) ([]*pb.WatchInventoryLotRecordsResponse, error) {
	request.LocationIdOrPath, request.IncludeChildren = &s.root, true
	var messages []*pb.WatchInventoryLotRecordsResponse
	for message, err := range s.WatchInventoryLotRecords(ctx, request) {
		if err != nil {
			return nil, err
		}
		if message.GetInventoryLotRecord() == nil {
			continue // a heartbeat
		}
		if messages = append(messages, message); len(messages) == count {
			break
		}
	}
	return messages, nil
}

func recordsOf(messages []*pb.WatchInventoryLotRecordsResponse) []*pb.InventoryLotRecord {
	var records []*pb.InventoryLotRecord
	for _, message := range messages {
		records = append(records, message.GetInventoryLotRecord())
	}
	return records
}

// trace: what is in the butter, as a graph and by its ends.
func (s *story) trace(ctx context.Context) error {
	graph, err := s.Trace.GetLotTraceGraph(ctx, &pb.GetLotTraceGraphRequest{
		LotIdOrName: "B-1", MaterialIdOrPath: &s.butter, Direction: pb.TraceDirection_TRACE_DIRECTION_INPUT,
	})
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, node := range graph.GetNodes() {
		names[node.GetInventoryLotId()] = node.GetInventoryLotName()
	}
	var edges []string
	for _, edge := range graph.GetEdges() {
		edges = append(edges, fmt.Sprintf("%s > %s %s %s in %d records", names[edge.GetFromInventoryLotId()],
			names[edge.GetToInventoryLotId()], edge.GetExactQuantity().GetValue(), edge.GetUnitOfMeasureSymbol(),
			edge.GetRecordCount()))
	}
	s.tellSorted("14 trace: ", edges)
	ends, err := collect(s.ListTerminalLots(ctx, &pb.ListTerminalLotsRequest{
		LotIdOrName: "B-1", MaterialIdOrPath: &s.butter, Direction: pb.TraceDirection_TRACE_DIRECTION_INPUT,
	}))
	if err != nil {
		return err
	}
	var lots []string
	for _, node := range ends {
		lots = append(lots, node.GetInventoryLotName())
	}
	slices.Sort(lots)
	s.tell("14 ends: %s", strings.Join(lots, ", "))
	return nil
}

// totals: what there is of each material, exact.
func (s *story) totals(ctx context.Context) error {
	totals, err := collect(s.SummarizeInventory(ctx, &pb.SummarizeInventoryRequest{
		GroupBy:          []pb.InventoryGroupBy{pb.InventoryGroupBy_INVENTORY_GROUP_BY_MATERIAL},
		LocationIdOrPath: &s.root, IncludeChildren: true,
	}))
	if err != nil {
		return err
	}
	var lines []string
	for _, total := range totals {
		lines = append(lines, fmt.Sprintf("%s %s %s in %d rows", total.GetMaterialPath(),
			total.GetExactQuantity().GetValue(), total.GetUnitOfMeasureSymbol(), total.GetRows()))
	}
	s.tellSorted("15 total: ", lines)
	return nil
}

func (s *story) tellSorted(title string, lines []string) {
	slices.Sort(lines)
	for _, line := range lines {
		s.tell("%s%s", title, line)
	}
}
