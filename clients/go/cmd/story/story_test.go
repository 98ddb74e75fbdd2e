package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	"github.com/lotkeeper/lotkeeper/clients/go/internal/serving"
)

const (
	module     = "github.com/lotkeeper/lotkeeper/clients/go"
	moduleRoot = "../.."
)

// expected is what every client's story prints.
func expected(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../story/expected.txt")
	if err != nil {
		t.Skip("outside the repository there is nothing to compare with")
	}
	return string(text)
}

func TestTheStoryIsToldToTheLetterTwiceOnOneStore(t *testing.T) {
	wanted, server := expected(t), serving.New(t)
	for _, suffix := range []string{"first", "second"} {
		var told bytes.Buffer
		if err := newStory(server.Client(), suffix, &told).tellAll(t.Context()); err != nil {
			t.Fatalf("%v, after\n%s", err, &told)
		}
		if told.String() != wanted {
			t.Errorf("%s:\n%s", suffix, &told)
		}
	}
}

// killing kills and restarts the server behind the first line of some steps. The calls that follow find nobody; all of
// them wait, and none was sent twice without its request id.
type killing struct {
	bytes.Buffer
	server *serving.Server
	steps  []string
}

func (k *killing) Write(line []byte) (int, error) {
	if len(k.steps) > 0 && strings.HasPrefix(string(line), k.steps[0]+" ") {
		k.steps = k.steps[1:]
		k.server.Kill()
		k.server.Start()
	}
	return k.Buffer.Write(line)
}

func TestTheStoryIsTheSameAcrossKill9AndRestart(t *testing.T) {
	wanted, server := expected(t), serving.New(t)
	told := &killing{server: server, steps: []string{"4", "9", "13"}}
	client := server.Client(lotkeeper.WithTimeout(2 * time.Minute))
	if err := newStory(client, "killed", told).tellAll(t.Context()); err != nil {
		t.Fatalf("%v, after\n%s", err, told.String())
	}
	if told.String() != wanted {
		t.Errorf("\n%s", told.String())
	}
	server.Run("verify")
}

// The module as a proxy serves it: whatever the repository has beside it is out of reach.
func TestAProgramOutsideTheTreeBuildsOnThePublishedModuleAndTellsTheStory(t *testing.T) {
	wanted, server := expected(t), serving.New(t)
	version, proxy := published(t)
	folder := t.TempDir()
	goMod := "module example.com/dairy\n\ngo 1.24.0\n\nrequire " + module + " " + version + "\n"
	write(t, filepath.Join(folder, "go.mod"), goMod)
	for _, name := range []string{"main.go", "story.go", "changes.go", "looking_back.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), string(text))
	}
	run := func(name string, arguments ...string) string {
		t.Helper()
		command := exec.Command(name, arguments...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOPROXY=file://"+proxy+","+proxies(t), "GONOSUMDB="+module, "GOFLAGS=-mod=mod",
			"GOWORK=off", "LOTKEEPER_ADDRESS="+server.Address, "LOTKEEPER_TOKEN="+server.Token)
		var said bytes.Buffer
		command.Stderr = &said
		output, err := command.Output()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, arguments, err, &said)
		}
		return string(output)
	}
	run("go", "build", "-o", "story", ".")
	if told := run(filepath.Join(folder, "story")); told != wanted {
		t.Errorf("\n%s", told)
	}
}

// published is a folder as a Go proxy has it, and the module's version there.
func published(t *testing.T) (version, folder string) {
	t.Helper()
	files, sum := map[string][]byte{}, sha256.New()
	err := filepath.WalkDir(moduleRoot, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(moduleRoot, path)
		files[name], err = os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", name, len(files[name]))
		sum.Write(files[name])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Go keeps what it has got of a version for ever, so other content is another version.
	version = "v0.0.0-20260101000000-" + hex.EncodeToString(sum.Sum(nil))[:12]
	folder = t.TempDir()
	at := filepath.Join(folder, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at, "list"), "")
	write(t, filepath.Join(at, version+".info"), fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version))
	write(t, filepath.Join(at, version+".mod"), string(files["go.mod"]))
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, content := range files {
		entry, err := writer.Create(module + "@" + version + "/" + filepath.ToSlash(name))
		if err == nil {
			_, err = entry.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(at, version+".zip"), archive.String())
	return version, folder
}

// proxies are those that this machine asks for the other modules, which it has in its cache already.
func proxies(t *testing.T) string {
	t.Helper()
	found, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(found))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var _ io.Writer = (*killing)(nil)
