// Command lotkeeper-load makes the calls of WORK and counts them by kind and status into REPORT. Messages come as bytes, so
// it needs nothing of the contract but the methods' names.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log"
	"math/rand/v2"
	"os"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type call struct {
	Kind, Method, Bytes string
	Weight              int
	body                []byte
}

type work struct {
	Address, Token string
	Seconds        float64
	InFlight       int `json:"in_flight"`
	Connections    int
	Once, Mixed    bool
	Rates          [][2]float64
	Calls          []call
	sum            int
	taken          atomic.Int64
}

// raw is a codec of messages that are bytes already.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

func (w *work) next() *call {
	if !w.Mixed {
		n := int(w.taken.Add(1)) - 1
		if w.Once && n >= len(w.Calls) {
			return nil
		}
		return &w.Calls[n%len(w.Calls)]
	}
	place := rand.IntN(w.sum)
	for n := range w.Calls {
		if place -= w.Calls[n].Weight; place < 0 {
			return &w.Calls[n]
		}
	}
	return &w.Calls[0]
}

// due is how many calls are to have begun after so many seconds: the area under the rates.
func (w *work) due(seconds float64) (sum float64) {
	for n := 1; n < len(w.Rates); n++ {
		from, to := w.Rates[n-1], w.Rates[n]
		if seconds <= from[0] {
			break
		}
		part := min(seconds, to[0]) - from[0]
		reached := from[1] + (to[1]-from[1])*part/(to[0]-from[0])
		sum += part * (from[1] + reached) / 2
	}
	return sum
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	data, err := os.ReadFile(os.Getenv("WORK"))
	check(err)
	w := &work{}
	check(json.Unmarshal(data, w))
	for n := range w.Calls {
		w.Calls[n].body, err = base64.StdEncoding.DecodeString(w.Calls[n].Bytes)
		check(err)
		w.sum += w.Calls[n].Weight
	}
	var lock sync.Mutex
	var millis []float64
	statuses := map[string]map[string]int{}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+w.Token)
	connections := make([]*grpc.ClientConn, w.Connections)
	for n := range connections {
		connections[n], err = grpc.NewClient(w.Address, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})))
		check(err)
	}
	invoke := func(c *call, connection *grpc.ClientConn) {
		limited, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		var answer []byte
		began := time.Now()
		code := status.Code(connection.Invoke(limited, "/"+c.Method, c.body, &answer))
		took := float64(time.Since(began).Microseconds()) / 1000
		lock.Lock()
		defer lock.Unlock()
		if statuses[c.Kind] == nil {
			statuses[c.Kind] = map[string]int{}
		}
		statuses[c.Kind][strconv.Itoa(int(code))]++
		if code == 0 {
			millis = append(millis, took)
		}
	}
	began := time.Now()
	elapsed := func() float64 { return time.Since(began).Seconds() }
	var waiting sync.WaitGroup
	if len(w.Rates) > 0 { // an open load: calls begin when they are due, however long the ones before take
		for begun := 0.0; elapsed() < w.Seconds; time.Sleep(5 * time.Millisecond) {
			for ; begun < w.due(elapsed()); begun++ {
				waiting.Go(func() { invoke(w.next(), connections[rand.IntN(len(connections))]) })
			}
		}
	} else { // a closed one: so many callers, each one call after the other
		for n := range w.InFlight {
			waiting.Go(func() {
				for w.Once || elapsed() < w.Seconds {
					c := w.next()
					if c == nil {
						return
					}
					invoke(c, connections[n%len(connections)])
				}
			})
		}
	}
	waiting.Wait()
	report := map[string]any{"statuses": statuses, "seconds": elapsed()}
	if sort.Float64s(millis); len(millis) > 0 {
		report["p50_millis"], report["p99_millis"] = millis[len(millis)/2], millis[len(millis)*99/100]
	}
	data, err = json.Marshal(report)
	check(err)
	check(os.WriteFile(os.Getenv("REPORT"), data, 0o600))
}
