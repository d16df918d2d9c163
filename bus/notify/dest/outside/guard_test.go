package outside

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestAddresses(t *testing.T) {
	var strict Guard
	for text, fine := range map[string]bool{
		"130.89.148.14": true, "8.8.8.8": true, "1.1.1.1": true, "172.15.255.255": true, "172.32.0.1": true, "100.63.255.255": true, "100.128.0.1": true,
		"11.0.0.1": true, "9.255.255.255": true, "192.167.1.1": true, "192.169.0.1": true, "198.17.0.1": true, "198.20.0.1": true, "223.255.255.255": true,
		"2a00:1450::1": true, "2606:4700::1111": true, "2003::1": true, "64:ff9b::808:808": true, "::ffff:8.8.8.8": true,

		"0.0.0.0": false, "0.1.2.3": false, "127.0.0.1": false, "127.255.255.255": false, "10.0.0.1": false, "10.255.255.255": false, "172.16.0.1": false,
		"172.31.255.255": false, "192.168.0.1": false, "169.254.169.254": false, "169.254.0.1": false, "100.64.0.1": false, "100.100.100.200": false, "100.127.255.255": false,
		"192.0.0.192": false, "192.0.2.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.1": false, "203.0.113.9": false, "224.0.0.1": false,
		"239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false, "168.63.129.16": false, "192.88.99.1": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false, "2002:a00:1::1": false, "3fff::1": false, "5f00::1": false,
		"fc00::1": false, "fd00:ec2::254": false, "fe80::1": false, "fe80::1%eth0": false, "2a00:1450::1%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		if err := strict.Address(netip.MustParseAddr(text)); (err == nil) != fine || err != nil && !errors.Is(err, ErrInside) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if strict.Address(netip.Addr{}) == nil {
		t.Error("no address is one of the public network")
	}
	some, err := NewGuard([]string{"192.168.7.9/24", "127.0.0.1", "fd00:7::/32"})
	if err != nil {
		t.Fatal(err)
	}
	for text, fine := range map[string]bool{
		"192.168.7.1": true, "192.168.8.1": false, "127.0.0.1": true, "127.0.0.2": false, "::ffff:127.0.0.1": true, "fd00:7::1": true, "fd00:8::1": false,
		"64:ff9b::7f00:1": false, "fd00:7::1%eth0": false,
	} {
		if err := some.Address(netip.MustParseAddr(text)); (err == nil) != fine {
			t.Errorf("with exceptions, %s: %v", text, err)
		}
	}
	for _, wrong := range []string{"", "lan", "10.0.0.0/33", "example.org"} {
		if _, err := NewGuard([]string{wrong}); err == nil || !strings.Contains(err.Error(), "[notify.outside] allow") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestURLs(t *testing.T) {
	g, err := NewGuard([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for text, fine := range map[string]bool{
		"https://example.org/hook?x=1": true, "https://example.org:8443/": true, "https://8.8.8.8/": true, "https://[2a00:1450::1]:443/": true, "http://127.0.0.1:8080/x": true,
		"https://127.0.0.1:8080/x": true, "https://EXAMPLE.org": true,

		"": false, "example.org": false, "http://example.org/": false, "ftp://example.org/": false, "file:///etc/passwd": false, "gopher://example.org/": false, "https://": false,
		"https://user@example.org/": false, "https://user:pw@example.org/": false, "https://example.org/#x": false, "https://example.org:25/": false, "https://example.org:0/": false,
		"https://example.org:22/": false, "https://example.org:70000/": false, "https://localhost/": false, "https://LOCALHOST.:8443/": false, "https://a.localhost/": false,
		"https://127.0.0.2/": false, "https://10.0.0.1/": false, "https://[::1]/": false, "https://169.254.169.254/latest/meta-data/": false, "https://[::ffff:10.0.0.1]/": false,
		"https://[fe80::1%25eth0]/": false, "https://exa mple.org/": false, "https://example.org/\r\nX: y": false, "https://example.org\\@127.0.0.1/": false, "javascript:alert(1)": false,
		"https://example.org/" + strings.Repeat("x", mostURL): false,
	} {
		if _, err := g.URL(text); (err == nil) != fine {
			t.Errorf("%.80q: %v", text, err)
		}
	}
}
