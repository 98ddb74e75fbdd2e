package lotkeeper_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

// serving is a server on a store in a file, which outlives its processes.
type serving struct {
	t       testing.TB
	url     string
	flags   []string
	address string // the same after a restart
	token   string
	process *exec.Cmd
}

// newServing has a store with the demo plant, and a token that may everything.
func newServing(t testing.TB, flags ...string) *serving {
	t.Helper()
	s := &serving{t: t, url: "sqlite:///" + filepath.Join(t.TempDir(), "plant.db"), flags: flags, address: "127.0.0.1:0"}
	s.run("demo")
	s.token = strings.TrimSpace(s.run("token", "create", "--name", "tester", "--role", "admin"))
	s.start()
	t.Cleanup(s.kill)
	return s
}

// run runs another command of the server on the same store.
func (s *serving) run(arguments ...string) string {
	s.t.Helper()
	command := exec.Command(serverCommand(), append(arguments, "--database-url", s.url)...)
	var said strings.Builder
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		s.t.Fatalf("%v: %v\n%s%s", arguments, err, output, said.String())
	}
	return string(output)
}

func (s *serving) start() {
	s.t.Helper()
	arguments := append([]string{"serve", "--database-url", s.url, "--listen", s.address}, s.flags...)
	s.process = exec.Command(serverCommand(), arguments...)
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
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
	s.address = address
}

// kill is kill -9.
func (s *serving) kill() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
}

func (s *serving) client(options ...lotkeeper.Option) *lotkeeper.Client {
	s.t.Helper()
	client, err := lotkeeper.New(s.address, append([]lotkeeper.Option{lotkeeper.WithToken(s.token)}, options...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

func serverCommand() string {
	if command := os.Getenv("LOTKEEPERTEST_SERVER"); command != "" {
		return command
	}
	return "lotkeeper-server"
}
