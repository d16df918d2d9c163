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
func (e Entry) MessageID() string {
	return identity(e.header(), func() string {
		if e.Sum != "" {
			return e.Sum
		}
		return TextSum(e.Body)
	})
}

// Arrived is when debbugs received the mail; zero if its trace field is gone
// and it has no date.
func (e Entry) Arrived() time.Time { return arrived(e.mail("").Header).time }

// mail is the entry as the mail that it was. Its text is decoded already and
// the other parts are gone, so the fields that say how it was encoded must not
// be believed.
func (e Entry) mail(body string) *mail.Message {
	var b bytes.Buffer
	b.WriteString("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n")
	skip := false
	for l := range bytes.Lines(e.raw()) {
		l = bytes.TrimRight(l, "\r\n")
		if len(bytes.TrimSpace(l)) == 0 {
			break
		}
		if l[0] != ' ' && l[0] != '\t' {
			name, _, _ := bytes.Cut(l, []byte(":"))
			skip = len(name) > 8 && strings.EqualFold(string(name[:8]), "content-")
		}
		if !skip {
			b.Write(l)
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
	b.WriteString(body)
	return mail.Parse(b.Bytes(), mail.Limits{})
}

// raw is the header's bytes.
func (e Entry) raw() []byte {
	if len(e.Header) > 0 {
		return e.Header
	}
	return []byte(strings.Join(e.Lines, "\n"))
}

// alone is the entry's header with all of its fields, and no text.
func (e Entry) alone() *mail.Message {
	raw, _, _ := bytes.Cut(e.raw(), []byte("\n\n"))
	return mail.Parse(slices.Concat(raw, []byte("\n\n")), mail.Limits{})
}

// header is all fields.
func (e Entry) header() mail.Header { return e.alone().Header }

// charset is what the header says of the text before it was decoded.
func (e Entry) charset() string { return strings.ToLower(e.alone().Body.Params["charset"]) }

// text is the entry's text. debbugs writes mails with commands into the log as
// UTF-8 and reads them by the charset that they declare: those in a single-byte
// one come encoded twice.
func (e Entry) text() string { return charset.Once(e.charset(), e.Body) }

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
