package lotkeeper

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// page is an answer of a list.
type page interface{ GetNextPageToken() string }

// pages are the items of a list, one after another; the next page is read once all items of the last one were taken.
// After an error there is nothing more. Each page has a deadline of its own, unless the context has one.
func pages[Request proto.Message, Page page, Item any](
	ctx context.Context,
	list func(context.Context, Request, ...grpc.CallOption) (Page, error),
	request Request,
	items func(Page) []Item,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		// The caller's own stays as it is, and the sequence can be begun again; nil asks for all.
		asking := request.ProtoReflect().New().Interface().(Request)
		proto.Merge(asking, request)
		token := asking.ProtoReflect().Descriptor().Fields().ByName("page_token")
		for {
			answer, err := list(ctx, asking)
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range items(answer) {
				if !yield(item, nil) {
					return
				}
			}
			next := answer.GetNextPageToken()
			if next == "" {
				return
			}
			asking.ProtoReflect().Set(token, protoreflect.ValueOfString(next))
		}
	}
}
