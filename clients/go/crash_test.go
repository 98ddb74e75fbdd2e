package lotkeeper_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	"github.com/lotkeeper/lotkeeper/clients/go/internal/serving"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// Whatever a server that is killed had done of what was under way, each execution counts once: its retry finds its
// request id. A watch sees each record once, across the same kills.
func TestUnderKill9EveryExecutionCountsOnceAndAWatchSeesEachRecordOnce(t *testing.T) {
	server, storedBefore := serving.New(t), 0
	for _, coalesces := range []bool{true, false} {
		t.Run(fmt.Sprintf("coalescing %v", coalesces), func(t *testing.T) {
			var batches atomic.Int64
			count := func(
				ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker,
				options ...grpc.CallOption,
			) error {
				if method == pb.InventoryOperationService_BatchExecuteInventoryOperations_FullMethodName {
					batches.Add(1)
				}
				return invoke(ctx, method, request, reply, cc, options...)
			}
			options := []lotkeeper.Option{
				lotkeeper.WithTimeout(2 * time.Minute), lotkeeper.WithDialOptions(grpc.WithUnaryInterceptor(count)),
			}
			if coalesces {
				options = append(options, lotkeeper.WithCoalescing())
			}
			client := server.Client(options...)
			operation := consumeMilk(t, client)
			watched := watchConsumed(t, client, operation.GetId())

			const callers, kills = 32, 2
			var done sync.WaitGroup
			var executed, written atomic.Int64
			stop := make(chan struct{})
			for range callers {
				done.Add(1)
				go func() {
					defer done.Done()
					for {
						select {
						case <-stop:
							return
						default:
						}
						response, err := client.Operations.ExecuteInventoryOperation(context.Background(),
							&pb.ExecuteInventoryOperationRequest{
								InventoryOperationId: operation.GetId(),
								PrimaryLotIdOrName:   "MILK-0815",
								ExactQuantity:        lotkeeper.MustQuantity("0.000001").Proto(),
							})
						if err != nil {
							t.Error(err)
							return
						}
						executed.Add(1)
						written.Add(int64(len(response.GetInventoryLotRecords())))
					}
				}()
			}
			for range kills {
				before := executed.Load()
				until(t, func() bool { return executed.Load() > before+200 })
				server.Kill()
				server.Start()
			}
			before := executed.Load()
			until(t, func() bool { return executed.Load() > before+200 })
			close(stop)
			done.Wait()

			if (batches.Load() > 0) != coalesces {
				t.Errorf("there were %d batches", batches.Load())
			}
			stored := -storedBefore
			request := &pb.ListInventoryLotRecordsRequest{PageSize: 1000, InventoryOperationId: &operation.Id}
			for _, err := range client.ListInventoryLotRecords(t.Context(), request) {
				if err != nil {
					t.Fatal(err)
				}
				stored++
			}
			if int64(stored) != executed.Load() || written.Load() != executed.Load() {
				t.Errorf("%d answers with %d records, %d records are stored", executed.Load(), written.Load(), stored)
			}
			seen := watched(stored)
			for id, times := range seen {
				if times != 1 {
					t.Errorf("the watch saw %s %d times", id, times)
				}
			}
			if len(seen) != stored {
				t.Errorf("the watch saw %d of %d records", len(seen), stored)
			}
			storedBefore += stored
		})
	}
	server.Run("verify")
}

// watchConsumed watches the records of an operation from now on; the function waits until there are so many of them, and
// counts them by their ids.
func watchConsumed(t *testing.T, client *lotkeeper.Client, operationID string) func(int) map[string]int {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	begun, ended := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	seen := map[string]int{}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(seen)
	}
	go func() {
		defer close(ended)
		first := sync.OnceFunc(func() { close(begun) })
		request := &pb.WatchInventoryLotRecordsRequest{InventoryOperationId: &operationID}
		for message, err := range client.WatchInventoryLotRecords(ctx, request) {
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				first()
				return
			}
			first()
			if record := message.GetInventoryLotRecord(); record != nil {
				mu.Lock()
				seen[record.GetId()]++
				mu.Unlock()
			}
		}
	}()
	<-begun
	return func(expected int) map[string]int {
		until(t, func() bool { return count() >= expected })
		time.Sleep(100 * time.Millisecond) // for one that should not come
		cancel()
		<-ended
		return seen
	}
}

const waitMax = time.Minute

func until(t testing.TB, true func() bool) {
	t.Helper()
	for end := time.Now().Add(waitMax); !true(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}
