// Command conformance does with the Go client what the conformance suite tells it to, one line of JSON after the other;
// clients/conformance/README.md says what.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc/codes"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
)

// order is a line of standard input.
type order struct {
	Scenario       string
	Address        string
	Token          string
	TokenFile      string  `json:"token_file"`      // where given, it has the token, which changes
	CAFile         string  `json:"ca_file"`         // where given, with TLS
	TimeoutSeconds float64 `json:"timeout_seconds"` // 0: the client's own
	Do             string
	Arguments      json.RawMessage
}

// report is a line of standard output.
type report struct {
	Scenario string   `json:"scenario"`
	Value    any      `json:"value,omitempty"`
	Error    *failure `json:"error,omitempty"`
	Skipped  string   `json:"skipped,omitempty"`
	Crashed  string   `json:"crashed,omitempty"`
}

type failure struct {
	Code              string            `json:"code"`
	Reason            string            `json:"reason"`
	Message           string            `json:"message"`
	Metadata          map[string]string `json:"metadata"`
	Fields            []field           `json:"fields"`
	RetryAfterSeconds *float64          `json:"retry_after_seconds"`
}

type field struct {
	Field       string `json:"field"`
	Description string `json:"description"`
	Reason      string `json:"reason"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(from io.Reader, to io.Writer) error {
	lines, answers := bufio.NewScanner(from), json.NewEncoder(to)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var one order
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		if err := answers.Encode(obey(one)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (o order) withToken() lotkeeper.Option {
	if o.TokenFile == "" {
		return lotkeeper.WithToken(o.Token)
	}
	return lotkeeper.WithTokenSource(func(context.Context) (string, error) {
		token, err := os.ReadFile(o.TokenFile)
		return string(token), err
	})
}

// obey does what a line says, and reports what came out.
func obey(one order) report {
	said := report{Scenario: one.Scenario}
	do, known := methods[one.Do]
	if !known {
		said.Skipped = "this program does not know " + one.Do
		return said
	}
	options := []lotkeeper.Option{one.withToken(), lotkeeper.WithPlaintext()}
	if one.CAFile != "" {
		options[1] = lotkeeper.WithCAFile(one.CAFile)
	}
	if one.TimeoutSeconds > 0 {
		timeout := time.Duration(one.TimeoutSeconds * float64(time.Second))
		options = append(options, lotkeeper.WithTimeout(timeout))
	}
	if one.Do == "coalesced" {
		options = append(options, lotkeeper.WithCoalescing())
	}
	client, err := lotkeeper.New(one.Address, options...)
	if err != nil {
		said.Crashed = err.Error()
		return said
	}
	defer client.Close()
	said.Value, err = do(context.Background(), client, one.Arguments)
	var refused *lotkeeper.Error
	switch {
	case errors.As(err, &refused):
		said.Error = failureOf(refused)
	case err != nil:
		said.Crashed = fmt.Sprintf("%T: %v", err, err)
	}
	return said
}

func failureOf(refused *lotkeeper.Error) *failure {
	told := &failure{
		Code:     names[refused.Code],
		Reason:   string(refused.Reason),
		Message:  refused.Message,
		Metadata: refused.Metadata,
		Fields:   []field{},
	}
	if told.Metadata == nil {
		told.Metadata = map[string]string{}
	}
	for _, violation := range refused.FieldViolations {
		told.Fields = append(told.Fields, field{violation.Field, violation.Description, violation.Reason})
	}
	if refused.RetryAfter > 0 {
		seconds := refused.RetryAfter.Seconds()
		told.RetryAfterSeconds = &seconds
	}
	return told
}

// names of the codes, in capitals.
var names = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT",
	codes.DeadlineExceeded: "DEADLINE_EXCEEDED", codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS",
	codes.PermissionDenied: "PERMISSION_DENIED", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION", codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE",
	codes.Unimplemented: "UNIMPLEMENTED", codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE",
	codes.DataLoss: "DATA_LOSS", codes.Unauthenticated: "UNAUTHENTICATED",
}
