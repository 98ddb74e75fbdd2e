package lotkeeper_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

const root = "../../"

// The page of errors is the catalogue; the server's tests prove that it names what the server has.
func TestTheReasonsAreThoseOfTheCatalogueInItsOrder(t *testing.T) {
	page, err := os.ReadFile(root + "docs/errors.md")
	if err != nil {
		t.Skip("outside the repository there is no catalogue")
	}
	var catalogue []string
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\||`([A-Z_]+_NOT_FOUND)`").FindAllStringSubmatch(string(page), -1) {
		if reason := found[1] + found[2]; !slices.Contains(catalogue, reason) {
			catalogue = append(catalogue, reason)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "reasons.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, is := node.(*ast.ValueSpec)
		if !is {
			return true
		}
		text, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		constants = append(constants, text)
		name := "Reason"
		for word := range strings.SplitSeq(text, "_") {
			name += strings.ToUpper(word[:1]) + strings.ToLower(word[1:])
		}
		if wanted := strings.Replace(name, "RequestId", "RequestID", 1); spec.Names[0].Name != wanted && spec.Names[0].Name != name {
			t.Errorf("%s is called %s", text, spec.Names[0].Name)
		}
		return true
	})
	if !slices.Equal(constants, catalogue) {
		t.Errorf("\n%q\n%q", constants, catalogue)
	}
}

// What may be repeated without a request id is told by the name of the method; the permission in the contract says the
// same.
func TestTheMethodsThatChangeNothingAreThoseThatNeedThePermissionToRead(t *testing.T) {
	seen := 0
	for method := range methods() {
		seen++
		said := method.Options().ProtoReflect()
		permission := ""
		said.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
			if field.Name() == "permission" {
				permission = value.String()
			}
			return true
		})
		reads := strings.HasSuffix(permission, ".READ") || strings.HasSuffix(permission, ".EXPORT") || permission == "any"
		if id := method.Input().Fields().ByName("request_id"); id != nil && method.Name() != "ListAuditEvents" {
			reads = false // HoldTracedLots asks for what it holds by other permissions; events are found by a request id
		}
		if path := "/" + string(method.Parent().FullName()) + "/" + string(method.Name()); lotkeeper.IsRead(path) != reads {
			t.Errorf("%s needs %s", path, permission)
		}
	}
	if seen < 80 {
		t.Errorf("the contract has %d methods", seen)
	}
}

func TestEveryListAndWatchAndFileOfTheContractHasAMethodOfTheClient(t *testing.T) {
	client := reflect.TypeFor[*lotkeeper.Client]()
	for method := range methods() {
		pages := method.Output().Fields().ByName("next_page_token") != nil
		if !pages && !method.IsStreamingClient() && !method.IsStreamingServer() {
			continue
		}
		if _, has := client.MethodByName(string(method.Name())); !has {
			t.Errorf("the client has no %s", method.Name())
		}
	}
}

// methods are those of the contract.
func methods() func(func(protoreflect.MethodDescriptor) bool) {
	return func(yield func(protoreflect.MethodDescriptor) bool) {
		protoregistry.GlobalFiles.RangeFilesByPackage("lotkeeper.inventory.v1", func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				for j := range file.Services().Get(i).Methods().Len() {
					if !yield(file.Services().Get(i).Methods().Get(j)) {
						return false
					}
				}
			}
			return true
		})
	}
}
