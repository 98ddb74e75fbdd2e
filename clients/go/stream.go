package lotkeeper

import (
	"context"
	"io"
	"strings"

	"google.golang.org/grpc"
)

// clientStream is gRPC's, with errors of this package. Its context is let go once it ends.
type clientStream struct {
	grpc.ClientStream
	transport *transport
	ctx       context.Context
	admission admission
	one       bool // whether there is one answer
	cancel    context.CancelFunc
}

// RecvMsg reads the next message; io.EOF at the end.
func (s *clientStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err == nil && !s.one {
		return nil
	}
	defer s.cancel()
	if err == nil || err == io.EOF {
		return err
	}
	return s.transport.failed(s.ctx, errorOf(err), s.admission)
}

// SendMsg sends a message; io.EOF where the stream has ended, and RecvMsg says why.
func (s *clientStream) SendMsg(message any) error {
	err := s.ClientStream.SendMsg(message)
	if err == nil || err == io.EOF {
		return err
	}
	defer s.cancel()
	return s.transport.failed(s.ctx, errorOf(err), s.admission)
}

// neverEnds is whether a method's stream goes on until somebody ends it.
func neverEnds(method string) bool {
	return strings.HasPrefix(method[strings.LastIndexByte(method, '/')+1:], "Watch")
}
