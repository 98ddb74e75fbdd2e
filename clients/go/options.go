package lotkeeper

import (
	"context"
	"crypto/tls"
	"time"

	"google.golang.org/grpc"
)

const (
	// DefaultTimeout is how long a call may take, retries included, where its context has no deadline.
	DefaultTimeout = 30 * time.Second

	connectionsMax          = 64
	defaultKeepalive        = 20 * time.Second
	defaultKeepaliveTimeout = 10 * time.Second
	keepaliveMin            = 10 * time.Second // what the server allows; who pings more often meets GOAWAY too_many_pings
)

// SettingError is a setting of a client that cannot be used. It does not show a token.
type SettingError struct {
	// Setting is its name.
	Setting string
	// Problem says what is wrong, and what to give.
	Problem string
}

// Error is the setting and its problem.
func (e *SettingError) Error() string { return "lotkeeper: " + e.Setting + ": " + e.Problem }

// Option is a setting of a client.
type Option func(*settings)

type settings struct {
	token            *string
	tokenFile        string
	tokenFunc        func(context.Context) (string, error)
	tls              bool
	plaintext        bool
	config           *tls.Config
	caFile           string
	certificate, key string
	timeout          time.Duration
	retries          Retries
	connections      int
	coalesce         bool
	keepalive        time.Duration
	keepaliveTimeout time.Duration
	dialOptions      []grpc.DialOption
	heldUp           time.Duration // of coalescing; tests change it
	silence          time.Duration // of watches; tests change it
}

// WithToken gives the bearer token. Default: LOTKEEPER_TOKEN, or what is in the file LOTKEEPER_TOKEN_FILE, otherwise, on
// loopback, that of a development server of this user (`lotkeeper-server run`).
func WithToken(token string) Option { return func(s *settings) { s.token = &token } }

// WithTokenFile gives the token in a file, which is read once.
func WithTokenFile(path string) Option { return func(s *settings) { s.tokenFile = path } }

// WithTokenSource asks for the token at each attempt of a call, for tokens of an issuer that expire. It is called from
// many goroutines, within the deadline of the call, and should keep what it has. Its error ends the call.
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return func(s *settings) { s.tokenFunc = source }
}

// WithTLS uses TLS and trusts the public authorities, unless WithCAFile or LOTKEEPER_CA_FILE names others.
func WithTLS() Option { return func(s *settings) { s.tls = true } }

// WithCAFile uses TLS and trusts the authorities in a PEM file. Default: the file LOTKEEPER_CA_FILE.
func WithCAFile(path string) Option { return func(s *settings) { s.caFile = path } }

// WithClientCertificate uses TLS and shows a certificate; both are PEM files, the key without a password. Default: the
// files LOTKEEPER_CLIENT_CERTIFICATE and LOTKEEPER_CLIENT_KEY.
func WithClientCertificate(certificate, key string) Option {
	return func(s *settings) { s.certificate, s.key = certificate, key }
}

// WithTLSConfig uses TLS as the configuration says, and neither files nor environment.
func WithTLSConfig(config *tls.Config) Option { return func(s *settings) { s.config = config } }

// WithPlaintext uses no TLS, whatever the environment says, and sends the token in clear also beyond this machine, where
// whoever is on the way can read it. Without this option New refuses to.
func WithPlaintext() Option { return func(s *settings) { s.plaintext = true } }

// WithTimeout says how long a call may take, retries included, where its context has no deadline. Default: 30 s.
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithRetries limits what the client does by itself to get an answer.
func WithRetries(retries Retries) Option { return func(s *settings) { s.retries = retries } }

// WithConnections makes so many connections to each address, each of which leads to one process of a server and carries
// 64 calls at a time. Default: 1.
func WithConnections(connections int) Option {
	return func(s *settings) { s.connections = connections }
}

// WithCoalescing has executions that wait for others travel together, as one BatchExecuteInventoryOperations. Each keeps
// its own answer, deadline, refusal and request id.
func WithCoalescing() Option { return func(s *settings) { s.coalesce = true } }

// WithKeepalive says how often a call that waits asks whether the server is there, at least 10 s, and after how long
// without an answer the connection counts as lost. Default: 20 s and 10 s.
func WithKeepalive(interval, timeout time.Duration) Option {
	return func(s *settings) { s.keepalive, s.keepaliveTimeout = interval, timeout }
}

// WithDialOptions gives gRPC's own options, such as OpenTelemetry's grpc.WithStatsHandler, or interceptors, which see each
// attempt of a call. They count more than the client's own.
func WithDialOptions(options ...grpc.DialOption) Option {
	return func(s *settings) { s.dialOptions = append(s.dialOptions, options...) }
}

func settingsOf(options []Option) (*settings, error) {
	s := &settings{
		timeout:          DefaultTimeout,
		connections:      1,
		keepalive:        defaultKeepalive,
		keepaliveTimeout: defaultKeepaliveTimeout,
		heldUp:           heldUpAfter,
		silence:          silenceMax,
	}
	for _, option := range options {
		option(s)
	}
	var err error
	switch s.retries, err = s.retries.checked(); {
	case err != nil:
		return nil, err
	case s.timeout <= 0:
		return nil, &SettingError{"timeout", "must be above 0"}
	case s.connections < 1 || s.connections > connectionsMax:
		return nil, &SettingError{"connections", "must be from 1 to 64"}
	case s.keepalive < keepaliveMin:
		return nil, &SettingError{"keepalive", "must be 10s or more: a server ends connections that ping more often"}
	case s.keepaliveTimeout <= 0:
		return nil, &SettingError{"keepalive timeout", "must be above 0"}
	case s.plaintext && (s.tls || s.config != nil || s.caFile != "" || s.certificate != "" || s.key != ""):
		return nil, &SettingError{"plaintext", "WithPlaintext contradicts the options of TLS"}
	}
	return s, nil
}
