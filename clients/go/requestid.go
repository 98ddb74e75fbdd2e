package lotkeeper

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const contract = "lotkeeper.inventory.v1"

// NewRequestID is a new request id: a UUID of version 7, which begins with the time, so that the server's store has those
// of a moment side by side. A client makes one for each call by itself; make your own where a retry has to survive a
// restart of your program, and store it first.
func NewRequestID() string {
	var chance [9]byte
	_, _ = rand.Read(chance[:]) // never fails, as documented
	random := hex.EncodeToString(chance[:])
	return fmt.Sprintf("%012x7%s8%s", time.Now().UnixMilli(), random[:3], random[3:])
}

// withRequestID is the request, or where it can carry a request id and has none, a copy with a new one; and whether the
// call may be repeated when its outcome is not known.
func withRequestID(method string, request proto.Message) (proto.Message, bool) {
	if isRead(method) {
		return request, true
	}
	if !request.ProtoReflect().IsValid() { // nil is an empty request
		request = request.ProtoReflect().New().Interface()
	}
	fields := request.ProtoReflect().Descriptor().Fields()
	if requests := fields.ByName("requests"); requests != nil && requests.IsList() {
		return withRequestIDs(request, requests), true
	}
	field := fields.ByName("request_id")
	if field == nil {
		return request, false
	}
	if request.ProtoReflect().Get(field).String() != "" {
		return request, true
	}
	copied := proto.Clone(request)
	copied.ProtoReflect().Set(field, protoreflect.ValueOfString(NewRequestID()))
	return copied, true
}

// withRequestIDs is a copy of a batch whose items all have a request id.
func withRequestIDs(batch proto.Message, requests protoreflect.FieldDescriptor) proto.Message {
	copied := proto.Clone(batch)
	list := copied.ProtoReflect().Get(requests).List()
	field := requests.Message().Fields().ByName("request_id")
	for i := range list.Len() {
		item := list.Get(i).Message()
		if item.Get(field).String() == "" {
			item.Set(field, protoreflect.ValueOfString(NewRequestID()))
		}
	}
	return copied
}

// isRead is whether the contract says of a method that it changes nothing.
func isRead(method string) bool { return reads()[method] }

// reads are the paths of the methods that change nothing.
var reads = sync.OnceValue(func() map[string]bool {
	found := map[string]bool{}
	protoregistry.GlobalFiles.RangeFilesByPackage(contract, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				method := methods.Get(j)
				options, _ := method.Options().(*descriptorpb.MethodOptions)
				if options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
					found[fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())] = true
				}
			}
		}
		return true
	})
	return found
})
