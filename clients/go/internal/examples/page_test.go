package examples

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	"github.com/lotkeeper/lotkeeper/clients/go/lotkeepertest"
)

const pagePath = "../../../../docs/go.md"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run has the examples reach a server with the demo plant where a reader's is.
func run(m *testing.M) int {
	server, err := lotkeepertest.New()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer server.Close()
	address = server.Address()
	os.Setenv("LOTKEEPER_ADDRESS", address)
	os.Setenv("LOTKEEPER_TOKEN", server.Token())
	if client, err = lotkeeper.New(server.Address()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer client.Close()
	return m.Run()
}

var address string

// A block of the page that is marked is the body of the example of that name, to the letter, and what the page says that
// it prints is what the example proves.
func TestTheExamplesOnThePageAreThoseThatRun(t *testing.T) {
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Skip("outside the repository there is no page")
	}
	const block = "(?s)<!-- go: (\\w+) -->\n```go\n(.*?)```\n(?:\n<!-- prints -->\n```\n(.*?)```\n)?"
	examples, onPage := bodies(t), 0
	for _, found := range regexp.MustCompile(block).FindAllStringSubmatch(string(page), -1) {
		onPage++
		body, known := examples[found[1]]
		if !known {
			t.Errorf("%s is not among the examples", found[1])
			continue
		}
		code, printed, _ := strings.Cut(body, "// Output:\n")
		printed = strings.ReplaceAll("\n"+printed, "\n// ", "\n")[1:]
		if found[2] != code {
			t.Errorf("%s is on the page\n%s\nand in the examples\n%s", found[1], found[2], code)
		}
		if found[3] != printed {
			t.Errorf("%s prints on the page\n%q\nand in the examples\n%q", found[1], found[3], printed)
		}
		delete(examples, found[1])
	}
	if len(examples) > 0 || onPage == 0 {
		t.Errorf("not on the page: %v", examples)
	}
	if blocks := strings.Count(string(page), "```go\n"); blocks != onPage {
		t.Errorf("%d of %d blocks are run", onPage, blocks)
	}
}

// bodies are the texts of the examples, a tab less deep, by their names; and the whole program of the beginning.
func bodies(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("examples_test.go")
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "examples_test.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("start/main.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{"start": string(program)}
	for _, declared := range file.Decls {
		function, is := declared.(*ast.FuncDecl)
		if !is {
			continue
		}
		whole := string(text[files.Position(function.Pos()).Offset:files.Position(function.End()).Offset])
		if name, isExample := strings.CutPrefix(function.Name.Name, "Example_"); isExample {
			inner := text[files.Position(function.Body.Lbrace).Offset+2 : files.Position(function.Body.Rbrace).Offset]
			found[name] = strings.ReplaceAll("\n"+string(inner), "\n\t", "\n")[1:]
		} else {
			found[function.Name.Name] = whole + "\n"
		}
	}
	return found
}

// As a newcomer begins: in a folder beside the checkout, by the lines of the page.
func TestTheProgramOfTheBeginningRunsOutsideTheCheckout(t *testing.T) {
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Skip("outside the repository there is no page")
	}
	installed := regexp.MustCompile("(?s)<!-- go: from a checkout -->\n```sh\n(.*?)```").FindSubmatch(page)
	text, err := os.ReadFile("start/main.go")
	if err != nil || installed == nil {
		t.Fatal(err, "and no lines that install on the page")
	}
	checkout, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text = bytes.Replace(text, []byte("127.0.0.1:50051"), []byte(address), 1) // the address of this server
	if err := errors.Join(
		os.Symlink(checkout, filepath.Join(folder, "lotkeeper")),
		os.WriteFile(filepath.Join(folder, "main.go"), text, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	typed := exec.Command("sh", "-e", "-c", string(installed[1])+"mv ../main.go .\ngo mod tidy\ngo run .\n")
	typed.Dir = folder
	output, err := typed.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "DairyCo/Plant1/Silo1 MILK-0815 ") {
		t.Errorf("%v\n%s", err, output)
	}
}
