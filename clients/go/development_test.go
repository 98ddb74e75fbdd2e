package lotkeeper_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	"github.com/lotkeeper/lotkeeper/clients/go/internal/serving"
)

// runDevelopment starts `lotkeeper-server run` in a folder; the function kills it.
func runDevelopment(t *testing.T, folder, address string) (string, func()) {
	t.Helper()
	process := exec.Command(serving.Command(), "run", "--listen", address)
	process.Dir = folder
	serving.EndsWithParent(process)
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:]), kill
}

func TestADevelopmentServersTokenIsFoundAlsoAfterARestartAndShownToNobodyElse(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_STATE_HOME", filepath.Join(folder, "state"))
	address, kill := runDevelopment(t, folder, "127.0.0.1:0")
	client, err := lotkeeper.New(strings.Replace(address, "127.0.0.1", "localhost", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	consumeMilk(t, client)

	kill()
	_, kill = runDevelopment(t, folder, address) // it makes another token
	consumeMilk(t, client)
	kill()

	path := filepath.Join(folder, "state", "lotkeeper", "tokens", strings.ReplaceAll(address, ":", "_"))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	stranger := newAnswering(t)
	strange := filepath.Join(filepath.Dir(path), strings.ReplaceAll(stranger.address, ":", "_"))
	if err := os.WriteFile(strange, []byte("lk_secret-of-another-server"), 0o600); err != nil {
		t.Fatal(err)
	}
	fooled, err := lotkeeper.New(stranger.address)
	if err != nil {
		t.Fatal(err)
	}
	defer fooled.Close()
	_, err = execute(t.Context(), fooled, "l")
	if status.Code(err) != codes.Unauthenticated || !strings.Contains(fmt.Sprint(err), "was not sent") || stranger.singleCount() > 0 {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(strange, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err = execute(t.Context(), fooled, "l"); !strings.Contains(fmt.Sprint(err), "can be read or written by others") {
		t.Errorf("%v", err)
	}
}

func TestWhoGivesNoTokenIsToldHow(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	client, err := lotkeeper.New(server.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = execute(t.Context(), client, "l")
	if status.Code(err) != codes.Unauthenticated || !strings.Contains(fmt.Sprint(err), "give WithToken, or set LOTKEEPER_TOKEN") {
		t.Errorf("%v", err)
	}
}
