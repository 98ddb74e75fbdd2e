package lotkeeper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// silenceMax: after so long without a message the connection counts as lost; there is a heartbeat at least every 10 s.
const silenceMax = 30 * time.Second

var errSilence = errors.New("nothing came for too long")

// WatchInventoryLotRecords are every completed record that passes the filters, once, when it is completed; the sequence
// goes on until the context ends, or the loop is left.
//
// If the connection or the server is lost, it goes on after the last message: none is skipped, none comes twice. A message
// without a record is a heartbeat; the first message is one. A program that has to survive its own restart stores the
// resume token of the last message that it has dealt with, together with its own result, and passes it in the request.
//
// The error, after which there is nothing more, is what the server refuses; or UNAVAILABLE if it cannot be reached at the
// beginning, within the client's timeout. After the first message the client tries for ever to reach the server again.
func (c *Client) WatchInventoryLotRecords(
	ctx context.Context, request *pb.WatchInventoryLotRecordsRequest,
) iter.Seq2[*pb.WatchInventoryLotRecordsResponse, error] {
	resume := func(request *pb.WatchInventoryLotRecordsRequest, token string) { request.ResumeToken = &token }
	return follow(ctx, c.transport, c.Inventory.WatchInventoryLotRecords, request, resume)
}

// WatchAuditEvents are every event once, as it is written; for the rest it is as WatchInventoryLotRecords.
func (c *Client) WatchAuditEvents(
	ctx context.Context, request *pb.WatchAuditEventsRequest,
) iter.Seq2[*pb.WatchAuditEventsResponse, error] {
	resume := func(request *pb.WatchAuditEventsRequest, token string) { request.ResumeToken = &token }
	return follow(ctx, c.transport, c.Audit.WatchAuditEvents, request, resume)
}

type resumable interface{ GetResumeToken() string }

// follow are the messages of a watch, which is called again after the last one whenever it is lost.
func follow[Request proto.Message, Message any, Pointer interface {
	*Message
	resumable
}](
	ctx context.Context,
	t *transport,
	watch func(context.Context, Request, ...grpc.CallOption) (grpc.ServerStreamingClient[Message], error),
	request Request,
	resume func(Request, string),
) iter.Seq2[Pointer, error] {
	return func(yield func(Pointer, error) bool) {
		asking := request.ProtoReflect().New().Interface().(Request)
		proto.Merge(asking, request)
		resuming := &resuming{}
		for {
			left, err := watchOnce(ctx, t.settings.silence, func(ctx context.Context) (func() (Pointer, error), error) {
				stream, err := watch(ctx, asking)
				if err != nil {
					return nil, err
				}
				return func() (Pointer, error) { return stream.Recv() }, nil
			}, func(message Pointer) bool {
				resuming.came()
				resume(asking, message.GetResumeToken())
				return yield(message, nil)
			})
			if left {
				return
			}
			if err == nil && ctx.Err() != nil {
				err = ended(ctx)
			}
			pause, again := resuming.pause(err)
			if again {
				if err = wait(ctx, pause, t.closing); err == nil {
					continue
				}
			}
			yield(nil, err)
			return
		}
	}
}

// watchOnce reads one stream to its end; true where the loop was left. No goroutine outlives it.
func watchOnce[Pointer any](
	ctx context.Context,
	silence time.Duration,
	begin func(context.Context) (func() (Pointer, error), error),
	take func(Pointer) bool,
) (bool, *Error) {
	streaming, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	receive, failed := begin(streaming)
	if failed != nil {
		return false, errorOf(failed)
	}
	for {
		// The time that the caller takes between two messages does not count.
		guard := time.AfterFunc(silence, func() { cancel(errSilence) })
		message, err := receive()
		guard.Stop()
		switch {
		case err == nil:
			if !take(message) {
				return true, nil
			}
		case err == io.EOF:
			return false, nil
		case ctx.Err() != nil:
			return false, errorOf(err)
		case errors.Is(context.Cause(streaming), errSilence):
			return false, unavailable(fmt.Sprintf("nothing came from the server for %v", silence))
		default:
			return false, errorOf(err)
		}
	}
}
