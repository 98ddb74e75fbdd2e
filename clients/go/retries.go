package lotkeeper

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	defaultInitialBackoff = 50 * time.Millisecond
	defaultMaxBackoff     = 2 * time.Second
)

// Retries say how far a client goes to get an answer, besides the deadline of each call, which always counts. Where a
// field is zero, its default counts.
type Retries struct {
	// MaxAttempts is how often a call is sent at most; 1 for never again. Default: as often as fits.
	MaxAttempts int
	// ConnectTimeout is how long a call waits for a server that answers, before it is sent. Default: to its deadline.
	ConnectTimeout time.Duration
	// InitialBackoff is the pause after the first attempt; each one is twice as long as the one before. Default: 50 ms.
	InitialBackoff time.Duration
	// MaxBackoff is the longest pause, but for what the server itself asks for. Default: 2 s.
	MaxBackoff time.Duration
}

func (r Retries) checked() (Retries, error) {
	if r.InitialBackoff == 0 {
		r.InitialBackoff = defaultInitialBackoff
	}
	if r.MaxBackoff == 0 {
		r.MaxBackoff = max(defaultMaxBackoff, r.InitialBackoff)
	}
	switch {
	case r.MaxAttempts < 0:
		return r, &SettingError{"Retries.MaxAttempts", "must be 0 or more"}
	case r.ConnectTimeout < 0:
		return r, &SettingError{"Retries.ConnectTimeout", "must be 0 or more"}
	case r.InitialBackoff < 0 || r.MaxBackoff < r.InitialBackoff:
		return r, &SettingError{"Retries.InitialBackoff", "must be above 0, and at most MaxBackoff"}
	}
	return r, nil
}

// attempts are those of one call, within its deadline.
type attempts struct {
	repeatable bool // when its outcome is not known: reads, and calls that carry a request id
	retries    Retries
	failed     int
	backoff    time.Duration
}

func newAttempts(repeatable bool, retries Retries) *attempts {
	return &attempts{repeatable: repeatable, retries: retries, backoff: retries.InitialBackoff}
}

// pause is how long to wait before the next attempt; false if there is none.
func (a *attempts) pause(ctx context.Context, err *Error) (time.Duration, bool) {
	a.failed++
	safe := a.repeatable && err.Code == codes.Unavailable
	if !safe && !nothingWasDone(err) || a.failed == a.retries.MaxAttempts {
		return 0, false
	}
	pause := spread(max(err.RetryAfter, a.backoff))
	a.backoff = min(2*a.backoff, a.retries.MaxBackoff)
	deadline, has := ctx.Deadline()
	return pause, !has || pause < time.Until(deadline)
}

// nothingWasDone is whether the server says that it refuses for now, and has done nothing.
func nothingWasDone(err *Error) bool {
	switch err.Code {
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted:
	default:
		return false
	}
	switch err.Reason {
	case ReasonShuttingDown, ReasonOverloaded, ReasonContention:
		return true
	}
	return false
}

// resuming is when a stream without a deadline is called again.
type resuming struct {
	begun   bool
	backoff time.Duration
}

// came notes that a message came: the server answers.
func (r *resuming) came() { r.begun, r.backoff = true, defaultInitialBackoff }

// pause is how long to wait after the stream has ended, by this error or by none; false if the error says more than
// that the stream was lost.
func (r *resuming) pause(err *Error) (time.Duration, bool) {
	pause := spread(max(r.backoff, defaultInitialBackoff))
	r.backoff = min(2*max(r.backoff, defaultInitialBackoff), defaultMaxBackoff)
	if err == nil {
		return pause, true
	}
	if !r.begun || err.Code != codes.Unavailable && !brokenOff(err) {
		return 0, false
	}
	return max(pause, err.RetryAfter), true
}

// brokenOff is whether the connection broke off in the middle of a stream: the server's own errors have a reason.
func brokenOff(err *Error) bool {
	if err.Reason != "" || err.cause != nil {
		return false
	}
	return err.Code == codes.Unknown || err.Code == codes.Internal || err.Code == codes.Canceled
}

// spread makes a pause up to a half shorter, so that those who come back do not come all at once.
func spread(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}

// wait waits, unless the call or the client ends before.
func wait(ctx context.Context, pause time.Duration, closing <-chan struct{}) *Error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closing:
		return closedError()
	case <-ctx.Done():
		return ended(ctx)
	}
}
