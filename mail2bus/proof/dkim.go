package proof

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"github.com/emersion/go-msgauth/dkim"
)

// maxSignatures are looked at, each of which asks the DNS.
const maxSignatures = 5

// counted are the fields of which a signature must cover each one that is there:
// what readers show, what says how the text is read, and what ids are made of.
// Fields "X-…" are seldom covered, and are changed or added by whoever passes a
// genuine mail on: policies for mails that are told by these ask for a relay, too.
var counted = []string{
	"from", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references",
	"mime-version", "content-type", "content-transfer-encoding",
}

// dkim looks for a valid signature of a domain.
func (l *look) dkim(domain string) (f finding) {
	if why := l.odd(); why != "" {
		return finding{detail: why}
	}
	defer func() {
		if v := recover(); v != nil {
			f = finding{detail: fmt.Sprintf("it cannot be verified: %v", v)}
		}
	}()
	var away error
	options := &dkim.VerifyOptions{MaxVerifications: maxSignatures, LookupTXT: func(name string) ([]string, error) {
		_, of, _ := strings.Cut(strings.ToLower(name), "._domainkey.")
		if !named(of, domain) {
			return nil, errors.New("not asked for")
		}
		records, err := l.p.o.Keys(name)
		if t := (*Temporary)(nil); errors.As(err, &t) {
			away = err // one of several goroutines' is as good as another's
		}
		for _, r := range records {
			if onlyTests(r) {
				return nil, errors.New("the domain only tests this key")
			}
		}
		return records, err
	}}
	results, err := dkim.VerifyWithOptions(bytes.NewReader(crlf(l.it.Raw)), serial(options))
	detail := domain + " has not signed it"
	if err != nil && !errors.Is(err, dkim.ErrTooManySignatures) {
		detail = err.Error()
	}
	for _, r := range results {
		if !named(r.Domain, domain) {
			continue
		}
		switch bare := l.uncovered(r.HeaderKeys); {
		case r.Err != nil:
			detail = r.Domain + ": " + strings.TrimPrefix(r.Err.Error(), "dkim: ")
		case bare != "":
			detail = fmt.Sprintf("%s: its signature does not cover %s", r.Domain, bare)
		default:
			return finding{ok: true, detail: r.Domain}
		}
	}
	return finding{detail: detail, err: away}
}

// serial has look-ups come one at a time: the library verifies side by side.
func serial(o *dkim.VerifyOptions) *dkim.VerifyOptions {
	lookup, turn := o.LookupTXT, make(chan struct{}, 1)
	o.LookupTXT = func(name string) ([]string, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		return lookup(name)
	}
	return o
}

// onlyTests reports whether a key is marked so (RFC 6376 §3.6.1, t=y): then a mail
// counts as unsigned.
func onlyTests(record string) bool {
	for _, tag := range strings.Split(record, ";") {
		name, value, _ := strings.Cut(tag, "=")
		if strings.TrimSpace(name) != "t" {
			continue
		}
		for _, flag := range strings.Split(value, ":") {
			if strings.TrimSpace(flag) == "y" {
				return true
			}
		}
	}
	return false
}

// uncovered names a field that counts, and of which one more is there than is signed;
// empty: there is none.
func (l *look) uncovered(keys []string) string {
	for _, name := range counted {
		n := 0
		for _, f := range l.head {
			if f.name == name {
				n++
			}
		}
		for _, k := range keys {
			if strings.EqualFold(k, name) {
				n--
			}
		}
		if n > 0 {
			return name
		}
	}
	return ""
}

// crlf gives a mail the line ends that it was signed with.
func crlf(raw []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// results looks for what the named host found (RFC 8601). Whoever can send mail can
// put such a field into it, and hosts do not always take those out. So there must be
// one alone of that host, and no more than one trace above it.
func (l *look) results(domain string) finding {
	if why := l.odd(); why != "" {
		return finding{detail: why}
	}
	traces, seen := 0, 0
	f := finding{detail: l.p.o.ResultsOf + " says nothing"}
	for _, h := range l.head {
		switch h.name {
		case "received":
			traces++
		case "authentication-results":
			id, list, err := authres.Parse(h.value())
			if !strings.EqualFold(strings.TrimSpace(id), l.p.o.ResultsOf) {
				continue
			}
			seen++
			f.detail = l.p.o.ResultsOf + " found no signature of " + domain
			for _, r := range list {
				if d, ok := r.(*authres.DKIMResult); ok && err == nil && d.Value == authres.ResultPass && named(d.Domain, domain) {
					f.ok, f.detail = true, l.p.o.ResultsOf+": "+d.Domain
				}
			}
			if traces > 1 {
				f.ok, f.detail = false, "what looks like "+l.p.o.ResultsOf+"'s stands below older traces"
			}
		}
	}
	if seen > 1 {
		return finding{detail: fmt.Sprintf("%d fields look like %s's, and one alone can be", seen, l.p.o.ResultsOf)}
	}
	return f
}
