package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lotkeeper/lotkeeper/clients/go/internal/serving"
)

// The harness of clients/crashes starts this program, kills the server under it, and audits.
func TestCoalescedExecutionsCountOnceEachThoughTheServerIsKilled(t *testing.T) {
	const top = "../../../.."
	if _, err := os.Stat(filepath.Join(top, "clients", "crashes")); err != nil {
		t.Skip("outside the repository there is no harness")
	}
	python := filepath.Join(filepath.Dir(serving.Command()), "python")
	if _, err := os.Stat(python); err != nil {
		t.Skip("there is no Python beside the server's command to run the harness with")
	}
	program := filepath.Join(t.TempDir(), "crashes")
	if said, err := exec.Command("go", "build", "-race", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	harness := exec.Command(python, "-m", "clients.crashes", "--client", program)
	harness.Dir = top
	serving.EndsWithParent(harness)
	said, err := harness.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("%s", said)
}
