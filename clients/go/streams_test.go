package lotkeeper_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

func TestAListGoesOnPastEmptyPagesAndCanBeLeftAndBegunAgain(t *testing.T) {
	server, calls := newAnswering(t), 0
	pagesOf := map[string]*pb.ListLotsResponse{
		"":  {Lots: []*pb.InventoryLot{{Name: "a"}, {Name: "b"}}, NextPageToken: "2"},
		"2": {NextPageToken: "3"},
		"3": {Lots: []*pb.InventoryLot{{Name: "c"}}},
	}
	server.onList = func(request *pb.ListLotsRequest) (*pb.ListLotsResponse, error) {
		calls++
		if calls == 2 {
			return nil, status.Error(codes.Unavailable, "lost")
		}
		return pagesOf[request.GetPageToken()], nil
	}
	request := &pb.ListLotsRequest{}
	lots := server.client(t, quick).ListLots(t.Context(), request)
	for range 2 {
		var names []string
		for lot, err := range lots {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, lot.GetName())
		}
		if !slices.Equal(names, []string{"a", "b", "c"}) {
			t.Errorf("%q", names)
		}
	}
	for range lots {
		break
	}
	if calls != 4+3+1 || request.GetPageToken() != "" {
		t.Errorf("%d calls", calls)
	}
}

func TestAListEndsWithItsError(t *testing.T) {
	server := newAnswering(t)
	server.onList = func(request *pb.ListLotsRequest) (*pb.ListLotsResponse, error) {
		if request.GetPageToken() == "" {
			return &pb.ListLotsResponse{Lots: []*pb.InventoryLot{{}}, NextPageToken: "2"}, nil
		}
		return nil, refusedWith(codes.NotFound, lotkeeper.ReasonMaterialNotFound, nil)
	}
	items, failures := 0, 0
	for _, err := range server.client(t).ListLots(t.Context(), nil) {
		if err == nil {
			items++
		} else if failures++; !errors.Is(err, lotkeeper.ReasonMaterialNotFound) {
			t.Error(err)
		}
	}
	if items != 1 || failures != 1 {
		t.Errorf("%d items, %d errors", items, failures)
	}
}

func TestAWatchGoesOnAfterTheLastMessageHoweverItWasLost(t *testing.T) {
	server := newAnswering(t)
	var tokens []string
	losses := []error{
		status.Error(codes.Unavailable, "gone"), nil, status.Error(codes.Internal, "stream reset"), errSilent,
		refusedWith(codes.Unavailable, lotkeeper.ReasonShuttingDown, nil),
	}
	release := make(chan struct{})
	defer close(release)
	server.onWatch = func(request *pb.WatchInventoryLotRecordsRequest, send func(record, token string) error) error {
		server.mu.Lock()
		tokens = append(tokens, request.GetResumeToken())
		count := len(tokens)
		server.mu.Unlock()
		turn := string(rune('a' + count - 1))
		if err := errors.Join(send("", "h"+turn), send(turn, "t"+turn)); err != nil {
			return err
		}
		if count > len(losses) {
			<-release
			return nil
		}
		loss := losses[count-1]
		if loss == errSilent {
			<-release
		}
		return loss
	}
	client := server.client(t, lotkeeper.WithSilence(300*time.Millisecond))
	var records []string
	for message, err := range client.WatchInventoryLotRecords(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if record := message.GetInventoryLotRecord(); record != nil {
			records = append(records, record.GetId())
		}
		if len(records) == len(losses)+1 {
			break
		}
	}
	if strings.Join(records, "") != "abcdef" || strings.Join(tokens, " ") != " ta tb tc td te" {
		t.Errorf("%q, %q", records, tokens)
	}
}

var errSilent = errors.New("says nothing more")

func TestAWatchEndsWithWhatTheServerRefusesAndAtTheBeginningAlsoWhereNoneAnswers(t *testing.T) {
	server := newAnswering(t)
	refusal := refusedWith(codes.OutOfRange, lotkeeper.ReasonResumeTokenExpired, nil)
	server.onWatch = func(_ *pb.WatchInventoryLotRecordsRequest, send func(record, token string) error) error {
		if err := send("a", "t"); err != nil {
			return err
		}
		return refusal
	}
	ends := func(client *lotkeeper.Client) (last error) {
		for _, err := range client.WatchInventoryLotRecords(t.Context(), nil) {
			last = err
		}
		return last
	}
	if err := ends(server.client(t)); !errors.Is(err, lotkeeper.ReasonResumeTokenExpired) {
		t.Error(err)
	}
	server.server.Stop()
	client, err := lotkeeper.New(server.address, lotkeeper.WithToken("t"), lotkeeper.WithTimeout(300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := ends(client); status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
}

func TestAPlantIsExportedAndImportedAgain(t *testing.T) {
	client := server.Client(t)
	var document bytes.Buffer
	request := &pb.ExportMasterDataRequest{Format: pb.ExportFormat_EXPORT_FORMAT_JSON}
	if err := client.ExportMasterData(t.Context(), request, &document); err != nil {
		t.Fatal(err)
	}
	imported := &pb.ImportMasterDataRequest{Format: pb.ExportFormat_EXPORT_FORMAT_JSON, ValidateOnly: true}
	answer, err := client.ImportMasterData(t.Context(), imported, bytes.NewReader(document.Bytes()))
	if err != nil || answer.GetUnchanged() == 0 || answer.GetCreated() > 0 {
		t.Errorf("%v, %v", answer, err)
	}
	_, err = client.ImportMasterData(t.Context(), imported, strings.NewReader("{"))
	if !errors.Is(err, lotkeeper.ReasonInvalidArgument) {
		t.Error(err)
	}
	broken := errors.New("the disk is gone")
	_, err = client.ImportMasterData(t.Context(), imported, io.MultiReader(strings.NewReader("{"), failing{broken}))
	if err != broken {
		t.Error(err)
	}
	if err := client.ExportMasterData(t.Context(), request, failing{broken}); err != broken {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestNothingIsLeftRunningAfterClose(t *testing.T) {
	server := newAnswering(t)
	server.onWatch = func(_ *pb.WatchInventoryLotRecordsRequest, send func(record, token string) error) error {
		for {
			if err := send("a", "t"); err != nil {
				return err
			}
		}
	}
	before := runtime.NumGoroutine()
	for range 5 {
		client, err := lotkeeper.New(server.address, lotkeeper.WithToken("t"), lotkeeper.WithCoalescing(), lotkeeper.WithConnections(3))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 50)
		for range cap(ended) {
			go func() {
				_, err := execute(context.Background(), client, "l")
				ended <- err
			}()
		}
		for range cap(ended) {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		for range client.WatchInventoryLotRecords(t.Context(), nil) {
			break
		}
		client.Close()
	}
	until(t, func() bool { return runtime.NumGoroutine() <= before })
}
