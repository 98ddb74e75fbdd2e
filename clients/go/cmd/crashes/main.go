// Command crashes is Go's program for clients/crashes: it makes many executions by a client that coalesces, and tells how
// each has ended, while its server is killed.
//
//	LOTKEEPER_ADDRESS=… LOTKEEPER_TOKEN=… crashes OPERATION_ID CALLS IN_FLIGHT TIMEOUT_SECONDS FIRST_MILLIS LOT...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// order is what the arguments say.
type order struct {
	operationID string
	calls       int
	inFlight    int
	timeout     time.Duration
	firstMillis int64
	lots        []string
}

func orderOf(words []string) (order, error) {
	if len(words) < 6 {
		return order{}, errors.New("too few arguments")
	}
	calls, err1 := strconv.Atoi(words[1])
	inFlight, err2 := strconv.Atoi(words[2])
	seconds, err3 := strconv.ParseFloat(words[3], 64)
	firstMillis, err4 := strconv.ParseInt(words[4], 10, 64)
	timeout := time.Duration(seconds * float64(time.Second))
	return order{words[0], calls, inFlight, timeout, firstMillis, words[5:]}, errors.Join(err1, err2, err3, err4)
}

func run(words []string) error {
	given, err := orderOf(words)
	if err != nil {
		return err
	}
	client, err := lotkeeper.New("", lotkeeper.WithCoalescing(), lotkeeper.WithTimeout(given.timeout))
	if err != nil {
		return err
	}
	defer client.Close()
	numbers, ended := make(chan int), make(chan string)
	go func() {
		defer close(numbers)
		for number := range given.calls {
			numbers <- number
		}
	}()
	var callers sync.WaitGroup
	for range given.inFlight {
		callers.Add(1)
		go func() {
			defer callers.Done()
			for number := range numbers {
				ended <- given.call(client, number)
			}
		}()
	}
	go func() {
		callers.Wait()
		close(ended)
	}()
	for line := range ended {
		fmt.Println(line)
	}
	return nil
}

// call makes one, and tells how it has ended.
func (o order) call(client *lotkeeper.Client, number int) string {
	start := o.firstMillis + int64(number)
	request := &pb.ExecuteInventoryOperationRequest{
		InventoryOperationId: o.operationID,
		PrimaryLotIdOrName:   o.lots[number%len(o.lots)],
		ExactQuantity:        lotkeeper.MustQuantity("1").Proto(),
		StartDateMillis:      &start,
	}
	response, err := client.Operations.ExecuteInventoryOperation(context.Background(), request)
	var refused *lotkeeper.Error
	switch {
	case errors.As(err, &refused):
		return fmt.Sprintf("%d error %s %s", number, code.Code(refused.Code), refused.Reason)
	case err != nil:
		return fmt.Sprintf("%d crashed %T: %v", number, err, err)
	}
	return fmt.Sprintf("%d record %s", number, response.GetInventoryLotRecord().GetId())
}
