package lotkeeper

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

const (
	executePath = pb.InventoryOperationService_ExecuteInventoryOperation_FullMethodName
	batchPath   = pb.InventoryOperationService_BatchExecuteInventoryOperations_FullMethodName

	// heldUpAfter: who has waited so long for the answer of others goes without it; one call that hangs shall not keep all.
	heldUpAfter = 100 * time.Millisecond
)

// execution is a request that waits for others, or travels with them.
type execution struct {
	ctx     context.Context // its caller's, with a deadline
	request *pb.ExecuteInventoryOperationRequest
	outcome chan outcome // of one
	batch   *batch       // nil while it waits
}

// batch is what travels together.
type batch struct {
	executions []*execution
	waitedFor  int // how many callers have not gone
	cancel     context.CancelFunc
}

// coalescing has executions travel together: while one is under way, those that come wait, and then go as one batch. One
// alone goes at once.
type coalescing struct {
	transport *transport

	mu         sync.Mutex
	waiting    []*execution
	travelling int // executions on their way
	batches    int
	heldUp     *time.Timer // nil while nobody waits
}

func newCoalescing(t *transport) *coalescing { return &coalescing{transport: t} }

// execute is the answer to a request that has a request id.
func (c *coalescing) execute(ctx context.Context, request, reply any, attempts *attempts) *Error {
	execute, response := request.(*pb.ExecuteInventoryOperationRequest), reply.(*pb.ExecuteInventoryOperationResponse)
	for {
		came := c.outcome(ctx, execute)
		switch {
		case came.alone:
			return c.transport.repeated(ctx, executePath, request, reply, attempts, nil)
		case came.err == nil:
			proto.Reset(response)
			proto.Merge(response, came.response)
			return nil
		}
		if err := c.transport.waitAfter(ctx, came.err, attempts); err != nil {
			return err
		}
	}
}

// outcome is what comes of one attempt.
func (c *coalescing) outcome(ctx context.Context, request *pb.ExecuteInventoryOperationRequest) outcome {
	one := &execution{ctx: ctx, request: request, outcome: make(chan outcome, 1)}
	c.mu.Lock()
	if c.travelling == 0 {
		c.travelling++
		c.batches++
		c.mu.Unlock()
		return c.single(ctx, request)
	}
	c.waiting = append(c.waiting, one)
	if c.batches == 1 && areEnough(len(c.waiting), c.travelling) {
		c.send()
	}
	c.keepTime()
	c.mu.Unlock()
	select {
	case came := <-one.outcome:
		return came
	case <-ctx.Done():
		c.leave(one)
		return outcome{err: ended(ctx)}
	}
}

// single sends one execution as it is.
func (c *coalescing) single(ctx context.Context, request *pb.ExecuteInventoryOperationRequest) outcome {
	defer c.handOver(1)
	response := &pb.ExecuteInventoryOperationResponse{}
	return outcome{response: response, err: c.transport.attempt(ctx, executePath, request, response, true, nil)}
}

// leave takes back one whose caller has gone. Once nobody waits for a batch any more, it is not waited for either.
func (c *coalescing) leave(one *execution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if one.batch == nil {
		c.waiting = slices.DeleteFunc(c.waiting, func(other *execution) bool { return other == one })
		c.keepTime()
		return
	}
	one.batch.waitedFor--
	if one.batch.waitedFor == 0 {
		one.batch.cancel()
	}
}

// handOver sends those that wait, after so many have arrived.
func (c *coalescing) handOver(arrived int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches--
	left := c.travelling - arrived
	if len(c.waiting) > 0 && (left < batchMany || areEnough(len(c.waiting), left)) {
		c.send()
	}
	c.travelling -= arrived
	if c.batches == 1 && areEnough(len(c.waiting), c.travelling) {
		c.send()
	}
	c.keepTime()
}

// keepTime has a timer run while somebody waits.
func (c *coalescing) keepTime() {
	switch {
	case len(c.waiting) == 0 && c.heldUp != nil:
		c.heldUp.Stop()
		c.heldUp = nil
	case len(c.waiting) > 0 && c.heldUp == nil:
		var timer *time.Timer
		timer = time.AfterFunc(c.transport.settings.heldUp, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.heldUp == timer { // otherwise it was stopped too late
				c.heldUp = nil
				c.send()
				c.keepTime()
			}
		})
		c.heldUp = timer
	}
}

// send has a batch of those that wait go.
func (c *coalescing) send() {
	executions, left := taken(c.waiting, c.travelling)
	c.waiting = left
	if c.heldUp != nil { // those that are left have waited for this one, and now wait for the next
		c.heldUp.Stop()
		c.heldUp = nil
	}
	sent := &batch{executions: executions, waitedFor: len(executions)}
	// The last of their deadlines counts: each caller goes at its own. What else is in their contexts is no batch's.
	ctx, cancel := context.WithDeadline(context.Background(), lastDeadline(executions))
	sent.cancel = cancel
	for _, one := range executions {
		one.batch = sent
	}
	c.travelling += len(executions)
	c.batches++
	go c.deliver(ctx, sent)
}

// deliver sends a batch, and tells all that wait what came of it.
func (c *coalescing) deliver(ctx context.Context, sent *batch) {
	defer sent.cancel()
	executions := sent.executions
	if len(executions) == 1 {
		executions[0].outcome <- c.single(ctx, executions[0].request)
		return
	}
	answer := &pb.BatchExecuteInventoryOperationsResponse{}
	err := c.transport.attempt(ctx, batchPath, batchOf(executions), answer, true, nil)
	c.handOver(len(executions))
	for place, came := range outcomesOf(answer, err, len(executions)) {
		executions[place].outcome <- came
	}
}

func lastDeadline(executions []*execution) time.Time {
	var last time.Time
	for _, one := range executions {
		if deadline, _ := one.ctx.Deadline(); deadline.After(last) {
			last = deadline
		}
	}
	return last
}
