package guard

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// An Endpoint is one TCP address as people write it: tcp://HOST:PORT.
type Endpoint struct {
	Host string // a name, an address, or "" for every interface
	Port uint16 // 0 asks the system for a free port (to listen only)
}

// ParseEndpoint reads tcp://HOST:PORT. The host may be *, a name, an IPv4
// address or an IPv6 address in brackets; the port may be * or 0 (any free
// port). Whether a * makes sense is for Listen and Dial to say.
func ParseEndpoint(s string) (Endpoint, error) {
	rest, ok := strings.CutPrefix(s, "tcp://")
	if !ok {
		return Endpoint{}, fmt.Errorf("endpoint %q: want tcp://HOST:PORT", s)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		return Endpoint{}, fmt.Errorf("endpoint %q: want tcp://HOST:PORT, with an IPv6 address in brackets: %w", s, err)
	}
	if strings.ContainsAny(host, "/;, \t\r\n\x00") {
		return Endpoint{}, fmt.Errorf("endpoint %q: the host has a character that no host has", s)
	}
	if host == "*" {
		host = ""
	}
	if port == "*" {
		port = "0"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Endpoint{}, fmt.Errorf("endpoint %q: the port is a number from 0 to 65535, or *", s)
	}
	return Endpoint{Host: host, Port: uint16(n)}, nil
}

// String gives the endpoint as people write it.
func (e Endpoint) String() string {
	if e.Host == "" {
		return fmt.Sprintf("tcp://*:%d", e.Port)
	}
	return "tcp://" + e.address()
}

func (e Endpoint) address() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}
