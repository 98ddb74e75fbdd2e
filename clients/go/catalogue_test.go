package lotkeeper_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// The contract's enum is the catalogue; the repository's tests prove that docs/errors.md and the server have the same.
func TestTheReasonsAreThoseOfTheContract(t *testing.T) {
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
	slices.Sort(constants)
	var enum []string
	for number, name := range pb.ErrorReason_name {
		if number != 0 {
			enum = append(enum, strings.TrimPrefix(name, "ERROR_REASON_"))
		}
	}
	slices.Sort(enum)
	if !slices.Equal(constants, enum) {
		t.Errorf("\n%q\n%q", constants, enum)
	}
}

// What may be repeated without a request id is told by the contract's idempotency option; the permission says the same.
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
