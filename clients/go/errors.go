package lotkeeper

import (
	"context"
	"errors"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ErrClosed is what a call ends with after Close; what was sent may have been done.
var ErrClosed = errors.New("the client is closed")

// retryAfterMax: no server is waited for longer before it is asked again, whatever it says.
const retryAfterMax = time.Hour

// Error is a call that was refused or failed. Program against the reason, never against the message:
//
//	if errors.Is(err, lotkeeper.ReasonInsufficientInventory) { ... }
//
//	var refused *lotkeeper.Error
//	if errors.As(err, &refused) { log.Print(refused.Metadata["available"]) }
//
// errors.Is also finds context.DeadlineExceeded and context.Canceled by the code, and ErrClosed. status.Code(err) and
// status.Convert(err) of gRPC work as usual.
type Error struct {
	// Code is the gRPC status code.
	Code codes.Code
	// Reason is why it was refused, one of the constants of this package or a later one; empty if gRPC itself failed.
	Reason Reason
	// Message is a sentence for people.
	Message string
	// Metadata has the values concerned, as texts.
	Metadata map[string]string
	// FieldViolations are the wrong fields of the request.
	FieldViolations []FieldViolation
	// RetryAfter is after how long a retry makes sense; 0 if the server does not say so.
	RetryAfter time.Duration

	cause error
}

// FieldViolation is one wrong field of the request.
type FieldViolation struct {
	// Field is its path in the request: "requests[3].quantity".
	Field string
	// Description says what is wrong, for people.
	Description string
	// Reason is a name for it; empty where the server gives none.
	Reason string
}

// Error is the reason, or without one the code, and the message.
func (e *Error) Error() string {
	name := string(e.Reason)
	if name == "" {
		name = codeNames[e.Code]
	}
	return name + ": " + e.Message
}

// Is finds a Reason, and the errors of package context by the code.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	}
	reason, isReason := target.(Reason)
	return isReason && reason != "" && reason == e.Reason
}

// Unwrap is what the error came from: ErrClosed, a context's error, or nothing.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus is the error as gRPC's own packages have it.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Message) }

// Index is which item of a batch, or of a list of actions, was the first refused one, counted from 0; false if none was.
func (e *Error) Index() (int, bool) {
	index, err := strconv.Atoi(e.Metadata["index"])
	return index, err == nil
}

// ErrorOfStatus is the error for a google.rpc.Status, such as that of one item of a batch.
func ErrorOfStatus(s *spb.Status) *Error {
	e := &Error{Code: codes.Code(s.GetCode()), Message: s.GetMessage(), Metadata: map[string]string{}}
	for _, detail := range s.GetDetails() {
		message, err := detail.UnmarshalNew()
		if err != nil {
			continue // what cannot be read says nothing
		}
		switch said := message.(type) {
		case *errdetails.ErrorInfo:
			e.Reason = Reason(said.GetReason())
			for name, value := range said.GetMetadata() {
				e.Metadata[name] = value
			}
		case *errdetails.BadRequest:
			for _, one := range said.GetFieldViolations() {
				violation := FieldViolation{one.GetField(), one.GetDescription(), one.GetReason()}
				e.FieldViolations = append(e.FieldViolations, violation)
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = min(max(said.GetRetryDelay().AsDuration(), 0), retryAfterMax)
		}
	}
	return e
}

// errorOf is the error of a call; nil for nil.
func errorOf(err error) *Error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return ErrorOfStatus(status.Convert(err).Proto())
}

// ended is the error of a context that has ended.
func ended(ctx context.Context) *Error {
	s := status.FromContextError(ctx.Err())
	return &Error{Code: s.Code(), Message: s.Message(), cause: context.Cause(ctx)}
}

func unavailable(message string) *Error { return &Error{Code: codes.Unavailable, Message: message} }

func closedError() *Error {
	return &Error{Code: codes.Canceled, Message: ErrClosed.Error(), cause: ErrClosed}
}

// codeNames are the names of the codes as the contract, the command line and the other clients write them.
var codeNames = map[codes.Code]string{
	codes.OK:                 "OK",
	codes.Canceled:           "CANCELLED",
	codes.Unknown:            "UNKNOWN",
	codes.InvalidArgument:    "INVALID_ARGUMENT",
	codes.DeadlineExceeded:   "DEADLINE_EXCEEDED",
	codes.NotFound:           "NOT_FOUND",
	codes.AlreadyExists:      "ALREADY_EXISTS",
	codes.PermissionDenied:   "PERMISSION_DENIED",
	codes.ResourceExhausted:  "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION",
	codes.Aborted:            "ABORTED",
	codes.OutOfRange:         "OUT_OF_RANGE",
	codes.Unimplemented:      "UNIMPLEMENTED",
	codes.Internal:           "INTERNAL",
	codes.Unavailable:        "UNAVAILABLE",
	codes.DataLoss:           "DATA_LOSS",
	codes.Unauthenticated:    "UNAUTHENTICATED",
}
