package lotkeeper_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

type answer struct {
	lot string
	err error
}

// together has one execution whose answer is held back until all others wait; then theirs, which go as one batch.
func together(t *testing.T, server *answering, client *lotkeeper.Client, lots ...string) []answer {
	t.Helper()
	goOn, begun := make(chan struct{}), make(chan struct{}, 100)
	server.mu.Lock()
	before := server.onSingle
	server.onSingle = func(ctx context.Context, request *pb.ExecuteInventoryOperationRequest) error {
		if request.GetPrimaryLotIdOrName() == "first" {
			begun <- struct{}{}
			<-goOn
			return nil
		}
		if before != nil {
			return before(ctx, request)
		}
		return nil
	}
	server.mu.Unlock()
	first := make(chan error, 1)
	go func() {
		_, err := execute(t.Context(), client, "first")
		first <- err
	}()
	<-begun
	answers, each := make([]answer, len(lots)), make(chan int)
	for i, lot := range lots {
		go func() {
			answers[i].lot, answers[i].err = execute(t.Context(), client, lot)
			each <- i
		}()
	}
	until(t, func() bool { return lotkeeper.WaitingOf(client) == len(lots) })
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	for range lots {
		<-each
	}
	return answers
}

func coalescing(t *testing.T, server *answering, options ...lotkeeper.Option) *lotkeeper.Client {
	// Nobody goes without the others for want of patience, however slow this machine is.
	return server.client(t, append(options, lotkeeper.WithCoalescing(), lotkeeper.WithHeldUp(time.Hour), quick)...)
}

func sizes(server *answering) []int {
	var found []int
	for _, one := range server.batches {
		found = append(found, len(one.GetRequests()))
	}
	return found
}

func lotNames(count int) []string {
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("lot-%d", i))
	}
	return names
}

func TestExecutionsThatWaitTogetherTravelAsOneBatchEachWithItsOwnAnswer(t *testing.T) {
	server := newAnswering(t)
	lots := lotNames(20)
	for i, one := range together(t, server, coalescing(t, server), lots...) {
		if one.err != nil || one.lot != lots[i] {
			t.Errorf("%d: %+v", i, one)
		}
	}
	if !slices.Equal(sizes(server), []int{20}) || len(server.singles) != 1 {
		t.Errorf("%v, %d alone", sizes(server), len(server.singles))
	}
}

func TestOneAloneGoesAtOnceAndAlone(t *testing.T) {
	server := newAnswering(t)
	client := coalescing(t, server)
	for range 3 {
		if _, err := execute(t.Context(), client, "l"); err != nil {
			t.Fatal(err)
		}
	}
	if len(server.singles) != 3 || len(server.batches) != 0 {
		t.Errorf("%d alone, %d batches", len(server.singles), len(server.batches))
	}
}

func TestOfManyHalfTravelsAtATime(t *testing.T) {
	server := newAnswering(t)
	for _, one := range together(t, server, coalescing(t, server), lotNames(200)...) {
		if one.err != nil {
			t.Error(one.err)
		}
	}
	if found := sizes(server); len(found) < 2 || found[0] != 101 {
		t.Errorf("%v", found)
	}
}

func TestEachHasItsOwnRefusalAsIfItHadComeAlone(t *testing.T) {
	server := newAnswering(t)
	server.onBatch = func(
		_ context.Context, request *pb.BatchExecuteInventoryOperationsRequest,
	) (*pb.BatchExecuteInventoryOperationsResponse, error) {
		answer := &pb.BatchExecuteInventoryOperationsResponse{}
		for i, one := range request.GetRequests() {
			if one.GetPrimaryLotIdOrName() == "good" {
				answer.Results = append(answer.Results, done(answerTo(one)))
				continue
			}
			prefix := fmt.Sprintf("requests[%d].", i)
			err := refusedWith(codes.InvalidArgument, lotkeeper.ReasonInvalidArgument, nil, prefix+"quantity", prefix+"request_id")
			result := &pb.BatchExecuteResult_Status{Status: status.Convert(err).Proto()}
			answer.Results = append(answer.Results, &pb.BatchExecuteResult{Result: result})
		}
		return answer, nil
	}
	answers := together(t, server, coalescing(t, server), "good", "bad", "good", "bad")
	for i, one := range answers {
		if i%2 == 0 {
			if one.err != nil {
				t.Error(one.err)
			}
			continue
		}
		var refused *lotkeeper.Error
		if !errors.As(one.err, &refused) || refused.Message != "quantity is wrong; request_id is wrong" ||
			refused.FieldViolations[0].Field != "quantity" || refused.FieldViolations[1].Field != "request_id" {
			t.Errorf("%#v", one.err)
		}
	}
}

func TestABatchThatWasLostIsRepeatedWithTheSameRequestIDs(t *testing.T) {
	server := newAnswering(t)
	lost := false
	server.onBatch = func(
		context.Context, *pb.BatchExecuteInventoryOperationsRequest,
	) (*pb.BatchExecuteInventoryOperationsResponse, error) {
		server.mu.Lock()
		defer server.mu.Unlock()
		if !lost {
			lost = true
			return nil, status.Error(codes.Unavailable, "lost")
		}
		return nil, nil
	}
	for _, one := range together(t, server, coalescing(t, server), lotNames(10)...) {
		if one.err != nil {
			t.Error(one.err)
		}
	}
	ids := map[string]string{}
	for _, one := range server.batches[0].GetRequests() {
		ids[one.GetPrimaryLotIdOrName()] = one.GetRequestId()
	}
	again := 0
	check := func(one *pb.ExecuteInventoryOperationRequest) {
		if one.GetPrimaryLotIdOrName() != "first" {
			again++
			if one.GetRequestId() != ids[one.GetPrimaryLotIdOrName()] {
				t.Errorf("%s came again with another request id", one.GetPrimaryLotIdOrName())
			}
		}
	}
	for _, batch := range server.batches[1:] {
		for _, one := range batch.GetRequests() {
			check(one)
		}
	}
	for _, one := range server.singles {
		check(one)
	}
	if again != 10 {
		t.Errorf("%d came again", again)
	}
}

func TestWhatABatchIsRefusedWithAsAWholeIsNoAnswerToOneOfItsRequests(t *testing.T) {
	server := newAnswering(t)
	server.onBatch = func(
		context.Context, *pb.BatchExecuteInventoryOperationsRequest,
	) (*pb.BatchExecuteInventoryOperationsResponse, error) {
		return nil, refusedWith(codes.FailedPrecondition, lotkeeper.ReasonTooManyRecords, nil)
	}
	for _, one := range together(t, server, coalescing(t, server), lotNames(5)...) {
		if one.err != nil {
			t.Error(one.err)
		}
	}
	if len(server.singles) != 6 || len(server.batches) != 1 {
		t.Errorf("%d alone, %d batches", len(server.singles), len(server.batches))
	}
}

func TestEachHasItsOwnDeadlineBeforeItIsSentAndAfterwards(t *testing.T) {
	server := newAnswering(t)
	release := make(chan struct{})
	server.onSingle = func(ctx context.Context, _ *pb.ExecuteInventoryOperationRequest) error {
		select {
		case <-release:
		case <-ctx.Done():
		}
		return nil
	}
	server.onBatch = func(
		context.Context, *pb.BatchExecuteInventoryOperationsRequest,
	) (*pb.BatchExecuteInventoryOperationsResponse, error) {
		<-release
		return nil, nil
	}
	// The first hangs; the second never is sent; the third and the fourth travel together, and the third does not wait.
	client := server.client(t, lotkeeper.WithCoalescing(), lotkeeper.WithHeldUp(200*time.Millisecond))
	first := make(chan error, 1)
	go func() {
		_, err := execute(t.Context(), client, "first")
		first <- err
	}()
	until(t, func() bool { return server.singleCount() == 1 })
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := execute(brief, client, "second"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if waiting := lotkeeper.WaitingOf(client); waiting != 0 {
		t.Errorf("%d wait", waiting)
	}
	fourth := make(chan error, 1)
	go func() {
		_, err := execute(t.Context(), client, "fourth")
		fourth <- err
	}()
	until(t, func() bool { return lotkeeper.WaitingOf(client) == 1 })
	longer, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := execute(longer, client, "third"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(release)
	if err := errors.Join(<-first, <-fourth); err != nil {
		t.Error(err)
	}
}

func TestWhatHasSomethingOfItsOwnGoesAlone(t *testing.T) {
	server := newAnswering(t)
	client := coalescing(t, server)
	hold, begun := make(chan struct{}), make(chan struct{})
	server.onSingle = func(_ context.Context, request *pb.ExecuteInventoryOperationRequest) error {
		if request.GetPrimaryLotIdOrName() == "first" {
			close(begun)
			<-hold
		}
		return nil
	}
	first := make(chan error, 1)
	go func() {
		_, err := execute(t.Context(), client, "first")
		first <- err
	}()
	<-begun
	dry := &pb.ExecuteInventoryOperationRequest{InventoryOperationId: "o", ValidateOnly: true}
	if _, err := client.Operations.ExecuteInventoryOperation(t.Context(), dry); err != nil {
		t.Error(err)
	}
	close(hold)
	if err := <-first; err != nil {
		t.Error(err)
	}
	if len(server.batches) != 0 || len(server.singles) != 2 {
		t.Errorf("%d alone, %d batches", len(server.singles), len(server.batches))
	}
}

func TestAnAnswerForTooFewIsAnErrorOfEach(t *testing.T) {
	server := newAnswering(t)
	server.onBatch = func(
		context.Context, *pb.BatchExecuteInventoryOperationsRequest,
	) (*pb.BatchExecuteInventoryOperationsResponse, error) {
		return &pb.BatchExecuteInventoryOperationsResponse{Results: []*pb.BatchExecuteResult{{}}}, nil
	}
	for _, one := range together(t, server, coalescing(t, server), lotNames(3)...) {
		if status.Code(one.err) != codes.Internal {
			t.Errorf("%v", one.err)
		}
	}
}
