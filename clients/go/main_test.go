package lotkeeper_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lotkeeper/lotkeeper/clients/go/lotkeepertest"
)

// server is one for all tests of this package, but for those that kill theirs.
var server *lotkeepertest.Server

func TestMain(m *testing.M) {
	for _, variable := range os.Environ() { // what the developer's shell has is no part of a test
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "LOTKEEPER_") {
			os.Unsetenv(name)
		}
	}
	var err error
	if server, err = lotkeepertest.New(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}
