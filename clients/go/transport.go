package lotkeeper

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

const inTurn = `{"loadBalancingConfig":[{"round_robin":{}}]}`

// transport sends the calls of the stubs: each gets a deadline, a token and a request id, is repeated where that is safe,
// and fails with an *Error.
type transport struct {
	settings    *settings
	token       func(context.Context) (string, error) // nil for none
	development *developmentToken                     // nil for none
	connections []*connection
	turns       atomic.Uint32
	coalescing  *coalescing // nil for none
	closing     chan struct{}
	close       func()
}

func newTransport(given string, s *settings) (*transport, error) {
	addresses, err := addressesOf(given)
	if err != nil {
		return nil, err
	}
	t := &transport{settings: s, closing: make(chan struct{})}
	if t.token, err = s.tokenSource(); err != nil {
		return nil, err
	}
	config, err := s.tlsConfig()
	if err != nil {
		return nil, err
	}
	local := true
	for _, one := range addresses {
		local = local && one.isOnThisMachine()
		if config == nil && t.token != nil && !s.plaintext && !one.isOnThisMachine() {
			problem := "it would travel in clear to " + one.text + ": give WithCAFile, " + caFileVariable +
				" or WithTLS, or ask for WithPlaintext"
			return nil, &SettingError{"token", problem}
		}
	}
	if t.token == nil && len(addresses) == 1 {
		t.development = developmentTokenFor(addresses[0])
		if t.development != nil && config == nil { // a development server only where its own address leads, not by a name
			addresses[0] = literal(addresses[0])
		}
	}
	target, options := scheme+":///"+addresses[0].text, s.gRPCOptions(local)
	if addresses[0].socket {
		target = addresses[0].text
	} else {
		options = append(options, grpc.WithResolvers(servers(addresses)))
	}
	if config == nil {
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	} else {
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	}
	for range s.connections {
		cc, err := grpc.NewClient(target, append(options, s.dialOptions...)...)
		if err != nil {
			return nil, &SettingError{"address", err.Error()}
		}
		t.connections = append(t.connections, &connection{cc, addresses, config})
	}
	if s.coalesce {
		t.coalescing = newCoalescing(t)
	}
	t.close = sync.OnceFunc(func() {
		close(t.closing)
		for _, one := range t.connections {
			_ = one.cc.Close()
		}
	})
	return t, nil
}

func (s *settings) gRPCOptions(local bool) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(inTurn),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(), // that of service configs; calls are repeated here
		grpc.WithUserAgent("lotkeeper-go"),
		// gRPC's own backoff reaches minutes; a server that is back should be found within a second.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		// A watch waits for ever: if the server's machine is gone, nothing tells so, and only a ping notices it.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: s.keepalive, Timeout: s.keepaliveTimeout}),
	}
	if local {
		options = append(options, grpc.WithNoProxy())
	}
	return options
}

// Invoke makes a call of one answer; the generated stubs call it.
func (t *transport) Invoke(ctx context.Context, method string, args, reply any, options ...grpc.CallOption) error {
	ctx, cancel := t.withDeadline(ctx)
	defer cancel()
	request, repeatable := withRequestID(method, args.(proto.Message))
	attempts := newAttempts(repeatable, t.settings.retries)
	var err *Error
	if t.coalescing != nil && travelsWithOthers(ctx, request, options) {
		err = t.coalescing.execute(ctx, request, reply, attempts)
	} else {
		err = t.repeated(ctx, method, request, reply, attempts, options)
	}
	if err != nil { // a nil *Error is not a nil error
		return err
	}
	return nil
}

// repeated makes a call, and repeats it where that is safe.
func (t *transport) repeated(
	ctx context.Context, method string, request, reply any, attempts *attempts, options []grpc.CallOption,
) *Error {
	for {
		err := t.attempt(ctx, method, request, reply, attempts.repeatable, options)
		if err == nil {
			return nil
		}
		if err := t.waitAfter(ctx, err, attempts); err != nil {
			return err
		}
	}
}

// waitAfter waits for the next attempt; the error is that of the call, if there is none.
func (t *transport) waitAfter(ctx context.Context, err *Error, attempts *attempts) *Error {
	if err.cause == errNotSent {
		return err
	}
	if err.cause == errStaleSession {
		return nil
	}
	pause, again := attempts.pause(ctx, err)
	if !again {
		return err
	}
	return wait(ctx, pause, t.closing)
}

// attempt makes a call once, as soon as a server answers.
func (t *transport) attempt(
	ctx context.Context, method string, request, reply any, repeatable bool, options []grpc.CallOption,
) *Error {
	connection, admitted, admission, err := t.admitted(ctx, t.settings.retries.ConnectTimeout)
	if err != nil {
		return err
	}
	// A connection that is lost before the call is sent: who may repeat it does so, others wait for the next one.
	options = append([]grpc.CallOption{grpc.WaitForReady(!repeatable)}, options...)
	return t.failed(ctx, errorOf(connection.cc.Invoke(admitted, method, request, reply, options...)), admission)
}

// NewStream begins a call with a stream; the generated stubs call it. It is not repeated; what the stream says has come.
func (t *transport) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	cancel := context.CancelFunc(func() {})
	limit := t.settings.timeout
	if !neverEnds(method) {
		ctx, cancel = t.withDeadline(ctx)
		limit = t.settings.retries.ConnectTimeout
	}
	connection, admitted, admission, err := t.admitted(ctx, limit)
	if err != nil {
		cancel()
		return nil, err
	}
	stream, failed := connection.cc.NewStream(admitted, desc, method, options...)
	if failed != nil {
		cancel()
		return nil, t.failed(ctx, errorOf(failed), admission)
	}
	return &clientStream{stream, t, ctx, admission, !desc.ServerStreams, cancel}, nil
}

// admission is what a call was sent with.
type admission struct {
	header  string // the authorization header; empty for none
	session *session
}

// admitted is the connection for a call, once a server answers on it, and the context that carries the call's token.
func (t *transport) admitted(
	ctx context.Context, connectLimit time.Duration,
) (*connection, context.Context, admission, *Error) {
	fail := func(err *Error) (*connection, context.Context, admission, *Error) { return nil, nil, admission{}, err }
	select {
	case <-t.closing:
		return fail(closedError())
	default:
	}
	connection := t.nextConnection()
	if err := connection.awaitServer(ctx, connectLimit, t.closing); err != nil {
		return fail(err)
	}
	with := admission{}
	switch {
	case t.token != nil:
		header, err := t.token(ctx)
		if err != nil {
			failed := &Error{Code: codes.Unauthenticated, Message: "no token could be had: " + err.Error(), cause: err}
			return fail(failed)
		}
		with.header = header
	case t.development != nil:
		session, err := t.development.session(ctx, connection.cc)
		if err != nil {
			return fail(err)
		}
		if session != nil {
			with = admission{session.header, session}
		}
	}
	if with.header != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", with.header)
	}
	return connection, ctx, with, nil
}

// nextConnection is the next in turn, of those behind which a server answers if there is one.
func (t *transport) nextConnection() *connection {
	turn := int(t.turns.Add(1) % connectionsMax)
	for place := range t.connections {
		one := t.connections[(turn+place)%len(t.connections)]
		if one.cc.GetState() == connectivity.Ready {
			return one
		}
	}
	return t.connections[turn%len(t.connections)]
}

// failed is the error as the caller gets it.
func (t *transport) failed(ctx context.Context, err *Error, with admission) *Error {
	if err == nil {
		return nil
	}
	select {
	case <-t.closing:
		if err.Code == codes.Canceled {
			return closedError()
		}
	default:
	}
	if err.Reason == "" && err.cause == nil && ctx.Err() != nil {
		err.cause = context.Cause(ctx)
	}
	if err.Code != codes.Unauthenticated {
		return err
	}
	if t.development != nil && t.development.isStale(with.session) {
		err.cause = errStaleSession
	} else if with.header == "" {
		err.Message += " None was sent: give WithToken, or set " + tokenVariable +
			"; a development server on loopback makes one by itself."
	}
	return err
}

func (t *transport) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, t.settings.timeout)
}
