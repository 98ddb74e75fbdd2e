// Package serving gives the tests of this module a server on a store that outlives it, to be killed.
package serving

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

// Server is a server on a store in a file, which outlives its processes.
type Server struct {
	// Address is the same after a restart.
	Address string
	// Token may everything.
	Token string

	t       testing.TB
	url     string
	flags   []string
	process *exec.Cmd
}

// New starts one on a store with the demo plant, and a token that may everything.
func New(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := &Server{t: t, url: "sqlite:///" + filepath.Join(t.TempDir(), "plant.db"), flags: flags, Address: "127.0.0.1:0"}
	s.Run("demo")
	s.Token = strings.TrimSpace(s.Run("token", "create", "--name", "tester", "--role", "admin"))
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Run runs another command of the server on the same store.
func (s *Server) Run(arguments ...string) string {
	s.t.Helper()
	command := exec.Command(Command(), append(arguments, "--database-url", s.url)...)
	var said strings.Builder
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s%s", arguments, err, output, said.String())
	}
	return string(output)
}

// Start starts it, on the port of before if there was one.
func (s *Server) Start() {
	s.t.Helper()
	arguments := append([]string{"serve", "--database-url", s.url, "--listen", s.Address}, s.flags...)
	s.process = exec.Command(Command(), arguments...)
	EndsWithParent(s.process)
	log, err := os.OpenFile(filepath.Join(s.t.TempDir(), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process.Stderr = log
	output, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	address, said := strings.CutPrefix(strings.TrimSpace(line), "Lotkeeper serves on ")
	if !said {
		text, _ := os.ReadFile(log.Name())
		s.t.Fatalf("the server did not start: %q, %v\n%s", line, err, text)
	}
	s.Address = address
}

// Kill is kill -9.
func (s *Server) Kill() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
}

// Client is a client of it, closed with the test.
func (s *Server) Client(options ...lotkeeper.Option) *lotkeeper.Client {
	s.t.Helper()
	client, err := lotkeeper.New(s.Address, append([]lotkeeper.Option{lotkeeper.WithToken(s.Token)}, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Command is that of the server.
func Command() string {
	if command := os.Getenv("LOTKEEPERTEST_SERVER"); command != "" {
		return command
	}
	return "lotkeeper-server"
}
