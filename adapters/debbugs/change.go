package debbugs

import (
	"fmt"
	"strings"

	"busbar/common/event"
	"busbar/common/translate"
)

// MaxLog is how many messages a change may hold, and MaxLogText how many bytes
// of text they tell at most: beyond that each is cut. Who asks for logs hands
// long ones over in parts ([Change].More).
const (
	MaxLog     = 100
	MaxLogText = 256 << 10
)

// ChangeTranslator reads what is new about a bug: each message of its log
// becomes what its mail becomes, and what else differs between two states is
// told field by field.
//
// All of it is marked as recovered, because mail tells it as well, but for what
// no mail ever does: quiet comments, bugs archived by age, bugs that are gone.
func ChangeTranslator() translate.Translator[Change] {
	return translate.Translator[Change]{Name: "debbugs-soap", Translate: translateChange, Kinds: changeKinds(), Why: whyChange}
}

func whyChange(it translate.Item[Change]) string {
	ch := it.Value
	switch {
	case ch.After == nil && ch.Before == nil:
		return "a change without a state"
	case ch.After == nil:
		return fmt.Sprintf("bug %d is gone", ch.Bug)
	case ch.Before == nil:
		return fmt.Sprintf("bug %d is new, with %d messages", ch.Bug, len(ch.Log))
	}
	return fmt.Sprintf("bug %d has another state, and %d messages more", ch.Bug, len(ch.Log))
}

func translateChange(it translate.Item[Change]) ([]event.Event, error) {
	ch := it.Value
	switch {
	case ch.Bug <= 0 || ch.Bug > 999_999_999:
		return nil, translate.Poison("the change is of no bug: number %d", ch.Bug)
	case ch.Before == nil && ch.After == nil:
		return nil, translate.Poison("the change of bug %d has neither a state before nor one after", ch.Bug)
	case ch.Before != nil && ch.Before.Bug != ch.Bug, ch.After != nil && ch.After.Bug != ch.Bug:
		return nil, translate.Poison("the change of bug %d has the state of another bug", ch.Bug)
	case len(ch.Log) > MaxLog:
		return nil, translate.Poison("the change of bug %d has %d messages: more than %d are handed over in parts", ch.Bug, len(ch.Log), MaxLog)
	case ch.After == nil:
		return []event.Event{deleted(*ch.Before)}, nil
	}
	w := newWalk(ch)
	w.walk()
	if !ch.More {
		w.published = w.published.After(ch.Said, w.now)
		w.compare()
	}
	if len(w.events) == 0 {
		return nil, translate.Ignore("debbugs: nothing that is told changed")
	}
	return w.events, nil
}

// Published is the state of the bug as the change's events tell it: what the next
// part of a long log has as Before. Without More it is how the bug is.
func Published(ch Change) *Status {
	if !ch.More || ch.After == nil || len(ch.Log) > MaxLog {
		return ch.After
	}
	w := newWalk(ch)
	w.walk()
	return &w.published
}

func deleted(was Status) event.Event {
	b := was.bug()
	at := unix(was.stamp())
	b.Severity, b.Time = tidy(was.Severity), ""
	return event.Event{Kind: deleteKind, Key: DeleteKey(was.Bug, at.Unix()), Body: Deleted{Bug: b,
		Submitter: who(was.Submitter), Done: tidy(was.Done), Forwarded: tidy(was.Forwarded), Owner: tidy(was.Owner), Archived: was.Archived}}
}

// bug is what every event about a bug tells, by the tracker's state.
func (s Status) bug() Bug {
	b := Bug{Bug: s.Bug, URL: Link(s.Bug), Title: tidy(s.Title), Packages: words(tidy(strings.Join(s.Packages, ","))),
		Tags: words(tidy(strings.Join(s.Tags, " ")))}
	sources := words(tidy(s.Source))
	b.Source = line(strings.Join(sources, " "))
	b.Package = filedAgainst(b.Packages, sources)
	return b
}

// filedAgainst is the one package that stands for all. Mails of a bug against
// several tell no source, states tell it: the first name is what both have.
func filedAgainst(packages, sources []string) string {
	switch {
	case len(sources) > 0 && len(packages) < 2:
		return sources[0]
	case len(packages) > 0:
		return strings.TrimPrefix(packages[0], "src:")
	}
	return ""
}
