package lotkeeper

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	tokenVariable             = "LOTKEEPER_TOKEN"
	tokenFileVariable         = "LOTKEEPER_TOKEN_FILE"
	caFileVariable            = "LOTKEEPER_CA_FILE"
	clientCertificateVariable = "LOTKEEPER_CLIENT_CERTIFICATE"
	clientKeyVariable         = "LOTKEEPER_CLIENT_KEY"
	tokenFileBytesMax         = 4096
)

// bearer is the header's value for a token; what goes wrong does not show the token.
func bearer(token, what string) (string, error) {
	text := strings.TrimSpace(token)
	if text == "" {
		return "", &SettingError{"token", what + " is empty"}
	}
	for place, character := range []byte(text) {
		if character < '!' || character > '~' {
			problem := fmt.Sprintf("%s has a character that no token has, at place %d of %d: "+
				"it must be one word of printable ASCII characters", what, place+1, len(text))
			return "", &SettingError{"token", problem}
		}
	}
	return "Bearer " + text, nil
}

// bearerOfFile is the header's value for the token in a file, which may end with a line feed.
func bearerOfFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", &SettingError{"token", fmt.Sprintf("the token file %s cannot be read: %v", path, bare(err))}
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, tokenFileBytesMax+1))
	if err != nil {
		return "", &SettingError{"token", fmt.Sprintf("the token file %s cannot be read: %v", path, bare(err))}
	}
	if len(content) > tokenFileBytesMax {
		problem := fmt.Sprintf("the token file %s is longer than %d bytes", path, tokenFileBytesMax)
		return "", &SettingError{"token", problem}
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	return bearer(string(content), "the token in "+path)
}

// tokenSource is what gives a call its token; nil for none.
func (s *settings) tokenSource() (func(context.Context) (string, error), error) {
	constant := func(header string, err error) (func(context.Context) (string, error), error) {
		return func(context.Context) (string, error) { return header, nil }, err
	}
	given := 0
	for _, one := range []bool{s.token != nil, s.tokenFile != "", s.tokenFunc != nil} {
		if one {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, &SettingError{"token", "give one of WithToken, WithTokenFile and WithTokenSource"}
	case s.token != nil:
		return constant(bearer(*s.token, "the token"))
	case s.tokenFile != "":
		return constant(bearerOfFile(s.tokenFile))
	case s.tokenFunc != nil:
		return func(ctx context.Context) (string, error) {
			token, err := s.tokenFunc(ctx)
			if err != nil {
				return "", err
			}
			return bearer(token, "the token")
		}, nil
	}
	text, path := os.Getenv(tokenVariable), os.Getenv(tokenFileVariable)
	switch {
	case text != "" && path != "":
		problem := fmt.Sprintf("%s and %s are both set: give one of them", tokenVariable, tokenFileVariable)
		return nil, &SettingError{"token", problem}
	case text != "":
		return constant(bearer(text, "the token in "+tokenVariable))
	case path != "":
		return constant(bearerOfFile(path))
	}
	return nil, nil
}

// tlsConfig is what is given or in the environment; nil for plain text.
func (s *settings) tlsConfig() (*tls.Config, error) {
	if s.plaintext {
		return nil, nil
	}
	if s.config != nil {
		return s.config.Clone(), nil
	}
	authorities, certificate, key := s.caFile, s.certificate, s.key
	if authorities == "" {
		authorities = os.Getenv(caFileVariable)
	}
	if certificate == "" && key == "" { // they belong together: where one is given, the variable of the other is not asked
		certificate, key = os.Getenv(clientCertificateVariable), os.Getenv(clientKeyVariable)
	}
	if authorities == "" && certificate == "" && key == "" && !s.tls {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if authorities != "" {
		pem, err := os.ReadFile(authorities)
		if err != nil {
			return nil, &SettingError{"CA file", fmt.Sprintf("%s cannot be read: %v", authorities, bare(err))}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &SettingError{"CA file", authorities + " holds no PEM certificates"}
		}
	}
	if (certificate == "") != (key == "") {
		problem := fmt.Sprintf("give both the certificate and its key (%s and %s, for one)",
			clientCertificateVariable, clientKeyVariable)
		return nil, &SettingError{"client certificate", problem}
	}
	if certificate != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			problem := fmt.Sprintf("%s and the key %s cannot be used together: %v; both must be PEM, the key without a password",
				certificate, key, bare(err))
			return nil, &SettingError{"client certificate", problem}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// bare is what the system says, without the name of a file that the caller has said already.
func bare(err error) error {
	var ofPath *fs.PathError
	if errors.As(err, &ofPath) {
		return ofPath.Err
	}
	return err
}
