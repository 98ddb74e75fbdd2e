package lotkeeper

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

const lookTimeout = time.Second

var (
	errorPrefix = regexp.MustCompile(`^.*desc = "(transport: )?`)
	untrusted   = regexp.MustCompile(`failed to verify certificate: (x509: )?(.*?)"?$`)
	hungUp      = regexp.MustCompile(`EOF|connection reset|broken pipe|error reading server preface|frame`)
)

// connection is one of gRPC's to each of the addresses.
type connection struct {
	cc        *grpc.ClientConn
	addresses []address
	tls       *tls.Config
}

// awaitServer returns once a server answers, so that a call is sent only where somebody takes it. The error is
// UNAVAILABLE where none answers until the context's deadline or for so long (0: to the deadline), or where waiting helps
// nothing.
func (c *connection) awaitServer(ctx context.Context, limit time.Duration, closing <-chan struct{}) *Error {
	if c.cc.GetState() == connectivity.Ready {
		return nil
	}
	waiting := ctx
	if limit > 0 {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		waiting = limited
	}
	for {
		state := c.cc.GetState()
		switch state {
		case connectivity.Ready:
			return nil
		case connectivity.Shutdown:
			return closedError()
		case connectivity.Idle:
			c.cc.Connect()
		case connectivity.TransientFailure:
			if fault := c.lastingFault(waiting); fault != nil {
				return fault
			}
		}
		if c.cc.WaitForStateChange(waiting, state) {
			continue
		}
		select {
		case <-closing:
			return closedError()
		default:
		}
		if ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return ended(ctx)
		}
		return c.nobodyAnswers()
	}
}

// failure is what gRPC says of the last attempt to connect; empty where it says nothing.
func (c *connection) failure(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(c.cc).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if status.Code(err) != codes.Unavailable {
		return ""
	}
	return status.Convert(err).Message()
}

// lastingFault is what will not pass by waiting, with what to do about it; nil where the server may only be away, as it
// may where there are several.
func (c *connection) lastingFault(ctx context.Context) *Error {
	if len(c.addresses) > 1 {
		return nil
	}
	at := c.addresses[0]
	fault := c.fault(ctx, c.failure(ctx), at)
	if fault == "" {
		return nil
	}
	return notSent("no call can be made to " + at.text + ": " + fault)
}

func (c *connection) fault(ctx context.Context, said string, at address) string {
	switch {
	case said == "":
		return ""
	case strings.Contains(said, "certificate is valid for"), strings.Contains(said, "doesn't contain any IP SANs"),
		strings.Contains(said, "is not valid for any names"):
		return "its TLS certificate is not for " + at.host + ": connect by a name that it has"
	case untrusted.MatchString(said):
		why := untrusted.FindStringSubmatch(said)[2]
		return "its TLS certificate is not trusted (" + why + "): give the CA that signed it, by WithCAFile or " + caFileVariable
	case strings.Contains(said, "first record does not look like a TLS handshake"):
		return "it answers without TLS, and this client uses TLS: leave out the certificates, or serve with TLS"
	case asksForCertificate(said), hungUp.MatchString(said) && c.tls != nil && !at.socket && c.missesCertificate(ctx, at):
		return "it wants a client certificate: give WithClientCertificate one that it trusts"
	case c.tls == nil && !at.socket && hungUp.MatchString(said) && expectsTLS(ctx, at):
		return "it expects TLS, and this client uses none: give WithCAFile or " + caFileVariable + ", or WithTLS"
	}
	return ""
}

func asksForCertificate(said string) bool {
	return strings.Contains(said, "certificate required") || strings.Contains(said, "bad certificate")
}

// expectsTLS looks at who listens, by a connection of its own on which nothing is sent.
func expectsTLS(ctx context.Context, at address) bool {
	look, err := lookAt(ctx, at, &tls.Config{})
	if err != nil {
		return false
	}
	_ = look.Close()
	return true
}

// missesCertificate looks, too: a gRPC server that is content speaks first, and one that misses a certificate hangs up,
// with a word or without.
func (c *connection) missesCertificate(ctx context.Context, at address) bool {
	look, err := lookAt(ctx, at, c.tls.Clone())
	if err != nil {
		return asksForCertificate(err.Error())
	}
	defer look.Close()
	_ = look.SetReadDeadline(time.Now().Add(lookTimeout))
	_, err = look.Read(make([]byte, 1))
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func lookAt(ctx context.Context, at address, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	config.NextProtos, config.InsecureSkipVerify = []string{"h2"}, true // nothing is sent: it is only asked who listens
	dialer := tls.Dialer{Config: config}
	return dialer.DialContext(ctx, "tcp", at.text)
}

func (c *connection) nobodyAnswers() *Error {
	var texts []string
	for _, one := range c.addresses {
		texts = append(texts, one.text)
	}
	text := "no server answers on " + strings.Join(texts, ", ")
	if why := reasonShown(c.failure(context.Background())); why != "" {
		text += ": " + why
	}
	return notSent(text)
}

// errNotSent marks the error of a call that was never sent, after the client has waited for a server as long as it may.
var errNotSent = errors.New("the call was not sent")

func notSent(message string) *Error {
	return &Error{Code: codes.Unavailable, Message: message, cause: errNotSent}
}

// reasonShown is what gRPC says, without what only says that there is something to say.
func reasonShown(said string) string {
	text := strings.TrimSuffix(errorPrefix.ReplaceAllString(said, ""), `"`)
	text = strings.Join(strings.Fields(withoutSecrets(text)), " ")
	return text[:min(len(text), 200)]
}
