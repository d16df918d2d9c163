package proof

import (
	"fmt"
	"net/netip"
	"strings"

	"busbar/common/pattern"
)

// A trace is from whom a host took a mail, as it wrote it down (RFC 5321 §4.4). What
// the other side says of itself (HELO) stands elsewhere in each of these forms.
//
//	from HELO (NAME [ADDRESS])              Postfix, Sendmail; NAME is "unknown" where the DNS does not agree
//	from NAME ([ADDRESS] helo=HELO)         Exim, with or without :PORT
//	from [ADDRESS] (port=N helo=HELO)       Exim, without a name
var (
	postfix = pattern.New(`^from [^\s()]+ \(([^\s()\[\]]+) \[(?:IPv6:)?([0-9a-fA-F.:]+)\]\)`)
	exim    = pattern.New(`^from ([^\s()\[\]]+) \(\[([0-9a-fA-F.:]+)\](?::\d+)?(?: [^()]*)?\)`)
	bare    = pattern.New(`^from \[([0-9a-fA-F.:]+)\](?::\d+)? \(`)
	byHost  = pattern.New(`\sby ([^\s()\[\];]+)`)
)

// relay looks at the newest trace, which the named host must have written.
func (l *look) relay(want string) finding {
	for _, h := range l.head {
		if h.name == "" {
			return finding{detail: l.odd()}
		}
		if h.name != "received" {
			continue
		}
		text := strings.Join(strings.Fields(h.value()), " ")
		name, address := "", ""
		switch {
		case postfix.MatchString(text):
			m := postfix.FindStringSubmatch(text)
			name, address = m[1], m[2]
		case exim.MatchString(text):
			m := exim.FindStringSubmatch(text)
			name, address = m[1], m[2]
		case bare.MatchString(text):
			address = bare.FindStringSubmatch(text)[1]
		default:
			return finding{detail: fmt.Sprintf("its newest trace is in no known form: %.80q", text)}
		}
		// The first "by" may stand within what the other side said of itself: the host's
		// own is the last.
		by := byHost.FindAllStringSubmatch(text, -1)
		if len(by) != 1 || !strings.EqualFold(by[0][1], l.p.o.ReceivedBy) {
			return finding{detail: "its newest trace is not of " + l.p.o.ReceivedBy}
		}
		seen := strings.TrimSpace(name + " [" + address + "]")
		if name != "" && !strings.EqualFold(name, "unknown") && named(name, want) {
			return finding{ok: true, detail: seen}
		}
		if network, err := netip.ParsePrefix(want); err == nil {
			if a, err := netip.ParseAddr(address); err == nil && network.Contains(a.Unmap()) {
				return finding{ok: true, detail: seen}
			}
		}
		if want == address {
			return finding{ok: true, detail: seen}
		}
		return finding{detail: "it came from " + seen}
	}
	return finding{detail: "it has no trace"}
}
