package proof

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pgp"
	"busbar/common/translate"
)

// Options say what is asked for, and where it is looked up.
type Options struct {
	// Require has, for the beginning of a topic ("debbugs", "dak.package"; "*" for all),
	// what must be found: one entry of the list, of which all terms that "and" joins.
	Require map[string][]string
	// Keys looks up a TXT record. A [Temporary] error is none of the mail's: it
	// is tried again.
	Keys func(name string) ([]string, error)
	// ResultsOf and ReceivedBy are hosts whose header fields are believed.
	ResultsOf, ReceivedBy string
	// Keyrings are files with OpenPGP keys, by the name that a term calls them.
	Keyrings map[string]string
	// Mark says that what falls short is published, with the evidence against it;
	// else it is kept as poison.
	Mark bool
	// Imported says that imported mails must be proved, too, though keys may have
	// changed since.
	Imported bool
}

// A Policy judges mails. It may be used by several goroutines.
type Policy struct {
	o     Options
	rules map[string][]rule // by the beginning of a topic
	rings map[string]openpgp.EntityList
	*counts
}

// A rule is one way to prove a topic: all of its terms.
type rule []term

type term struct{ kind, value string }

func (t term) String() string { return t.kind + ":" + t.value }

func (r rule) String() string {
	words := make([]string, len(r))
	for i, t := range r {
		words[i] = t.String()
	}
	return strings.Join(words, " and ")
}

// checks are the kinds of terms.
var kinds = []string{"dkim", "results", "relay", "pgp", "lmtp", "pipe"}

// New reads a policy. An error names what a person must correct.
func New(o Options) (*Policy, error) {
	p := &Policy{o: o, rules: map[string][]rule{}, rings: map[string]openpgp.EntityList{}}
	for _, topic := range slices.Sorted(maps.Keys(o.Require)) {
		if len(o.Require[topic]) == 0 {
			return nil, fmt.Errorf("checking [mail.require] %q: the list is empty, so that nothing could ever prove it", topic)
		}
		for _, text := range o.Require[topic] {
			r, err := p.parse(text)
			if err != nil {
				return nil, fmt.Errorf("checking [mail.require] %q: %w", topic, err)
			}
			p.rules[topic] = append(p.rules[topic], r)
		}
	}
	for name, file := range o.Keyrings {
		keys, err := pgp.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the keyring %s: %w", name, err)
		}
		p.rings[name] = keys
	}
	p.counts = newCounts(p.rules)
	return p, nil
}

func (p *Policy) parse(text string) (r rule, err error) {
	for _, word := range strings.Split(text, " and ") {
		kind, value, ok := strings.Cut(strings.TrimSpace(word), ":")
		t := term{kind, strings.TrimSpace(value)}
		switch {
		case !ok || t.value == "" || !slices.Contains(kinds, kind):
			return nil, fmt.Errorf("%q is none of %s, each with a value, such as dkim:bugs.debian.org", word, strings.Join(kinds, ", "))
		case kind == "results" && p.o.ResultsOf == "":
			return nil, errors.New("results are asked for, and [mail] results_of does not say whose")
		case kind == "relay" && p.o.ReceivedBy == "":
			return nil, errors.New("relays are asked for, and [mail] received_by does not say by whom they are seen")
		case kind == "pgp" && p.o.Keyrings[t.value] == "":
			return nil, fmt.Errorf("the keyring %q is not in [mail.keyrings]", t.value)
		}
		if kind != "pgp" && strings.ContainsAny(t.value, " \t\r\n") { // such as "And" between two
			return nil, fmt.Errorf("%q has blanks in its value (terms are joined by \" and \")", word)
		}
		if kind == "dkim" || kind == "results" {
			t.value = strings.ToLower(t.value)
		}
		r = append(r, t)
	}
	return r, nil
}

// of are the rules for a topic without the bus's prefix: those of the longest
// beginning that the policy names; none: nothing is asked for.
func (p *Policy) of(topic string) (rules []rule, asked bool) {
	for t := topic; ; {
		if rules, asked = p.rules[t]; asked {
			return rules, true
		}
		i := strings.LastIndexByte(t, '.')
		if i < 0 {
			break
		}
		t = t[:i]
	}
	rules, asked = p.rules["*"]
	return rules, asked
}

// Judge looks for what the topics of an item's events need, and adds what it found to
// the evidence. Where that falls short the item is poison, or marked. An error
// is transient.
func (p *Policy) Judge(it translate.Item[any], out translate.Outcome) (translate.Item[any], translate.Outcome, error) {
	m, ok := it.Value.(*mail.Message)
	if !ok {
		return it, out, nil
	}
	l := &look{p: p, m: m, it: it, found: map[term]finding{}}
	// Who handed it over is told to subscribers only where a rule asks for it.
	it.Evidence = slices.DeleteFunc(slices.Clone(it.Evidence), func(e event.Evidence) bool { return e.Type == "lmtp" || e.Type == "pipe" })
	if len(out.Events) == 0 {
		return it, out, nil
	}
	asked, short := false, ""
	for _, e := range out.Events {
		rules, ok := p.of(e.Kind.Topic)
		if !ok {
			continue
		}
		asked = true
		proved, err := l.any(rules)
		if err != nil {
			p.became(Undecided, l)
			return it, out, err
		}
		if !proved && short == "" {
			short = fmt.Sprintf("%s needs %s", e.Kind.Topic, join(rules))
		}
	}
	if !asked {
		return it, out, nil
	}
	it.Evidence = append(it.Evidence, l.evidence(short == "")...)
	switch {
	case short == "":
		p.became(Proved, l)
	case it.Recovered && !p.o.Imported:
		p.became(Believed, l)
	case p.o.Mark:
		p.became(Marked, l)
		it.Evidence = append(it.Evidence, event.Evidence{Type: "policy", Verdict: "fail", Detail: short})
	default:
		p.became(Kept, l)
		out.Events, out.Poison = nil, "unproved: "+short+"; "+l.String()
	}
	return it, out, nil
}

func join(rules []rule) string {
	words := make([]string, len(rules))
	for i, r := range rules {
		words[i] = r.String()
	}
	return strings.Join(words, ", or ")
}

// A Temporary error says nothing of a mail.
type Temporary struct{ Err error }

func (t *Temporary) Error() string { return t.Err.Error() }

// Unwrap gives the cause.
func (t *Temporary) Unwrap() error { return t.Err }
