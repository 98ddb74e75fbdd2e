package lotkeeper_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

var quick = lotkeeper.WithRetries(lotkeeper.Retries{InitialBackoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond})

func TestACallThatWasLostIsRepeatedUnderTheSameRequestIDAndTheCallersOwnRequestStaysAsItIs(t *testing.T) {
	server := newAnswering(t)
	server.onSingle = func(context.Context, *pb.ExecuteInventoryOperationRequest) error {
		if server.singleCount() < 3 {
			return status.Error(codes.Unavailable, "lost")
		}
		return nil
	}
	client := server.client(t, quick)
	request := &pb.ExecuteInventoryOperationRequest{InventoryOperationId: "o"}
	for range 2 {
		if _, err := client.Operations.ExecuteInventoryOperation(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, one := range server.singles {
		ids = append(ids, one.GetRequestId())
	}
	if len(ids) != 4 || ids[0] == "" || ids[0] != ids[1] || ids[1] != ids[2] || ids[3] == ids[0] || !slices.IsSorted(ids) {
		t.Errorf("%q", ids)
	}
	if request.GetRequestId() != "" {
		t.Error("the caller's own request was changed")
	}
	if _, err := client.Operations.ExecuteInventoryOperation(t.Context(), nil); err != nil {
		t.Errorf("nil is an empty request: %v", err)
	}
}

func TestWhatIsRepeatedAndWhatIsNot(t *testing.T) {
	for _, one := range []struct {
		name    string
		err     error
		execute bool // whether an execution, which carries a request id, is repeated
		save    bool // whether a save, which carries none, is
	}{
		{"unavailable", status.Error(codes.Unavailable, "gone"), true, false},
		{"store unavailable", refusedWith(codes.Unavailable, lotkeeper.ReasonStoreUnavailable, nil), true, false},
		{"shutting down", refusedWith(codes.Unavailable, lotkeeper.ReasonShuttingDown, nil), true, true},
		{"overloaded", refusedWith(codes.ResourceExhausted, lotkeeper.ReasonOverloaded, nil), true, true},
		{"contention", refusedWith(codes.Aborted, lotkeeper.ReasonContention, nil), true, true},
		{"no space", refusedWith(codes.ResourceExhausted, lotkeeper.ReasonNoTemporarySpace, nil), false, false},
		{"old version", refusedWith(codes.Aborted, lotkeeper.ReasonVersionConflict, nil), false, false},
		{"internal", refusedWith(codes.Internal, lotkeeper.ReasonInternal, nil), false, false},
		{"too late", refusedWith(codes.DeadlineExceeded, lotkeeper.ReasonDeadlineExceeded, nil), false, false},
		{"refused", refusedWith(codes.FailedPrecondition, lotkeeper.ReasonDisabled, nil), false, false},
	} {
		t.Run(one.name, func(t *testing.T) {
			server, calls := newAnswering(t), 0
			once := func() error {
				calls++
				if calls == 1 {
					return one.err
				}
				return nil
			}
			server.onSingle = func(context.Context, *pb.ExecuteInventoryOperationRequest) error { return once() }
			server.onSave = func(context.Context) error { return once() }
			client := server.client(t, quick)
			if _, err := execute(t.Context(), client, "l"); (err == nil) != one.execute {
				t.Errorf("an execution: %v", err)
			}
			calls = 0
			if _, err := client.MasterData.SaveUnitOfMeasure(t.Context(), &pb.SaveUnitOfMeasureRequest{}); (err == nil) != one.save {
				t.Errorf("a save: %v", err)
			}
		})
	}
}

func TestAPauseThatGoesBeyondTheDeadlineIsNotWaitedFor(t *testing.T) {
	server := newAnswering(t)
	overloaded := refusedWith(codes.ResourceExhausted, lotkeeper.ReasonOverloaded, durationpb.New(time.Minute))
	server.onSingle = func(context.Context, *pb.ExecuteInventoryOperationRequest) error { return overloaded }
	begun := time.Now()
	_, err := execute(t.Context(), server.client(t, lotkeeper.WithTimeout(10*time.Second)), "l")
	var refused *lotkeeper.Error
	if !errors.As(err, &refused) || refused.Reason != lotkeeper.ReasonOverloaded || refused.RetryAfter != time.Minute {
		t.Errorf("%#v", err)
	}
	if time.Since(begun) > 8*time.Second || server.singleCount() != 1 {
		t.Errorf("%v, %d calls", time.Since(begun), server.singleCount())
	}
}

func TestTheDeadlineIsTheCallersOrTheClientsAndARetryDoesNotBeginItAnew(t *testing.T) {
	server := newAnswering(t)
	var left []time.Duration
	server.onSingle = func(ctx context.Context, _ *pb.ExecuteInventoryOperationRequest) error {
		deadline, _ := ctx.Deadline()
		left = append(left, time.Until(deadline))
		if len(left) < 3 {
			return status.Error(codes.Unavailable, "lost")
		}
		return nil
	}
	client := server.client(t, lotkeeper.WithRetries(lotkeeper.Retries{InitialBackoff: 200 * time.Millisecond}))
	if _, err := execute(t.Context(), client, "l"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := execute(ctx, client, "l"); err != nil {
		t.Fatal(err)
	}
	if left[0] > 30*time.Second || left[0] < 10*time.Second || left[0]-left[2] < 200*time.Millisecond {
		t.Errorf("%v", left)
	}
	if left[3] < 59*time.Minute {
		t.Errorf("%v", left)
	}
}

func TestWhatEndsByItsDeadlineOrIsCancelledSaysSoInTheWordsOfContext(t *testing.T) {
	server := newAnswering(t)
	server.onSingle = func(ctx context.Context, _ *pb.ExecuteInventoryOperationRequest) error {
		<-ctx.Done()
		return ctx.Err()
	}
	client := server.client(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := execute(ctx, client, "l"); !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%#v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := execute(ctx, client, "l"); !errors.Is(err, context.Canceled) {
		t.Errorf("%#v", err)
	}
}

func TestAServerThatComesLaterIsWaitedForAndOneThatDoesNotIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	client, err := lotkeeper.New(address, lotkeeper.WithToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = execute(ctx, client, "l")
	if status.Code(err) != codes.Unavailable {
		t.Errorf("%v", err)
	}
	t.Log(err)
	later := &answering{server: grpc.NewServer()}
	pb.RegisterInventoryOperationServiceServer(later.server, later)
	defer later.server.Stop()
	time.AfterFunc(300*time.Millisecond, func() {
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = later.server.Serve(listener)
		}
	})
	if lot, err := execute(t.Context(), client, "l"); err != nil || lot != "l" {
		t.Errorf("%v", err)
	}
}

func TestAfterCloseEveryCallEndsWithErrClosed(t *testing.T) {
	server := newAnswering(t)
	server.onSingle = func(ctx context.Context, _ *pb.ExecuteInventoryOperationRequest) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, options := range [][]lotkeeper.Option{nil, {lotkeeper.WithCoalescing()}} {
		client := server.client(t, options...)
		before := server.singleCount()
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := execute(context.Background(), client, "l")
				ended <- err
			}()
		}
		until(t, func() bool { return server.singleCount() > before })
		client.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, lotkeeper.ErrClosed) {
				t.Errorf("%#v", err)
			}
		}
		if _, err := execute(t.Context(), client, "l"); !errors.Is(err, lotkeeper.ErrClosed) {
			t.Errorf("%#v", err)
		}
	}
}
