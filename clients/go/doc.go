// Package lotkeeper is the Go client of Lotkeeper, the inventory-operation service.
//
// A Client has the generated stubs of every service of the contract, and whatever is called through them has a deadline,
// is retried where that is safe, under a request id that is kept, and fails with an *Error that has the reason of the
// refusal. Lists, watches, imports and exports have methods of the client's own.
//
//	client, err := lotkeeper.New("plant-1", lotkeeper.WithCAFile("ca.pem"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	for lot, err := range client.ListLots(ctx, &pb.ListLotsRequest{}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(lot.GetName())
//	}
//
// Package lotkeepertest gives tests a real server.
package lotkeeper
