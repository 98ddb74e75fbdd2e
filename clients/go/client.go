package lotkeeper

import (
	"os"

	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

const (
	addressVariable = "LOTKEEPER_ADDRESS"
	defaultAddress  = "127.0.0.1:50051"
)

// Client calls the servers of one store. It may be used from many goroutines at a time; make one and keep it.
type Client struct {
	// Operations runs inventory operations, and saves their definitions.
	Operations pb.InventoryOperationServiceClient
	// Inventory is lots, stock, records, and single actions.
	Inventory pb.InventoryServiceClient
	// MasterData is the plant: materials, locations, units, orders.
	MasterData pb.MasterDataServiceClient
	// Trace is where lots came from, and what they went into.
	Trace pb.TraceServiceClient
	// Access is roles, tokens and grants.
	Access pb.AccessServiceClient
	// Audit is who did or tried what.
	Audit pb.AuditServiceClient

	transport *transport
}

// New makes a client; it connects with the first call.
//
// The address is HOST, HOST:PORT or [IPV6]:PORT, the port 50051 if it is not given; several, separated by commas, are of
// servers on one store and are called in turn, as are all addresses that a name resolves to. An empty one is that of
// LOTKEEPER_ADDRESS, otherwise 127.0.0.1:50051. The error is a *SettingError.
func New(address string, options ...Option) (*Client, error) {
	if address == "" {
		address = os.Getenv(addressVariable)
	}
	if address == "" {
		address = defaultAddress
	}
	s, err := settingsOf(options)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(address, s)
	if err != nil {
		return nil, err
	}
	return &Client{
		Operations: pb.NewInventoryOperationServiceClient(transport),
		Inventory:  pb.NewInventoryServiceClient(transport),
		MasterData: pb.NewMasterDataServiceClient(transport),
		Trace:      pb.NewTraceServiceClient(transport),
		Access:     pb.NewAccessServiceClient(transport),
		Audit:      pb.NewAuditServiceClient(transport),
		transport:  transport,
	}, nil
}

// Close ends every call and stream with ErrClosed, and refuses those that come; what was sent may have been done.
func (c *Client) Close() error {
	c.transport.close()
	return nil
}
