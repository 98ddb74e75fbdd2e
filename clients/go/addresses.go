package lotkeeper

import (
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const defaultPort = "50051"

var (
	hostForm   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	schemeForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://`)
	targetForm = regexp.MustCompile(`^(dns:///|dns:|ipv4:|ipv6:)(.)`)
)

// address is where a server is.
type address struct {
	text   string // HOST:PORT, an IPv6 host in brackets; of a socket file what was given
	host   string // without brackets; empty for a socket file
	socket bool
}

// isLiteral is whether the host is an IP address.
func (a address) isLiteral() bool {
	_, err := netip.ParseAddr(a.host)
	return err == nil
}

// isOnThisMachine is whether it is loopback, by number or as localhost, or a socket file. Names below localhost are not:
// Go asks the DNS for them, which may say anything.
func (a address) isOnThisMachine() bool {
	name := strings.ToLower(strings.TrimSuffix(a.host, "."))
	if a.socket || name == "localhost" {
		return true
	}
	number, err := netip.ParseAddr(a.host)
	return err == nil && number.Unmap().IsLoopback()
}

// addressesOf are the addresses in a text, separated by commas; each once, in order.
func addressesOf(given string) ([]address, error) {
	var found []address
	for _, word := range strings.Split(given, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		one, err := addressOf(word)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	if len(found) == 0 {
		return nil, &SettingError{"address", "it is empty: give HOST:PORT"}
	}
	if len(found) > 1 && slices.ContainsFunc(found, func(one address) bool { return one.socket }) {
		return nil, &SettingError{"address", "a socket file cannot stand beside other addresses"}
	}
	return found, nil
}

func addressOf(word string) (address, error) {
	if strings.HasPrefix(word, "unix:") || strings.HasPrefix(word, "unix-abstract:") {
		return address{text: word, socket: true}, nil
	}
	text := targetForm.ReplaceAllString(word, "$2")
	shown := withoutSecrets(word)
	if scheme := schemeForm.FindStringSubmatch(text); scheme != nil {
		problem := shown + " begins with " + scheme[1] + "://, which no address has: give HOST:PORT; " +
			"TLS is asked for beside it (WithTLS, WithCAFile)"
		return address{}, &SettingError{"address", problem}
	}
	host, port := text, defaultPort
	if strings.HasPrefix(text, "[") {
		inner, rest, closed := strings.Cut(text[1:], "]")
		number, err := netip.ParseAddr(inner)
		if !closed || err != nil || !number.Is6() || rest != "" && rest[0] != ':' {
			return address{}, notAnAddress(shown, "an IPv6 address is written [::1]:"+defaultPort)
		}
		host = inner
		if rest != "" {
			port = rest[1:]
		}
	} else if before, after, found := strings.Cut(text, ":"); found {
		if strings.Contains(after, ":") {
			return address{}, notAnAddress(shown, "an IPv6 address stands in brackets, [::1]:"+defaultPort)
		}
		host, port = before, after
	}
	if !strings.HasPrefix(text, "[") && !hostForm.MatchString(host) {
		return address{}, notAnAddress(shown, "give HOST:PORT")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return address{}, notAnAddress(shown, "its port is not a number from 1 to 65535")
	}
	return address{text: net.JoinHostPort(host, strconv.FormatUint(number, 10)), host: host}, nil
}

func notAnAddress(shown, why string) *SettingError {
	return &SettingError{"address", shown + " is not an address: " + why}
}
