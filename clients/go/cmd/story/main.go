// Command story is Go's telling of the story that every client tells: a dairy, from an empty corner of a plant to its last
// drop.
//
//	LOTKEEPER_ADDRESS=127.0.0.1:50051 LOTKEEPER_TOKEN=… go run ./cmd/story [SUFFIX]
//
// What it prints is in clients/story/expected.txt; what each step sends is in clients/story/README.md.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var chance [6]byte
	_, _ = rand.Read(chance[:]) // never fails, as documented
	suffix := hex.EncodeToString(chance[:])
	if len(os.Args) > 1 {
		suffix = os.Args[1]
	}
	client, err := lotkeeper.New("") // it reads LOTKEEPER_ADDRESS and LOTKEEPER_TOKEN itself
	if err != nil {
		return err
	}
	defer client.Close()
	return newStory(client, suffix, os.Stdout).tellAll(context.Background())
}
