package lotkeeper_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// answering is a server of a few lines that does as it is told, for tests of what a client sends. It answers every
// execution with a record of its lot.
type answering struct {
	pb.UnimplementedInventoryOperationServiceServer
	pb.UnimplementedInventoryServiceServer
	pb.UnimplementedMasterDataServiceServer
	address string
	server  *grpc.Server

	mu       sync.Mutex
	singles  []*pb.ExecuteInventoryOperationRequest
	batches  []*pb.BatchExecuteInventoryOperationsRequest
	onSingle func(context.Context, *pb.ExecuteInventoryOperationRequest) error
	onBatch  func(context.Context, *pb.BatchExecuteInventoryOperationsRequest) (*pb.BatchExecuteInventoryOperationsResponse, error)
	onSave   func(context.Context) error
	onList   func(*pb.ListLotsRequest) (*pb.ListLotsResponse, error)
	onWatch  func(*pb.WatchInventoryLotRecordsRequest, func(record, token string) error) error
}

func newAnswering(t testing.TB, options ...grpc.ServerOption) *answering {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &answering{address: listener.Addr().String(), server: grpc.NewServer(options...)}
	pb.RegisterInventoryOperationServiceServer(a.server, a)
	pb.RegisterInventoryServiceServer(a.server, a)
	pb.RegisterMasterDataServiceServer(a.server, a)
	go func() { _ = a.server.Serve(listener) }()
	t.Cleanup(a.server.Stop)
	return a
}

func (a *answering) client(t testing.TB, options ...lotkeeper.Option) *lotkeeper.Client {
	t.Helper()
	client, err := lotkeeper.New(a.address, append([]lotkeeper.Option{lotkeeper.WithToken("t")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func (a *answering) ExecuteInventoryOperation(
	ctx context.Context, request *pb.ExecuteInventoryOperationRequest,
) (*pb.ExecuteInventoryOperationResponse, error) {
	a.mu.Lock()
	a.singles = append(a.singles, request)
	told := a.onSingle
	a.mu.Unlock()
	if told != nil {
		if err := told(ctx, request); err != nil {
			return nil, err
		}
	}
	return answerTo(request), nil
}

func (a *answering) BatchExecuteInventoryOperations(
	ctx context.Context, request *pb.BatchExecuteInventoryOperationsRequest,
) (*pb.BatchExecuteInventoryOperationsResponse, error) {
	a.mu.Lock()
	a.batches = append(a.batches, request)
	told := a.onBatch
	a.mu.Unlock()
	if told != nil {
		if answer, err := told(ctx, request); answer != nil || err != nil {
			return answer, err
		}
	}
	answer := &pb.BatchExecuteInventoryOperationsResponse{}
	for _, one := range request.GetRequests() {
		answer.Results = append(answer.Results, done(answerTo(one)))
	}
	return answer, nil
}

func (a *answering) SaveUnitOfMeasure(
	ctx context.Context, request *pb.SaveUnitOfMeasureRequest,
) (*pb.SaveUnitOfMeasureResponse, error) {
	if err := a.onSave(ctx); err != nil {
		return nil, err
	}
	return &pb.SaveUnitOfMeasureResponse{UnitOfMeasure: request.GetUnitOfMeasure()}, nil
}

func (a *answering) ListLots(_ context.Context, request *pb.ListLotsRequest) (*pb.ListLotsResponse, error) {
	return a.onList(request)
}

func (a *answering) WatchInventoryLotRecords(
	request *pb.WatchInventoryLotRecordsRequest, stream grpc.ServerStreamingServer[pb.WatchInventoryLotRecordsResponse],
) error {
	return a.onWatch(request, func(record, token string) error {
		message := &pb.WatchInventoryLotRecordsResponse{ResumeToken: token}
		if record != "" {
			message.InventoryLotRecord = &pb.InventoryLotRecord{Id: record}
		}
		return stream.Send(message)
	})
}

func (a *answering) singleCount() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.singles)
}

func answerTo(request *pb.ExecuteInventoryOperationRequest) *pb.ExecuteInventoryOperationResponse {
	return &pb.ExecuteInventoryOperationResponse{
		InventoryLotRecord: &pb.InventoryLotRecord{InventoryLotName: request.GetPrimaryLotIdOrName()},
	}
}

func done(response *pb.ExecuteInventoryOperationResponse) *pb.BatchExecuteResult {
	return &pb.BatchExecuteResult{Result: &pb.BatchExecuteResult_Response{Response: response}}
}

func refusedWith(code codes.Code, reason lotkeeper.Reason, retryAfter *durationpb.Duration, fields ...string) error {
	details := []proto.Message{&errdetails.ErrorInfo{Reason: string(reason), Domain: "lotkeeper"}}
	if retryAfter != nil {
		details = append(details, &errdetails.RetryInfo{RetryDelay: retryAfter})
	}
	message := "refused"
	if len(fields) > 0 {
		violations := &errdetails.BadRequest{}
		message = ""
		for _, one := range fields {
			violation := &errdetails.BadRequest_FieldViolation{Field: one, Description: "is wrong"}
			violations.FieldViolations = append(violations.FieldViolations, violation)
			message += "; " + one + " is wrong"
		}
		message = message[2:]
		details = append(details, violations)
	}
	said := status.New(code, message)
	for _, one := range details {
		said, _ = said.WithDetails(one.(interface {
			proto.Message
			Reset()
			String() string
			ProtoMessage()
		}))
	}
	return said.Err()
}

func execute(ctx context.Context, client *lotkeeper.Client, lot string) (string, error) {
	response, err := client.Operations.ExecuteInventoryOperation(ctx, &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: "o", PrimaryLotIdOrName: lot, ExactQuantity: lotkeeper.MustQuantity("1").Proto(),
	})
	return response.GetInventoryLotRecord().GetInventoryLotName(), err
}
