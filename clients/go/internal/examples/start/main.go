package main

import (
	"context"
	"fmt"
	"log"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

func main() {
	client, err := lotkeeper.New("127.0.0.1:50051")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	material := "Dairy/Milk/Whole milk"
	request := &pb.ListInventoryRequest{MaterialIdOrPath: &material}
	for row, err := range client.ListInventory(context.Background(), request) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.GetLocationPath(), row.GetInventoryLotName(), row.GetExactQuantity().GetValue())
	}
}
