package setup

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// patience is how long the name servers may take.
const patience = 10 * time.Second

// Reach are the lines of [Service] that let a daemon reach a host: a name, or an
// address. The units let them reach this machine alone; for that nothing is needed.
func (m *Machine) Reach(host string) ([]string, error) {
	if host == "" || host == "localhost" {
		return nil, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.IsLoopback() {
			return nil, nil
		}
		return []string{"IPAddressAllow=" + a.WithZone("").String()}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("looking for the addresses of %s, which the unit must let the daemon reach: %w", host, err)
	}
	var all []string
	for _, a := range append(found, m.nameServers()...) {
		if text := a.Unmap().WithZone("").String(); !a.Unmap().IsLoopback() && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.Sort(all)
	return []string{"# " + host + ", and the name servers. Where they change: IPAddressAllow=any, in another file.", "IPAddressAllow=" + strings.Join(all, " ")}, nil
}

// Unreached says by which setting the unit keeps the daemon from a host; "": it does
// not, or nobody knows the host's addresses.
func (u *Unit) Unreached(host string) string {
	if !slices.Contains(u.Words("IPAddressDeny"), "any") {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(found) == 0 || slices.ContainsFunc(found, u.allows) {
		return ""
	}
	return fmt.Sprintf("lets the daemon reach none of its addresses (IPAddressDeny=any); allow them with IPAddressAllow=%s", found[0].Unmap())
}

// allows says whether the unit lets the daemon reach an address (systemd.resource-control(5)).
func (u *Unit) allows(a netip.Addr) bool {
	a = a.Unmap()
	return slices.ContainsFunc(u.Words("IPAddressAllow"), func(word string) bool {
		switch word {
		case "any":
			return true
		case "localhost":
			return a.IsLoopback()
		case "link-local":
			return a.IsLinkLocalUnicast()
		case "multicast":
			return a.IsMulticast()
		}
		if p, err := netip.ParsePrefix(word); err == nil {
			return p.Contains(a)
		}
		one, err := netip.ParseAddr(word)
		return err == nil && one == a
	})
}

// nameServers are those of resolv.conf(5).
func (m *Machine) nameServers() []netip.Addr {
	text, err := os.ReadFile(m.Path("/etc/resolv.conf"))
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(f[1]); err == nil {
			all = append(all, a)
		}
	}
	return all
}
