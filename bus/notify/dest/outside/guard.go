package outside

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"busbar/bus/notify/dest"
)

// ErrInside says that an address is not one of the public network.
var ErrInside = errors.New("the address is not one of the public network, and requests that people ask for go nowhere else (an administrator may allow it: [notify.outside] allow)")

// A Guard says where requests may go that people asked for. Its zero value lets them
// go to the public network alone.
type Guard struct{ allow []netip.Prefix }

// inside are the networks that are not public: IANA's special-purpose registries
// (RFC 6890 and its successors), and what clouds serve their machines' secrets from.
// In IPv6 all is refused that is not global unicast; these are the exceptions in it.
var inside = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's own, although it is public
	"2001::/23",        // Teredo and the like
	"2001:db8::/32",
	"2002::/16", // 6to4: any address of IPv4 within
	"3fff::/20",
)

var (
	global = netip.MustParsePrefix("2000::/3")
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last 32 bits are of IPv4
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// NewGuard is a guard with exceptions: networks such as 192.168.7.0/24, or single
// addresses.
func NewGuard(allow []string) (Guard, error) {
	var g Guard
	for _, text := range allow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			var a netip.Addr
			if a, err = netip.ParseAddr(text); err == nil {
				p = netip.PrefixFrom(a, a.BitLen())
			}
		}
		if err != nil {
			return Guard{}, fmt.Errorf("checking [notify.outside] allow: %q is neither a network such as 192.168.7.0/24 nor an address", text)
		}
		g.allow = append(g.allow, p.Masked())
	}
	return g, nil
}

func holds(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Address says whether a connection may be made to an address.
func (g Guard) Address(a netip.Addr) error {
	if a.Zone() != "" {
		return ErrInside // of one link alone
	}
	a = a.Unmap()
	if holds(g.allow, a) {
		return nil
	}
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsValid() || holds(inside, a) || a.Is6() && !global.Contains(a) {
		return ErrInside
	}
	return nil
}

// control is for net.Dialer: it is called with each address that a name has, right
// before a connection is made to it. So a name that means something else a moment
// later gets nobody in.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("connecting to %s: it is no address: %w", address, ErrInside)
	}
	if err := g.Address(a.Addr()); err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	return nil
}

const mostURL = 2048 // bytes

// URL checks an address of the web that a person wrote, and asks nobody: https, or
// http within what is allowed; no user, no password, a port that the web uses.
func (g Guard) URL(text string) (*url.URL, error) {
	if len(text) > mostURL {
		return nil, fmt.Errorf("the address has %d bytes, and %d are most", len(text), mostURL)
	}
	if !dest.Web(text) {
		return nil, errors.New("it is no address such as https://example.org/path, without user and password")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("it is no address of the web")
	}
	host := u.Hostname()
	a, err := netip.ParseAddr(host)
	literal := err == nil
	if literal {
		if err := g.Address(a); err != nil {
			return nil, err
		}
	}
	switch name := strings.TrimSuffix(strings.ToLower(host), "."); {
	case u.Scheme != "https" && !(literal && holds(g.allow, a.Unmap())):
		return nil, errors.New("it does not begin with https://")
	case name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost"):
		return nil, ErrInside
	case u.Fragment != "":
		return nil, errors.New("it has a # in it")
	}
	if text := u.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil || port != 80 && port != 443 && port < 1024 || port > 65535 {
			return nil, fmt.Errorf("port %s is none of the web (443, 80, or 1024 and above)", text)
		}
	}
	return u, nil
}

// host is whom a request goes to, for people.
func host(u *url.URL) string { return net.JoinHostPort(u.Hostname(), u.Port()) }
