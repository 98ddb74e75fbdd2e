package lotkeeper

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

const (
	provePath  = "/lotkeeper.development.v1.Development/Prove"
	nonceBytes = 32
)

// errStaleSession marks a refusal after which the call is repeated with the token of a server that was started since.
var errStaleSession = errors.New("another development server has begun")

// developmentToken is that of a server of this user on this machine (`lotkeeper-server run`), which leaves it in a file
// that only its owner can read. Anybody may listen on a free port, so nothing of it is shown to whoever listens: the
// client sends a nonce, and the server answers with one of its own and the proof that it knows the token. From the token
// and the server's nonce both make the token of the session, which is good for that one process only.
type developmentToken struct {
	address string // HOST:PORT, the host a number
	path    string

	mu     sync.Mutex
	proven *session
}

// session is what calls to one development server carry.
type session struct {
	header string
	token  string // of the file
}

// developmentTokenFor is that of an address on loopback; nil for others.
func developmentTokenFor(at address) *developmentToken {
	at = literal(at)
	number, err := netip.ParseAddr(at.host)
	if err != nil || !number.Unmap().IsLoopback() {
		return nil
	}
	folder, err := tokenFolder()
	if err != nil {
		return nil // without a home there is no development server
	}
	_, port, _ := net.SplitHostPort(at.text)
	name := strings.ReplaceAll(at.host, ":", "-") + "_" + port
	return &developmentToken{address: at.text, path: filepath.Join(folder, name)}
}

// literal is the address without the name localhost, so that nobody can stand where the name leads as well.
func literal(at address) address {
	if !strings.EqualFold(at.host, "localhost") {
		return at
	}
	_, port, _ := net.SplitHostPort(at.text)
	return address{text: "127.0.0.1:" + port, host: "127.0.0.1"}
}

// session is what calls carry, once the server has shown that it made the token; nil where there is no token.
func (d *developmentToken) session(ctx context.Context, cc *grpc.ClientConn) (*session, *Error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proven != nil {
		return d.proven, nil
	}
	token, err := d.read()
	if err != nil || token == "" {
		return nil, err
	}
	nonce := make([]byte, nonceBytes)
	_, _ = rand.Read(nonce) // never fails, as documented
	var answer []byte
	failed := errorOf(cc.Invoke(ctx, provePath, &nonce, &answer, grpc.ForceCodec(bareBytes{})))
	if failed != nil {
		if failed.Code == codes.Unavailable || failed.Code == codes.DeadlineExceeded || failed.Code == codes.Canceled {
			return nil, failed
		}
		return nil, d.unproven("it answered " + codeNames[failed.Code])
	}
	if len(answer) != nonceBytes+sha256.Size {
		return nil, d.unproven("its proof is wrong")
	}
	serverNonce, proof := answer[:nonceBytes], answer[nonceBytes:]
	if !hmac.Equal(proof, keyed(token, "server", d.address, string(nonce), string(serverNonce))) {
		return nil, d.unproven("its proof is wrong")
	}
	made := keyed(token, "session", d.address, string(serverNonce))
	d.proven = &session{"Bearer lk_" + base64.RawURLEncoding.EncodeToString(made), token}
	return d.proven, nil
}

// isStale is whether the file has another token than at this session: that of a server that was started since. Then the
// next call proves anew.
func (d *developmentToken) isStale(used *session) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.proven != used {
		return true // another call has proven anew
	}
	token, err := d.read()
	if err != nil || token == "" || used != nil && token == used.token {
		return false
	}
	d.proven = nil
	return true
}

func (d *developmentToken) read() (string, *Error) {
	token, err := readPrivateFile(d.path)
	if err != nil {
		return "", &Error{Code: codes.Unauthenticated, Message: "the development token is not used: " + err.Error()}
	}
	return token, nil
}

func (d *developmentToken) unproven(why string) *Error {
	return &Error{Code: codes.Unauthenticated, Message: "the development token in " + d.path +
		" was not sent: whoever listens on " + d.address + " did not show that it made it (" + why +
		"); give a token of this server, by " + tokenVariable + " for one"}
}

// keyed is an HMAC over the parts, each behind its length, so that no two lists of parts are the same bytes.
func keyed(token string, parts ...string) []byte {
	mac := hmac.New(sha256.New, []byte(token))
	for _, part := range append([]string{"lotkeeper development 1"}, parts...) {
		var length [4]byte
		binary.BigEndian.PutUint32(length[:], uint32(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	return mac.Sum(nil)
}

// bareBytes is the codec of a method that takes and gives bytes.
type bareBytes struct{}

func (bareBytes) Name() string { return "proto" }

func (bareBytes) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (bareBytes) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}
