package lotkeeper

import (
	"context"
	"iter"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// The lists of the contract, each as one sequence over all of its pages. Every page is a snapshot of its own; PageSize says
// how many items travel at a time (50, at most 1,000). After an error there is nothing more. The methods of the same names
// of the stubs read a single page.

// ListInventoryOperations lists definitions of inventory operations, in the order of ids.
func (c *Client) ListInventoryOperations(ctx context.Context, request *pb.ListInventoryOperationsRequest) iter.Seq2[*pb.InventoryOperation, error] {
	return pages(ctx, c.Operations.ListInventoryOperations, request, (*pb.ListInventoryOperationsResponse).GetInventoryOperations)
}

// ListInventory lists the rows of stock.
func (c *Client) ListInventory(ctx context.Context, request *pb.ListInventoryRequest) iter.Seq2[*pb.Inventory, error] {
	return pages(ctx, c.Inventory.ListInventory, request, (*pb.ListInventoryResponse).GetInventory)
}

// ListInventoryLotRecords lists records, newest first unless the request says otherwise.
func (c *Client) ListInventoryLotRecords(ctx context.Context, request *pb.ListInventoryLotRecordsRequest) iter.Seq2[*pb.InventoryLotRecord, error] {
	return pages(ctx, c.Inventory.ListInventoryLotRecords, request, (*pb.ListInventoryLotRecordsResponse).GetInventoryLotRecords)
}

// ListLots lists lots, in the order of ids.
func (c *Client) ListLots(ctx context.Context, request *pb.ListLotsRequest) iter.Seq2[*pb.InventoryLot, error] {
	return pages(ctx, c.Inventory.ListLots, request, (*pb.ListLotsResponse).GetLots)
}

// SummarizeInventory sums up stock by what the request groups it by.
func (c *Client) SummarizeInventory(ctx context.Context, request *pb.SummarizeInventoryRequest) iter.Seq2[*pb.InventorySummary, error] {
	return pages(ctx, c.Inventory.SummarizeInventory, request, (*pb.SummarizeInventoryResponse).GetInventorySummaries)
}

// ListUnitsOfMeasure lists units of measure, in the order of ids.
func (c *Client) ListUnitsOfMeasure(ctx context.Context, request *pb.ListUnitsOfMeasureRequest) iter.Seq2[*pb.UnitOfMeasure, error] {
	return pages(ctx, c.MasterData.ListUnitsOfMeasure, request, (*pb.ListUnitsOfMeasureResponse).GetUnitsOfMeasure)
}

// ListUnitOfMeasureConversions lists unit of measure conversions, in the order of ids.
func (c *Client) ListUnitOfMeasureConversions(ctx context.Context, request *pb.ListUnitOfMeasureConversionsRequest) iter.Seq2[*pb.UnitOfMeasureConversion, error] {
	return pages(ctx, c.MasterData.ListUnitOfMeasureConversions, request, (*pb.ListUnitOfMeasureConversionsResponse).GetUnitOfMeasureConversions)
}

// ListMaterialClasses lists material classes, in the order of ids.
func (c *Client) ListMaterialClasses(ctx context.Context, request *pb.ListMaterialClassesRequest) iter.Seq2[*pb.MaterialClass, error] {
	return pages(ctx, c.MasterData.ListMaterialClasses, request, (*pb.ListMaterialClassesResponse).GetMaterialClasses)
}

// ListMaterials lists materials, in the order of ids.
func (c *Client) ListMaterials(ctx context.Context, request *pb.ListMaterialsRequest) iter.Seq2[*pb.Material, error] {
	return pages(ctx, c.MasterData.ListMaterials, request, (*pb.ListMaterialsResponse).GetMaterials)
}

// ListMaterialReasonCodes lists material reason codes, in the order of ids.
func (c *Client) ListMaterialReasonCodes(ctx context.Context, request *pb.ListMaterialReasonCodesRequest) iter.Seq2[*pb.MaterialReasonCode, error] {
	return pages(ctx, c.MasterData.ListMaterialReasonCodes, request, (*pb.ListMaterialReasonCodesResponse).GetMaterialReasonCodes)
}

// ListLocations lists locations, in the order of ids.
func (c *Client) ListLocations(ctx context.Context, request *pb.ListLocationsRequest) iter.Seq2[*pb.Location, error] {
	return pages(ctx, c.MasterData.ListLocations, request, (*pb.ListLocationsResponse).GetLocations)
}

// ListOperations lists operations, in the order of ids.
func (c *Client) ListOperations(ctx context.Context, request *pb.ListOperationsRequest) iter.Seq2[*pb.Operation, error] {
	return pages(ctx, c.MasterData.ListOperations, request, (*pb.ListOperationsResponse).GetOperations)
}

// ListProductionOrders lists production orders, in the order of ids.
func (c *Client) ListProductionOrders(ctx context.Context, request *pb.ListProductionOrdersRequest) iter.Seq2[*pb.ProductionOrder, error] {
	return pages(ctx, c.MasterData.ListProductionOrders, request, (*pb.ListProductionOrdersResponse).GetProductionOrders)
}

// ListTerminalLots lists the ends of a trace.
func (c *Client) ListTerminalLots(ctx context.Context, request *pb.ListTerminalLotsRequest) iter.Seq2[*pb.TraceNode, error] {
	return pages(ctx, c.Trace.ListTerminalLots, request, (*pb.ListTerminalLotsResponse).GetNodes)
}

// ListRoles lists roles, in the order in which they were made.
func (c *Client) ListRoles(ctx context.Context, request *pb.ListRolesRequest) iter.Seq2[*pb.Role, error] {
	return pages(ctx, c.Access.ListRoles, request, (*pb.ListRolesResponse).GetRoles)
}

// ListTokens lists stored tokens without their secrets, oldest first.
func (c *Client) ListTokens(ctx context.Context, request *pb.ListTokensRequest) iter.Seq2[*pb.AccessToken, error] {
	return pages(ctx, c.Access.ListTokens, request, (*pb.ListTokensResponse).GetTokens)
}

// ListGrants lists the roles that principals have by name, in the order in which they were given.
func (c *Client) ListGrants(ctx context.Context, request *pb.ListGrantsRequest) iter.Seq2[*pb.RoleGrant, error] {
	return pages(ctx, c.Access.ListGrants, request, (*pb.ListGrantsResponse).GetGrants)
}

// ListAuditEvents lists events, newest first unless the request says otherwise.
func (c *Client) ListAuditEvents(ctx context.Context, request *pb.ListAuditEventsRequest) iter.Seq2[*pb.AuditEvent, error] {
	return pages(ctx, c.Audit.ListAuditEvents, request, (*pb.ListAuditEventsResponse).GetAuditEvents)
}
