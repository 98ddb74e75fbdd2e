package lotkeeper

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

const (
	batchRequestsMax = 1000
	batchHalvedFrom  = 64
	batchBytesMax    = 1 << 20
	batchMany        = 32 // of so many it pays to have two batches on their way
)

// travelsWithOthers is whether a call may go in a batch: an execution that is to be done, without anything of its own
// beside the request.
func travelsWithOthers(ctx context.Context, request any, options []grpc.CallOption) bool {
	execute, is := request.(*pb.ExecuteInventoryOperationRequest)
	if !is || execute.GetValidateOnly() {
		return false
	}
	for _, option := range options {
		if _, isOfStub := option.(grpc.StaticMethodCallOption); !isOfStub {
			return false
		}
	}
	_, has := metadata.FromOutgoingContext(ctx)
	return !has
}

// taken are as many as travel in one batch, of those that wait, and those that are left. Where many wait it is half of all,
// so that the server has something to do while the other half gets its answers.
func taken(waiting []*execution, travelling int) (batch, left []*execution) {
	most := min(max((len(waiting)+travelling+1)/2, batchHalvedFrom), batchRequestsMax, len(waiting))
	size := 0
	for place, one := range waiting[:most] {
		size += proto.Size(one.request)
		if place > 0 && size > batchBytesMax {
			most = place
			break
		}
	}
	return waiting[:most:most], waiting[most:]
}

// areEnough is whether those that wait go beside a batch that is on its way: the server then has one while another
// returns. Both are of one size: each costs the server a transaction, so that it does not pay to send a few ahead.
func areEnough(waiting, travelling int) bool {
	return waiting >= travelling && travelling >= batchMany
}

func batchOf(executions []*execution) *pb.BatchExecuteInventoryOperationsRequest {
	batch := &pb.BatchExecuteInventoryOperationsRequest{}
	for _, one := range executions {
		batch.Requests = append(batch.Requests, one.request)
	}
	return batch
}

// outcome is what came of an execution: an answer, an error after which there may be another attempt, or neither.
type outcome struct {
	response *pb.ExecuteInventoryOperationResponse
	err      *Error
	alone    bool // it goes alone: what a batch is refused with as a whole is no answer to one of its requests
}

// outcomesOf are what the answer to a batch, or its failure, is to each of so many.
func outcomesOf(answer *pb.BatchExecuteInventoryOperationsResponse, err *Error, count int) []outcome {
	outcomes := make([]outcome, count)
	results := answer.GetResults()
	for place := range outcomes {
		switch {
		case err != nil:
			outcomes[place] = shared(err)
		case len(results) != count:
			text := fmt.Sprintf("the server answered %d of %d requests", len(results), count)
			outcomes[place].err = &Error{Code: codes.Internal, Message: text}
		default:
			outcomes[place] = ofResult(results[place], place)
		}
	}
	return outcomes
}

// shared is what the failure of a batch is to one of its requests.
func shared(err *Error) outcome {
	switch err.Code {
	case codes.Unavailable, codes.Unauthenticated, codes.PermissionDenied, codes.Canceled, codes.DeadlineExceeded:
	default:
		if !nothingWasDone(err) {
			return outcome{alone: true}
		}
	}
	copied := *err
	return outcome{err: &copied}
}

func ofResult(result *pb.BatchExecuteResult, place int) outcome {
	if result.GetStatus() == nil {
		return outcome{response: result.GetResponse()}
	}
	err := ErrorOfStatus(result.GetStatus())
	if err.Reason == ReasonTooManyRecords { // which may be those of the others
		return outcome{alone: true}
	}
	// The caller has sent one request, and is told of its fields as of one.
	prefix := fmt.Sprintf("requests[%d].", place)
	for i := range err.FieldViolations {
		err.FieldViolations[i].Field = strings.TrimPrefix(err.FieldViolations[i].Field, prefix)
	}
	err.Message = strings.ReplaceAll(strings.TrimPrefix(err.Message, prefix), "; "+prefix, "; ")
	return outcome{err: err}
}
