package web

import (
	"html/template"
	"io/fs"
	"maps"
	"net/netip"
)

// Static is a file that all pages of bus share: style.css, icon.svg.
func Static(name string) ([]byte, error) { return fs.ReadFile(files, "static/"+name) }

// Functions are those of templates, for pages that other packages serve.
func Functions() template.FuncMap { return maps.Clone(functions) }

// PeerName names who asks, by the address that a connection is from: of IPv6 its network of
// 64 bits.
func PeerName(host string) string {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if p, err := address.Prefix(64); err == nil {
			return p.String()
		}
	}
	return address.String()
}
