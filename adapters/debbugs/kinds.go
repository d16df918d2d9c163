package debbugs

import (
	"fmt"
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
)

var (
	createKind = event.Define("debbugs.bug.create", "a bug was reported",
		func(b Created) string { return say(b.Bug, "reported bug", "against", "") },
		func(b Created) string { return Link(b.Bug.Bug) })

	commentKind = event.Define("debbugs.bug.comment", "a message was added to a bug",
		func(b Commented) string {
			if b.ToSubmitter {
				return say(b.Bug, "wrote to the submitter of bug", "in", "")
			}
			return say(b.Bug, "commented on bug", "in", "")
		},
		func(b Commented) string { return Link(b.Bug.Bug) })

	closeKind = event.Define("debbugs.bug.close", "a bug was closed",
		func(b Closed) string {
			fixed := ""
			if b.Version != "" {
				fixed = " (fixed in " + b.Version + ")"
			}
			b.Person = b.DoneBy
			return say(b.Bug, "closed bug", "in", fixed)
		},
		func(b Closed) string { return Link(b.Bug.Bug) })

	forwardKind = event.Define("debbugs.bug.forward", "a bug was forwarded to its software's authors",
		func(b Forwarded) string {
			to := ""
			if b.To != "" {
				to = " to " + b.To
			}
			return say(b.Bug, "forwarded bug", "in", to)
		},
		func(b Forwarded) string { return Link(b.Bug.Bug) })

	oldReportKind   = define("report", "a bug was reported", "%s reported bug #%s: %s")
	oldFollowupKind = define("followup", "a message was added to a bug", "%s commented on bug #%s: %s")
	oldClosedKind   = define("closed", "a bug was closed", "%s says of bug #%s: %s")
)

// define declares an old name; sentence takes the sender, the number and the
// title.
func define(kind, meaning, sentence string) *event.Kind {
	return event.Define("debmessenger.bug."+kind, meaning+" (old name)",
		func(b Debmessenger) string {
			from := mail.ParseAddress(b.From)
			who := event.Person{Name: from.Name, Email: from.Email}.Short()
			title := strings.TrimPrefix(b.Title, "Bug#"+b.Nb+":")
			return strings.TrimRight(fmt.Sprintf(sentence, who, b.Nb, title), ": ")
		},
		func(b Debmessenger) string { return Link(bugNumber(b.Nb)) }).Compat("debmessenger")
}

// Kinds is every kind that the mails of debbugs yield.
func Kinds() event.Catalog {
	return slices.Concat(messageKinds(), stateKinds(), event.Catalog{usertagKind}, commandKinds())
}

// AllKinds is every kind that mails or the tracker's records yield.
func AllKinds() event.Catalog { return append(Kinds(), deleteKind) }

// messageKinds is what people's own mails to a bug yield.
func messageKinds() event.Catalog {
	return event.Catalog{createKind, commentKind, closeKind, forwardKind,
		oldReportKind, oldFollowupKind, oldClosedKind}
}

// say builds "Jane Reporter reported bug #700001 against foo: crashes". Titles
// often begin with the package's name; it is not said twice.
func say(b Bug, did, where, more string) string {
	s := fmt.Sprintf("%s %s #%d", b.Person.Short(), did, b.Bug)
	title := b.Title
	if len(b.Packages) > 0 {
		s += " " + where + " " + some(b.Packages)
		title = strings.TrimPrefix(title, strings.TrimPrefix(b.Packages[0], "src:")+": ")
	}
	s += more
	if title != "" {
		s += ": " + title
	}
	return s
}
