package proof

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
	"busbar/common/translate"
)

// A look is a mail while it is judged: each term is looked for once.
type look struct {
	p     *Policy
	m     *mail.Message
	it    translate.Item[any]
	head  []field // as they came
	order []term
	found map[term]finding
}

// A finding is what became of a term. detail says what was seen, or what was not.
type finding struct {
	ok     bool
	detail string
	err    error // transient
}

// any reports whether one of the rules is fulfilled.
func (l *look) any(rules []rule) (proved bool, err error) {
	for _, r := range rules {
		all := true
		for _, t := range r {
			f := l.find(t)
			if f.err != nil {
				err = f.err
			}
			all = all && f.ok
		}
		if all {
			return true, nil
		}
	}
	if l.it.Recovered && !l.p.o.Imported {
		err = nil
	}
	return false, err
}

func (l *look) find(t term) finding {
	if f, ok := l.found[t]; ok {
		return f
	}
	if l.head == nil {
		l.head = fields(l.it.Raw)
	}
	var f finding
	switch t.kind {
	case "dkim":
		f = l.dkim(t.value)
	case "results":
		f = l.results(t.value)
	case "relay":
		f = l.relay(t.value)
	case "pgp":
		f = l.pgp(t.value)
	default:
		f = l.handed(t)
	}
	l.found[t] = f
	l.order = append(l.order, t)
	return f
}

// evidence is what was found, for the messages. It proves something only where the
// whole of a rule was.
func (l *look) evidence(proved bool) []event.Evidence {
	var list []event.Evidence
	for _, t := range l.order {
		f := l.found[t]
		e := event.Evidence{Type: t.kind, Verdict: "none", Detail: short(f.detail)}
		if f.ok && proved {
			e.Verdict = "pass"
		}
		list = append(list, e)
	}
	return list
}

func (l *look) String() string {
	var words []string
	for _, t := range l.order {
		f := l.found[t]
		word := "not found: "
		if f.ok {
			word = "found: "
		}
		words = append(words, word+t.String()+" ("+short(f.detail)+")")
	}
	return strings.Join(words, "; ")
}

// short keeps a detail, which may quote the mail, short: it travels in every message.
func short(s string) string {
	const most = 200
	s, _ = runes.Cut(strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "\uFFFD"), most)
	return s
}

// handed is who handed the mail over, as the channel saw it.
func (l *look) handed(t term) finding {
	seen := "it did not come so"
	for _, e := range l.it.Evidence {
		if e.Type != t.kind {
			continue
		}
		seen = e.Detail
		if peer(e.Detail, t.value) {
			return finding{ok: true, detail: e.Detail}
		}
	}
	return finding{detail: seen}
}

// peer reports whether who was seen, a user, "uid N" or an address, is the one of a
// policy: the same, or a network.
func peer(seen, want string) bool {
	if seen == want {
		return true
	}
	address, err := netip.ParseAddr(seen)
	if err != nil {
		return false
	}
	network, err := netip.ParsePrefix(want)
	return err == nil && network.Contains(address.Unmap())
}

// named reports whether a host or domain is the one of a policy, or fits its pattern
// "*.example.org".
func named(name, want string) bool {
	name, want = strings.TrimSuffix(strings.ToLower(name), "."), strings.ToLower(want)
	if strings.HasPrefix(want, "*.") {
		return strings.HasSuffix(name, want[1:]) && len(name) > len(want[1:])
	}
	return name == want
}

// A field is one of a header as it came, without the line end at its end.
type field struct{ name, raw string }

// fields reads the header. What stands before it, and lines that belong to no field, make the
// mail one that nothing proves: other programs would read it otherwise.
func fields(raw []byte) []field {
	list := []field{}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		text := strings.TrimSuffix(string(line), "\r")
		switch name, _, ok := strings.Cut(text, ":"); {
		case text == "":
			return list
		case text[0] == ' ' || text[0] == '\t':
			if len(list) == 0 {
				return []field{{"", text}}
			}
			list[len(list)-1].raw += "\r\n" + text
		case !ok || strings.ContainsAny(strings.TrimRight(name, " \t"), " \t"):
			return []field{{"", text}}
		default:
			list = append(list, field{strings.ToLower(strings.TrimRight(name, " \t")), text})
		}
	}
	return list
}

// value is what stands behind the colon, unfolded.
func (f field) value() string {
	_, v, _ := strings.Cut(f.raw, ":")
	return strings.TrimSpace(strings.ReplaceAll(v, "\r\n", ""))
}

// odd says why nothing in the header can be believed; empty: it can.
func (l *look) odd() string {
	from := 0
	for _, f := range l.head {
		switch f.name {
		case "":
			return fmt.Sprintf("its header has a line that is no field: %.60q", f.raw)
		case "from":
			from++
		}
	}
	if from != 1 {
		return fmt.Sprintf("it has %d From fields, not one", from)
	}
	return ""
}
