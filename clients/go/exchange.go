package lotkeeper

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// pieceBytes is the size of data in one message of an upload.
const pieceBytes = 64 * 1024

// ExportMasterData writes the plant as a document. The call is repeated only while nothing was written.
func (c *Client) ExportMasterData(ctx context.Context, request *pb.ExportMasterDataRequest, to io.Writer) error {
	return download(ctx, c.transport, c.MasterData.ExportMasterData, request, to)
}

// ExportInventoryOperations writes definitions of inventory operations. The call is repeated only while nothing was
// written.
func (c *Client) ExportInventoryOperations(
	ctx context.Context, request *pb.ExportInventoryOperationsRequest, to io.Writer,
) error {
	return download(ctx, c.transport, c.Operations.ExportInventoryOperations, request, to)
}

// ImportMasterData sends a plant's document; the request says what it is, and its data is sent first. The call is never
// repeated, as the document may not be there to be read again.
func (c *Client) ImportMasterData(
	ctx context.Context, request *pb.ImportMasterDataRequest, document io.Reader,
) (*pb.ImportMasterDataResponse, error) {
	piece := func(data []byte) *pb.ImportMasterDataRequest { return &pb.ImportMasterDataRequest{Data: data} }
	return upload(ctx, c.MasterData.ImportMasterData, request, document, piece)
}

// ImportInventoryOperations sends definitions as CSV or JSON, like ImportMasterData.
func (c *Client) ImportInventoryOperations(
	ctx context.Context, request *pb.ImportInventoryOperationsRequest, document io.Reader,
) (*pb.ImportInventoryOperationsResponse, error) {
	piece := func(data []byte) *pb.ImportInventoryOperationsRequest {
		return &pb.ImportInventoryOperationsRequest{Data: data}
	}
	return upload(ctx, c.Operations.ImportInventoryOperations, request, document, piece)
}

type dataPiece interface{ GetData() []byte }

func download[Request proto.Message, Message any, Pointer interface {
	*Message
	dataPiece
}](
	ctx context.Context,
	t *transport,
	export func(context.Context, Request, ...grpc.CallOption) (grpc.ServerStreamingClient[Message], error),
	request Request,
	to io.Writer,
) error {
	ctx, cancel := t.withDeadline(ctx)
	defer cancel()
	streaming, end := context.WithCancel(ctx)
	defer end() // also where the writer fails
	attempts := newAttempts(true, t.settings.retries)
	for {
		begun := false
		stream, err := export(streaming, request)
		for err == nil {
			var message Pointer
			if message, err = stream.Recv(); err == nil {
				begun = true
				if _, failed := to.Write(message.GetData()); failed != nil {
					return failed
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		failed := errorOf(err)
		if begun {
			return failed
		}
		if err := t.waitAfter(ctx, failed, attempts); err != nil {
			return err
		}
	}
}

func upload[Request any, Response any](
	ctx context.Context,
	begin func(context.Context, ...grpc.CallOption) (grpc.ClientStreamingClient[Request, Response], error),
	first *Request,
	document io.Reader,
	piece func([]byte) *Request,
) (*Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // also where the reader fails: half a document is none
	stream, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	err = stream.Send(first)
	buffer := make([]byte, pieceBytes)
	for err == nil {
		count, ended := io.ReadFull(document, buffer)
		if count > 0 {
			err = stream.Send(piece(buffer[:count]))
		}
		if errors.Is(ended, io.EOF) || errors.Is(ended, io.ErrUnexpectedEOF) {
			break
		}
		if ended != nil {
			return nil, ended
		}
	}
	if err != nil && err != io.EOF { // EOF: the answer says why
		return nil, err
	}
	return stream.CloseAndRecv()
}
