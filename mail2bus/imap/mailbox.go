package imap

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// A Mailbox is one on a server.
type Mailbox struct {
	Host, Address string // without and with the port
	TLS           string // "tls", "starttls", or "none"
	User, Name    string
}

func (m Mailbox) String() string { return m.User + "@" + m.Host + "/" + m.Name }

// Parse reads imaps://USER@HOST[:993]/MAILBOX, or imap+starttls://…, or imap://… without
// TLS, which is for this machine alone.
func Parse(text string) (m Mailbox, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return m, fmt.Errorf("%q is no URL such as imaps://bus@mail.example.org/INBOX", text)
	}
	port := "143"
	switch u.Scheme {
	case "imaps":
		m.TLS, port = "tls", "993"
	case "imap+starttls":
		m.TLS = "starttls"
	case "imap":
		m.TLS = "none"
	}
	m.Host, m.Name = u.Hostname(), strings.TrimPrefix(u.Path, "/")
	if u.User != nil {
		m.User = u.User.Username()
		if _, has := u.User.Password(); has {
			return m, fmt.Errorf("the address of %s has a password: put it into the file of [mail] imap_password", m.Host)
		}
	}
	if m.TLS == "" || m.Host == "" || m.User == "" || u.RawQuery != "" {
		return m, fmt.Errorf("%q is no URL such as imaps://bus@mail.example.org/INBOX", text)
	}
	if m.TLS == "none" {
		if a, err := netip.ParseAddr(m.Host); m.Host != "localhost" && (err != nil || !a.IsLoopback()) {
			return m, fmt.Errorf("%s: a password without TLS goes to this machine alone (imaps:// or imap+starttls://)", m.Host)
		}
	}
	if m.Name == "" {
		m.Name = "INBOX"
	}
	if u.Port() != "" {
		port = u.Port()
	}
	m.Address = net.JoinHostPort(m.Host, port)
	return m, nil
}

// toLF takes the line ends of the wire off: so the mail is the one that a Maildir would
// have.
func toLF(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
