package survey

import (
	"slices"
	"strings"

	"busbar/common/discovery"
	"busbar/common/program"
)

// A voice is a speaker at an endpoint.
type voice struct {
	at int // of the endpoints
	Speaker
}

// lies says, by endpoint, who speaks in a name or with a certificate that is another's.
// The same publisher with the same certificate at several endpoints is none: a hub
// says again what others said.
func (r *Report) lies() map[int][]program.Finding {
	names, certificates := map[string][]voice{}, map[string][]voice{}
	for i, e := range r.Endpoints {
		for _, s := range e.Speakers {
			if s.Publisher == "" || s.Certificate == "" || s.Silent(r.Time) {
				continue
			}
			v := voice{i, s}
			names[s.Publisher] = append(names[s.Publisher], v)
			certificates[s.Certificate] = append(certificates[s.Certificate], v)
		}
	}
	found := map[int][]program.Finding{}
	add := func(v voice, f program.Finding) { found[v.at] = append(found[v.at], f) }
	for name, voices := range names {
		r.ofName(name, voices, add)
	}
	for certificate, voices := range certificates {
		r.ofCertificate(certificate, voices, add)
	}
	for _, list := range found {
		slices.SortFunc(list, func(a, b program.Finding) int { return strings.Compare(a.Detail, b.Detail) })
	}
	return found
}

// ofName judges who speaks in one name.
func (r *Report) ofName(name string, voices []voice, add func(voice, program.Finding)) {
	owner, ok := r.owner(name, voices)
	for _, v := range voices {
		i := slices.IndexFunc(voices, func(o voice) bool { return o.Certificate != v.Certificate })
		switch {
		case i < 0 && r.twice(v, voices):
			add(v, fail("two publishers are called %s, with the same certificate (give one of them another [bus] name)", name))
		case i < 0:
		case !ok:
			add(v, fail("two certificates use the name %s: %s here, and %s at %s (one of them says another's name: give it another [bus] name, or revoke its certificate)",
				name, v.Certificate, voices[i].Certificate, r.Endpoints[voices[i].at].Address))
		case v.Certificate != owner.Certificate:
			add(v, fail("%s says the name %s, which belongs to %s at %s (give it another [bus] name, or revoke its certificate)",
				v.Certificate, name, owner.Certificate, r.Endpoints[owner.at].Address))
		}
	}
}

// twice says that a publisher speaks at another endpoint in another sequence, now.
func (r *Report) twice(v voice, voices []voice) bool {
	alive := func(s Speaker) bool { return !s.Heartbeat.IsZero() && !s.Silent(r.Time) }
	return alive(v.Speaker) && slices.ContainsFunc(voices, func(o voice) bool {
		return o.at != v.at && o.Epoch != v.Epoch && alive(o.Speaker)
	})
}

// owner is whose name it is: of the one certificate that speaks where discovery has
// the name; else of the one that is called so.
func (r *Report) owner(name string, voices []voice) (voice, bool) {
	for _, fits := range []func(voice) bool{
		func(v voice) bool { return r.Endpoints[v.at].Name == name },
		func(v voice) bool { return belongs(v.Certificate, name) },
	} {
		var owners []voice
		for _, v := range voices {
			if fits(v) && !slices.ContainsFunc(owners, func(o voice) bool { return o.Certificate == v.Certificate }) {
				owners = append(owners, v)
			}
		}
		if len(owners) == 1 {
			return owners[0], true
		}
	}
	return voice{}, false
}

// belongs says that a certificate has the name of a publisher by custom:
// mail2bus-lists.example.org of mail2bus.lists.
func belongs(certificate, publisher string) bool {
	custom := strings.ReplaceAll(publisher, ".", "-")
	return certificate == publisher || certificate == custom || strings.HasPrefix(certificate, custom+".")
}

// ofCertificate judges who signs with one certificate.
func (r *Report) ofCertificate(certificate string, voices []voice, add func(voice, program.Finding)) {
	owner := slices.IndexFunc(voices, func(v voice) bool { return belongs(certificate, v.Publisher) })
	for _, v := range voices {
		i := slices.IndexFunc(voices, func(o voice) bool { return o.Publisher != v.Publisher })
		switch {
		case i < 0:
		case owner >= 0 && voices[owner].Publisher != v.Publisher:
			add(v, fail("%s signs with the certificate %s of %s (issue one of its own: bus keys issue; if it should not have that, revoke it)", v.Publisher, certificate, voices[owner].Publisher))
		case owner < 0:
			add(v, warn("%s and %s sign with the one certificate %s (issue one for each: bus keys issue)", v.Publisher, voices[i].Publisher, certificate))
		}
	}
}

// misplaced says that another publisher answers at an address than discovery has
// there. A hub, where several speak, or one who speaks elsewhere, too, may be called
// what it likes.
func (r *Report) misplaced(e *Endpoint) (program.Finding, bool) {
	if e.Name == "" || r.isDomain(e.Name) || len(e.Speakers) != 1 || e.Speakers[0].Publisher == "" || e.Speakers[0].Publisher == e.Name {
		return program.Finding{}, false
	}
	for _, o := range r.Endpoints {
		if o.Address != e.Address && slices.ContainsFunc(o.Speakers, e.Speakers[0].same) {
			return program.Finding{}, false
		}
	}
	for _, o := range r.Endpoints {
		if o.Address != e.Address && slices.ContainsFunc(o.Speakers, func(s Speaker) bool { return s.Publisher == e.Name }) {
			return fail("%s answers at an address that discovery gives to %s, who speaks at %s (correct the list)", e.Speakers[0].Publisher, e.Name, o.Address), true
		}
	}
	return warn("discovery gives this address to %s, and %s answers (call it so in the list)", e.Name, e.Speakers[0].Publisher), true
}

// same says that both are one publisher in one sequence.
func (s Speaker) same(o Speaker) bool {
	return s.Publisher == o.Publisher && s.Epoch == o.Epoch && s.Certificate == o.Certificate
}

// isDomain says that a name is that of a domain in which publishers are looked for.
func (r *Report) isDomain(name string) bool {
	return slices.ContainsFunc(r.Sources, func(s discovery.Status) bool { return s.Source == "srv:"+name })
}
