package rule

import "slices"

// A Verdict is what a rule says of an event.
type Verdict string

// The verdicts. Wanted is the one that makes a note.
const (
	Wanted    Verdict = "wanted"
	NotTaken  Verdict = "the filter does not take it"
	IsOff     Verdict = "the rule is off"
	IsPaused  Verdict = "the person has paused all notes"
	IsOwn     Verdict = "the person did it"
	IsMailed  Verdict = "the service has mailed it to the person itself"
	IsLate    Verdict = "it was found later, and the rule does not ask for such"
	IsNowhere Verdict = "it has no destination"
)

// Wants says what a rule of a person says of an event.
func (r *Rule) Wants(ev *Event, of Of) Verdict {
	p := of.Person
	switch {
	case r.Off:
		return IsOff
	case p.Paused:
		return IsPaused
	case !r.Filter.Takes(ev, of):
		return NotTaken
	case ev.Envelope.Recovered && !r.Recovered:
		return IsLate
	case r.Own && p.among(ev.Actors):
		return IsOwn
	case r.Mailed && mailed(ev, of):
		return IsMailed
	case len(r.To) == 0:
		return IsNowhere
	}
	return Wanted
}

// OfReports says whether the rule needs to know which bugs its person reported.
func (r *Rule) OfReports() bool { return r.Mailed || r.Filter.reported.wanted }

// mailed says whether the service itself mails the event to the person: debbugs to
// maintainers and submitters, dak to maintainer and uploader.
func mailed(ev *Event, of Of) bool {
	p := of.Person
	switch ev.Keyword {
	case "bts", "bts-control":
		return of.Reported != nil && slices.ContainsFunc(ev.Bugs, of.Reported) ||
			slices.ContainsFunc(ev.Packages, func(name string) bool {
				_, mine := slices.BinarySearch(p.Packages, name)
				return mine
			})
	case "upload-source", "upload-binary", "archive":
		return p.among([]string{ev.member("maintainer"), ev.member("changed_by"), ev.member("person")})
	}
	return false
}
