package lotkeeper_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	lotkeeper "github.com/lotkeeper/lotkeeper/clients/go"
	"github.com/lotkeeper/lotkeeper/clients/go/internal/serving"
	pb "github.com/lotkeeper/lotkeeper/clients/go/lotkeeper/inventory/v1"
)

// authority signs certificates, and has its own in a file.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "plant's CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.certificate, _ = x509.ParseCertificate(der)
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// issued are the files of a certificate and its key, for a server of that name or address, or a client.
func (a *authority) issued(name string) (certificate, key string) {
	a.t.Helper()
	made := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if number := net.ParseIP(name); number != nil {
		template.IPAddresses = []net.IP{number}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &made.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		a.t.Fatal(err)
	}
	folder := a.t.TempDir()
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	writePEM(a.t, certificate, "CERTIFICATE", der)
	writePEM(a.t, key, "PRIVATE KEY", secret)
	return certificate, key
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestARealServerWithTLSAndClientCertificates(t *testing.T) {
	authority := newAuthority(t)
	certificate, key := authority.issued("127.0.0.1")
	server := serving.New(t, "--tls-certificate-file", certificate, "--tls-key-file", key, "--tls-client-ca-file", authority.file)
	mine, myKey := authority.issued("line-4")
	t.Run("who has what is asked for comes in", func(t *testing.T) {
		t.Setenv("LOTKEEPER_CA_FILE", authority.file)
		t.Setenv("LOTKEEPER_CLIENT_CERTIFICATE", mine)
		t.Setenv("LOTKEEPER_CLIENT_KEY", myKey)
		t.Setenv("LOTKEEPER_ADDRESS", server.Address)
		t.Setenv("LOTKEEPER_TOKEN", server.Token)
		client, err := lotkeeper.New("")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		consumeMilk(t, client)
	})
	stranger := newAuthority(t)
	for _, one := range []struct {
		name    string
		options []lotkeeper.Option
		says    string
	}{
		{"another CA", []lotkeeper.Option{lotkeeper.WithCAFile(stranger.file)}, "is not trusted"},
		{"no certificate", []lotkeeper.Option{lotkeeper.WithCAFile(authority.file)}, "wants a client certificate"},
		{"no TLS", []lotkeeper.Option{lotkeeper.WithPlaintext()}, "expects TLS"},
	} {
		t.Run(one.name+" ends the call at once, and says what to do", func(t *testing.T) {
			begun := time.Now()
			_, err := server.Client(append(one.options, lotkeeper.WithTimeout(time.Minute))...).
				Inventory.GetLot(t.Context(), &pb.GetLotRequest{LotIdOrName: "l"})
			if status.Code(err) != codes.Unavailable || !strings.Contains(fmt.Sprint(err), one.says) {
				t.Errorf("%v", err)
			}
			if time.Since(begun) > 40*time.Second {
				t.Error("it waited for what no waiting mends")
			}
		})
	}
}

func TestACertificateForAnotherNameAndAServerWithoutTLSEndTheCallAtOnce(t *testing.T) {
	authority := newAuthority(t)
	certificate, key := authority.issued("plant-2")
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	other := newAnswering(t, grpc.Creds(credentials.NewServerTLSFromCert(&pair)))
	_, err = execute(t.Context(), other.client(t, lotkeeper.WithCAFile(authority.file)), "l")
	if !strings.Contains(fmt.Sprint(err), "is not for 127.0.0.1") {
		t.Errorf("%v", err)
	}
	plain := newAnswering(t)
	_, err = execute(t.Context(), plain.client(t, lotkeeper.WithCAFile(authority.file)), "l")
	if !strings.Contains(fmt.Sprint(err), "answers without TLS") {
		t.Errorf("%v", err)
	}
}

func TestATokenIsNotSentInClearBeyondThisMachineUnlessAskedTo(t *testing.T) {
	for _, address := range []string{"plant-1", "10.0.0.7:50051", "127.0.0.1,plant-1", "[2001:db8::1]", "plant.localhost"} {
		var fault *lotkeeper.SettingError
		if _, err := lotkeeper.New(address, lotkeeper.WithToken("secret")); !errors.As(err, &fault) || fault.Setting != "token" ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
		for _, option := range []lotkeeper.Option{lotkeeper.WithPlaintext(), lotkeeper.WithTLS()} {
			client, err := lotkeeper.New(address, lotkeeper.WithToken("secret"), option)
			if err != nil {
				t.Errorf("%s: %v", address, err)
				continue
			}
			client.Close()
		}
	}
	for _, address := range []string{"127.0.0.1", "localhost:1", "[::1]:50051", "unix:/run/lotkeeper.sock", "127.8.8.8"} {
		client, err := lotkeeper.New(address, lotkeeper.WithToken("secret"))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		client.Close()
	}
}

func TestASettingThatCannotBeUsedIsAFaultWhenTheClientIsMadeAndDoesNotShowTheToken(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("lk_not a token"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		address string
		options []lotkeeper.Option
		says    string
	}{
		{"http://plant-1", nil, "begins with http://"},
		{"::1", nil, "stands in brackets"},
		{"plant-1:0", nil, "its port"},
		{"plant-1:70000", nil, "its port"},
		{"pl ant", nil, "give HOST:PORT"},
		{" , ", nil, "is empty"},
		{"unix:/a,plant-1", nil, "socket file"},
		{"", []lotkeeper.Option{lotkeeper.WithToken("two words")}, "at place 4 of 9"},
		{"", []lotkeeper.Option{lotkeeper.WithToken("")}, "is empty"},
		{"", []lotkeeper.Option{lotkeeper.WithTokenFile(broken)}, "at place 7 of 14"},
		{"", []lotkeeper.Option{lotkeeper.WithTokenFile(broken + "not")}, "cannot be read"},
		{"", []lotkeeper.Option{lotkeeper.WithToken("a"), lotkeeper.WithTokenFile(broken)}, "give one of"},
		{"", []lotkeeper.Option{lotkeeper.WithCAFile(broken)}, "no PEM certificates"},
		{"", []lotkeeper.Option{lotkeeper.WithClientCertificate(broken, "")}, "and its key"},
		{"", []lotkeeper.Option{lotkeeper.WithClientCertificate(broken, broken)}, "cannot be used together"},
		{"", []lotkeeper.Option{lotkeeper.WithPlaintext(), lotkeeper.WithTLS()}, "contradicts"},
		{"", []lotkeeper.Option{lotkeeper.WithKeepalive(time.Second, time.Second)}, "10s or more"},
		{"", []lotkeeper.Option{lotkeeper.WithConnections(0)}, "from 1 to 64"},
		{"", []lotkeeper.Option{lotkeeper.WithTimeout(0)}, "above 0"},
		{"", []lotkeeper.Option{lotkeeper.WithRetries(lotkeeper.Retries{MaxAttempts: -1})}, "MaxAttempts"},
	} {
		_, err := lotkeeper.New(one.address, one.options...)
		var fault *lotkeeper.SettingError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), one.says) || strings.Contains(err.Error(), "not a token") {
			t.Errorf("%q: %v", one.says, err)
		}
	}
}

func TestCallsGoToEachAddressInTurnAndPastOneThatIsDead(t *testing.T) {
	first, second := newAnswering(t), newAnswering(t)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	addresses := strings.Join([]string{first.address, dead.Addr().String(), second.address}, ", ")
	client, err := lotkeeper.New(addresses, lotkeeper.WithToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	until(t, func() bool {
		if _, err := execute(t.Context(), client, "l"); err != nil {
			t.Fatal(err)
		}
		return first.singleCount() > 5 && second.singleCount() > 5
	})
	first.server.Stop()
	before := second.singleCount()
	for range 20 {
		if _, err := execute(t.Context(), client, "l"); err != nil {
			t.Fatal(err)
		}
	}
	if second.singleCount() != before+20 {
		t.Errorf("%d of 20", second.singleCount()-before)
	}
}

func TestANameIsResolvedAndOneThatCannotBeIsNamed(t *testing.T) {
	server := newAnswering(t)
	_, port, _ := net.SplitHostPort(server.address)
	for _, name := range []string{"localhost:" + port, "dns:///localhost:" + port} {
		client, err := lotkeeper.New(name, lotkeeper.WithToken("t"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := execute(t.Context(), client, "l"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
	}
	client, err := lotkeeper.New("no-such-host.invalid", lotkeeper.WithTLS(), lotkeeper.WithToken("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if _, err := execute(ctx, client, "l"); !strings.Contains(fmt.Sprint(err), "no-such-host.invalid cannot be resolved") {
		t.Errorf("%v", err)
	}
}

func TestTheTokenIsAskedForAtEachCallAndItsFailureEndsTheCall(t *testing.T) {
	server, count := newAnswering(t), 0
	var came []string
	server.onSingle = func(ctx context.Context, _ *pb.ExecuteInventoryOperationRequest) error {
		came = append(came, metadata.ValueFromIncomingContext(ctx, "authorization")...)
		return nil
	}
	broken := errors.New("the issuer is away")
	source := func(context.Context) (string, error) {
		count++
		if count == 3 {
			return "", broken
		}
		return fmt.Sprintf("token-%d", count), nil
	}
	client, err := lotkeeper.New(server.address, lotkeeper.WithTokenSource(source))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 2 {
		if _, err := execute(t.Context(), client, "l"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := execute(t.Context(), client, "l"); !errors.Is(err, broken) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v", err)
	}
	if fmt.Sprint(came) != "[Bearer token-1 Bearer token-2]" {
		t.Errorf("%q", came)
	}
}
