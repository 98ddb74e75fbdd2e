// Calls by Connect and gRPC-Web, on HTTP/1.1 and cleartext HTTP/2; exits with 0 where all of it went as it should.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const service = "lotkeeper.inventory.v1.InventoryOperationService"

type client = connect.Client[dynamicpb.Message, dynamicpb.Message]

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	url, token, operationID, path := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	data, err := os.ReadFile(path)
	check(err)
	set := &descriptorpb.FileDescriptorSet{}
	check(proto.Unmarshal(data, set))
	files, err := protodesc.NewFiles(set)
	check(err)
	found, err := files.FindDescriptorByName(service)
	check(err)
	methods := found.(protoreflect.ServiceDescriptor).Methods()

	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	http2 := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	made := 0
	for name, transport := range map[string]*http.Client{"HTTP/1.1": http.DefaultClient, "HTTP/2": http2} {
		for protocol, options := range map[string][]connect.ClientOption{
			"connect":         {},
			"connect, packed": {connect.WithSendGzip()},
			"connect, GET":    {connect.WithHTTPGet()},
			"grpc-web":        {connect.WithGRPCWeb()},
		} {
			of := func(method string) (*client, protoreflect.MethodDescriptor) {
				descriptor := methods.ByName(protoreflect.Name(method))
				all := append([]connect.ClientOption{
					connect.WithSchema(descriptor),
					connect.WithResponseInitializer(func(spec connect.Spec, message any) error {
						*message.(*dynamicpb.Message) = *dynamicpb.NewMessage(descriptor.Output())
						return nil
					}),
				}, options...)
				if level := descriptor.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel(); level == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
					all = append(all, connect.WithIdempotency(connect.IdempotencyNoSideEffects))
				}
				return connect.NewClient[dynamicpb.Message, dynamicpb.Message](transport, url+"/"+service+"/"+method, all...), descriptor
			}
			request := func(descriptor protoreflect.MethodDescriptor, values map[string]protoreflect.Value) *connect.Request[dynamicpb.Message] {
				message := dynamicpb.NewMessage(descriptor.Input())
				for field, value := range values {
					message.Set(descriptor.Input().Fields().ByName(protoreflect.Name(field)), value)
				}
				made := connect.NewRequest(message)
				made.Header().Set("Authorization", "Bearer "+token)
				return made
			}
			execute, descriptor := of("ExecuteInventoryOperation")
			_, err := execute.CallUnary(context.Background(), request(descriptor, map[string]protoreflect.Value{
				"inventory_operation_id": protoreflect.ValueOfString(operationID),
				"primary_lot_id_or_name": protoreflect.ValueOfString("GO"),
				"quantity":               protoreflect.ValueOfFloat64(1),
				"request_id":             protoreflect.ValueOfString("go " + name + protocol),
			}))
			check(err)
			made++

			_, err = execute.CallUnary(context.Background(), request(descriptor, nil))
			var refused *connect.Error
			if !errors.As(err, &refused) || refused.Code() != connect.CodeInvalidArgument || len(refused.Details()) != 2 {
				panic(fmt.Sprint("not refused as it should be: ", err))
			}

			list, descriptor := of("ListInventoryOperations")
			listed, err := list.CallUnary(context.Background(), request(descriptor, nil))
			check(err)
			if proto.Size(listed.Msg) == 0 {
				panic("nothing is listed")
			}

			export, descriptor := of("ExportInventoryOperations")
			stream, err := export.CallServerStream(context.Background(), request(descriptor, map[string]protoreflect.Value{
				"format": protoreflect.ValueOfEnum(2),
			}))
			check(err)
			pieces := 0
			for stream.Receive() {
				pieces++
			}
			check(stream.Err())
			if pieces == 0 {
				panic("the stream has no piece")
			}
			fmt.Printf("go: %s, %s: as it should be\n", protocol, name)
		}
	}
	fmt.Printf("made %d\n", made)
}
