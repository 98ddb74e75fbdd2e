package lotkeeper

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	scheme             = "lotkeeper"
	resolveTimeout     = 10 * time.Second
	resolveIntervalMin = time.Second // of two look-ups, however often connections are lost
)

// servers resolves the addresses that a client was given, all of them servers of one store: names by DNS, each to all of
// its addresses. gRPC calls them in turn, and asks again whenever a connection is lost.
type servers []address

func (servers) Scheme() string { return scheme }

func (s servers) Build(_ resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &resolving{servers: s, cc: cc, cancel: cancel, again: make(chan struct{}, 1)}
	r.ResolveNow(resolver.ResolveNowOptions{})
	r.running.Go(func() { r.run(ctx) })
	return r, nil
}

type resolving struct {
	servers servers
	cc      resolver.ClientConn
	cancel  context.CancelFunc
	again   chan struct{}
	running waitGroup
}

func (r *resolving) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case r.again <- struct{}{}:
	default: // it is asked for already
	}
}

func (r *resolving) Close() {
	r.cancel()
	r.running.Wait()
}

func (r *resolving) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.again:
		}
		endpoints, err := r.servers.endpoints(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.cc.ReportError(err)
			r.ResolveNow(resolver.ResolveNowOptions{})
		} else {
			_ = r.cc.UpdateState(resolver.State{Endpoints: endpoints}) // an error asks to resolve again, which gRPC does
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(resolveIntervalMin):
		}
	}
}

// endpoints are all that can be resolved now; an error where none can.
func (s servers) endpoints(ctx context.Context) ([]resolver.Endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	var endpoints []resolver.Endpoint
	var failed error
	for _, one := range s {
		hosts := []string{one.host}
		if !one.isLiteral() {
			found, err := net.DefaultResolver.LookupHost(ctx, one.host)
			if err != nil {
				failed = fmt.Errorf("the name %s cannot be resolved", one.host)
				continue
			}
			slices.Sort(found)
			hosts = found
		}
		_, port, _ := net.SplitHostPort(one.text)
		for _, host := range hosts {
			// Certificates are for what was given, not for the number that it leads to.
			at := resolver.Address{Addr: net.JoinHostPort(host, port), ServerName: one.text}
			endpoints = append(endpoints, resolver.Endpoint{Addresses: []resolver.Address{at}})
		}
	}
	if len(endpoints) == 0 {
		return nil, failed
	}
	return endpoints, nil
}

// waitGroup is a sync.WaitGroup with the Go of later versions.
type waitGroup struct{ sync.WaitGroup }

func (g *waitGroup) Go(work func()) {
	g.Add(1)
	go func() {
		defer g.Done()
		work()
	}()
}
