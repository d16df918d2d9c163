package debbugs

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"busbar/common/charset"
	"busbar/common/mail"
)

// MessageID is the identity of the mail, as CommentKey and its neighbours want
// it, in bytes. A mail without one has a digest.
func (e Entry) MessageID() string { return e.identity(e.head().Header) }

func (e Entry) identity(h mail.Header) string {
	return identity(h, func() string {
		if e.Sum != "" {
			return e.Sum
		}
		return TextSum(e.Body)
	})
}

// Arrived is when debbugs received the mail; zero if its trace field is gone
// and it has no date.
func (e Entry) Arrived() time.Time { return arrived(e.head().Header).time }

// withText is a mail whose text was decoded already and whose other parts are
// gone: what its header says of how it was encoded must not be believed.
func withText(h mail.Header, text string) *mail.Message {
	m := mail.Parse([]byte("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"+text), mail.Limits{})
	m.Header = h
	return m
}

// raw is the header's bytes.
func (e Entry) raw() []byte {
	if len(e.Header) > 0 {
		return e.Header
	}
	return []byte(strings.Join(e.Lines, "\n"))
}

// head is the entry's header as a mail without text. It is read once for all
// that is asked of an entry.
func (e Entry) head() *mail.Message {
	raw, _, _ := bytes.Cut(e.raw(), []byte("\n\n"))
	return mail.Parse(slices.Concat(raw, []byte("\n\n")), mail.Limits{})
}

// text is the entry's text. debbugs writes mails with commands into the log as
// UTF-8 and reads them by the charset that they declare: those in a single-byte
// one come encoded twice.
func (e Entry) text(head *mail.Message) string {
	return charset.Once(strings.ToLower(head.Body.Params["charset"]), e.Body)
}

// An address is where debbugs received a mail: "submit", "12-done".
type address struct {
	bug  int    // 0: none
	what string // submit, control, done, quiet, …; empty: the bug itself
}

// received is the address in the trace field that debbugs puts first, and the
// domain that it answers for.
func received(h mail.Header) (a address, domain string) {
	for _, v := range h.Values("Received") {
		at, rest, ok := strings.Cut(strings.TrimPrefix(v, "(at "), ") by ")
		if !ok || !strings.HasPrefix(v, "(at ") {
			continue
		}
		domain, _, _ = strings.Cut(rest, ";")
		local, _, _ := strings.Cut(at, "@")
		return parseAddress(local), strings.ToLower(strings.TrimSpace(domain))
	}
	return address{what: "?"}, "bugs.debian.org"
}

// parseAddress reads a local part as debbugs does (debbugs: scripts/receive).
func parseAddress(local string) address {
	local = strings.ToLower(strings.TrimSpace(local))
	number, what, dashed := strings.Cut(local, "-")
	a := address{bug: bugNumber(number), what: what}
	switch {
	case a.bug == 0:
		a.what = local
	case dashed && what == "submit":
		a.what = ""
	}
	switch a.what {
	case "close":
		a.what = "done"
	case "bugs":
		a.what = "submit"
	}
	return a
}

// addresses are all that the mail went to, the one that it is in the log for
// first: a log holds each mail once, also one that was sent to both control
// and the bug.
func addresses(h mail.Header) []address {
	first, domain := received(h)
	all := []address{first}
	// Without an id it is in the log for each address that it was sent to.
	if h.Has("Resent-To") || h.Has("Resent-From") || ownID(h) == "" { // the former: the addresses are of another journey
		return all
	}
	for _, to := range append(h.Addresses("To"), h.Addresses("Cc")...) {
		if local, at, _ := strings.Cut(to.Email, "@"); strings.EqualFold(at, domain) && len(all) < 20 {
			if a := parseAddress(local); !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}
