package dak

import (
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
	"busbar/common/runes"
)

// The subjects of a rejection: "… REJECTED", until 2012 also "… REJECTED from
// proposed-updates", and "… UNACCEPT" of what had been accepted before.
var rejection = pattern.New(`^(\S+\.changes) (?:(REJECTED)(?: from (\S{1,100}))?|UNACCEPT)$`)

func rejects(l letter) bool {
	return rejection.MatchString(l.subject) || l.action == "reject" || l.Header.Has("X-DAK-Rejection")
}

// rejected tells why an upload was rejected: what stands before the line "===".
func rejected(l letter) ([]event.Event, error) {
	file := ""
	r := Rejected{Reasons: []string{}}
	m := rejection.FindStringSubmatch(whole(l.Header, "Subject"))
	if m != nil {
		file, r.Queue, r.Accepted = m[1], m[3], m[2] == ""
	}
	ref, err := l.reference(file)
	if err != nil {
		return nil, err
	}
	r.Reference = ref
	text, _, whole := strings.Cut("\n"+l.text, "\n===\n")
	if !whole {
		return nil, cutError("it stops in the reasons: the line \"===\" is missing")
	}
	r.Text, r.Truncated = runes.Cut(strings.Trim(text, "\n"), maxText)
	by := l.Header.Address("From")
	r.Automatic = !strings.EqualFold(l.Header.Get("X-DAK-Rejection"), "manual") && r.Queue == ""
	if r.Automatic {
		var more bool
		r.Reasons, more = paragraphs(strings.ReplaceAll(text, "\nRejected: ", "\n\n")) // until 2009
		r.Truncated = r.Truncated || more
	} else if by.Email != "" {
		r.RejectedBy = &event.Person{Name: line(by.Name), Email: line(by.Email)}
	}
	return []event.Event{l.event(rejectKind, "upload/"+ref.ChangesFile+"/reject/"+l.id(), r)}, nil
}

// paragraphs are a text's, each on one line, and whether there were too many.
func paragraphs(text string) (all []string, truncated bool) {
	const most = 100
	all = []string{}
	for p := range strings.SplitSeq(text, "\n\n") {
		p = strings.Join(strings.Fields(p), " ")
		if p == "" {
			continue
		}
		if len(all) == most {
			return all, true
		}
		short, cut := runes.Cut(p, 2<<10)
		truncated = truncated || cut
		all = append(all, short)
	}
	return all, truncated
}
