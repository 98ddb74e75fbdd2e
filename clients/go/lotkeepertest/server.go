// Package lotkeepertest gives tests a real Lotkeeper server: the one that runs in a plant, with everything in memory.
//
// It needs the command lotkeeper-server (`pip install 'lotkeeper[server]'`) in the PATH, or what the variable
// LOTKEEPERTEST_SERVER names.
package lotkeepertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

const (
	commandVariable = "LOTKEEPERTEST_SERVER"
	defaultCommand  = "lotkeeper-server"
)

// Server is a server in a process of its own, which ends with this one, however that ends.
type Server struct {
	mu      sync.Mutex
	address string
	token   string
	process *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
}

// Option is a setting of a server.
type Option func(*[]string)

// WithPlant begins with a plant document, a YAML or JSON file. Default: the demo plant.
func WithPlant(path string) Option {
	return func(arguments *[]string) { *arguments = append(*arguments, "--plant", path) }
}

// WithSetting gives a setting of the server, such as "end_date_past_days", another value than its default.
func WithSetting(name, value string) Option {
	return func(arguments *[]string) { *arguments = append(*arguments, "--set", name+"="+value) }
}

// Start starts a server, which ends with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	server, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// New starts a server, for what is no test; close it.
func New(options ...Option) (*Server, error) {
	command := os.Getenv(commandVariable)
	if command == "" {
		command = defaultCommand
	}
	arguments := []string{"testing"}
	for _, option := range options {
		option(&arguments)
	}
	process := exec.Command(command, arguments...) //nolint:gosec // the user's own command
	process.Stderr = os.Stderr
	input, err := process.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("the server cannot be started: %w; pip install 'lotkeeper[server]', or name it by %s",
			err, commandVariable)
	}
	s := &Server{process: process, input: input, output: bufio.NewReader(output)}
	if err := s.read(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Address is where it serves, on loopback.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Token may everything.
func (s *Server) Token() string { return s.token }

// Client is a client of this server, closed with the test. After a Reset make another.
func (s *Server) Client(t testing.TB, options ...lotkeeper.Option) *lotkeeper.Client {
	t.Helper()
	options = append([]lotkeeper.Option{lotkeeper.WithToken(s.token), lotkeeper.WithPlaintext()}, options...)
	client, err := lotkeeper.New(s.Address(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Reset sets stock, records and definitions back to the beginning. The server has another address then.
func (s *Server) Reset() error { return s.do(map[string]any{"do": "reset"}) }

// SetClock stops what the server takes for now; only dates go by it.
func (s *Server) SetClock(moment time.Time) error {
	return s.do(map[string]any{"do": "set_clock", "millis": moment.UnixMilli()})
}

// AdvanceClock moves what the server takes for now.
func (s *Server) AdvanceClock(by time.Duration) error {
	return s.do(map[string]any{"do": "advance_clock", "millis": by.Milliseconds()})
}

// LetClockGo has the server's clock go again.
func (s *Server) LetClockGo() error { return s.do(map[string]any{"do": "let_clock_go"}) }

// Close ends it.
func (s *Server) Close() error {
	_ = s.input.Close() // it ends when its input does
	return s.process.Wait()
}

func (s *Server) do(command map[string]any) error {
	line, err := json.Marshal(command)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.input.Write(append(line, '\n')); err != nil {
		return err
	}
	return s.read()
}

// read takes the answer to a command, or the first line.
func (s *Server) read() error {
	line, err := s.output.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the server has ended: %w", err)
	}
	var said struct{ Address, Token, Error string }
	if err := json.Unmarshal(line, &said); err != nil {
		return fmt.Errorf("the server said %q: %w", line, err)
	}
	if said.Error != "" {
		return errors.New(said.Error)
	}
	if said.Address != "" {
		s.address = said.Address
	}
	if said.Token != "" {
		s.token = said.Token
	}
	return nil
}
