package lotkeeper

import "time"

// WithHeldUp is how long an execution waits for the answer of others.
func WithHeldUp(after time.Duration) Option { return func(s *settings) { s.heldUp = after } }

// WithSilence is after how long without a message a watch counts as lost.
func WithSilence(after time.Duration) Option { return func(s *settings) { s.silence = after } }

// WaitingOf is how many executions wait for others.
func WaitingOf(c *Client) int {
	c.transport.coalescing.mu.Lock()
	defer c.transport.coalescing.mu.Unlock()
	return len(c.transport.coalescing.waiting)
}

// IsRead is whether the client takes a method for one that changes nothing.
var IsRead = isRead
