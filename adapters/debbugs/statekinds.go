package debbugs

import (
	"fmt"
	"strings"

	"busbar/common/event"
	"busbar/common/runes"
)

// SOAPKinds is every kind that the tracker's state, log and usertags yield:
// those of its mails, and what no mail is read for.
func SOAPKinds() event.Catalog { return append(changeKinds(), usertagKind) }

func changeKinds() event.Catalog {
	return append(messageKinds(), append(stateKinds(), deleteKind)...)
}

// stateKinds is every change of a bug's state.
func stateKinds() event.Catalog {
	return event.Catalog{reopenKind, unforwardKind, severityKind, tagKind, titleKind, packageKind, foundKind, fixedKind,
		submitterKind, ownerKind, blockKind, affectKind, mergeKind, unmergeKind, cloneKind, archiveKind, unarchiveKind,
		summaryKind, outlookKind}
}

var (
	reopenKind = event.Define("debbugs.bug.reopen", "a closed bug is open again",
		func(b Reopened) string { return did(b.Bug, "was reopened", "") }, func(b Reopened) string { return b.URL })
	unforwardKind = event.Define("debbugs.bug.unforward", "a bug is no more forwarded",
		func(b Unforwarded) string { return did(b.Bug, "is no more forwarded", " to "+b.From) }, func(b Unforwarded) string { return b.URL })
	severityKind = event.Define("debbugs.bug.severity.update", "a bug's severity changed",
		func(b SeverityUpdated) string {
			return did(b.Bug, "has a new severity", changed(b.Previous, b.Severity))
		},
		func(b SeverityUpdated) string { return b.URL })
	tagKind   = names("debbugs.bug.tag.update", "a bug's tags changed", "has other tags")
	titleKind = event.Define("debbugs.bug.title.update", "a bug has another title",
		func(b TitleUpdated) string { return did(b.Bug, "has a new title", " instead of "+orNone(b.Previous)) },
		func(b TitleUpdated) string { return b.URL })
	packageKind = event.Define("debbugs.bug.package.update", "a bug was reassigned",
		func(b PackageUpdated) string {
			return did(b.Bug, "was reassigned", changed(some(b.From), some(b.To)))
		}, func(b PackageUpdated) string { return b.URL })
	foundKind = event.Define("debbugs.bug.found.update", "the versions that a bug is in changed",
		func(b FoundUpdated) string {
			return did(b.Bug, "has other versions that it is found in", plusMinus(b.Added, b.Removed))
		}, func(b FoundUpdated) string { return b.URL })
	fixedKind     = names("debbugs.bug.fixed.update", "the versions that a bug is fixed in changed", "has other versions that it is fixed in")
	submitterKind = event.Define("debbugs.bug.submitter.update", "a bug has another submitter",
		func(b SubmitterUpdated) string {
			return did(b.Bug, "has a new submitter", changed(b.From.Short(), b.To.Short()))
		}, func(b SubmitterUpdated) string { return b.URL })
	ownerKind = event.Define("debbugs.bug.owner.update", "a bug has another owner, or none any more",
		func(b OwnerUpdated) string {
			if b.Owner == nil {
				return did(b.Bug, "has no owner any more", "")
			}
			return did(b.Bug, "is owned by "+b.Owner.Short(), "")
		}, func(b OwnerUpdated) string { return b.URL })
	blockKind = event.Define("debbugs.bug.block.update", "what a bug is blocked by, or blocks, changed",
		func(b BlockUpdated) string {
			switch {
			case len(b.Added) > 0:
				return did(b.Bug, "is blocked by"+numbers(b.Added), "")
			case len(b.Removed) > 0:
				return did(b.Bug, "is no more blocked by"+numbers(b.Removed), "")
			case len(b.BlockingAdded) > 0:
				return did(b.Bug, "blocks"+numbers(b.BlockingAdded), "")
			}
			return did(b.Bug, "no more blocks"+numbers(b.BlockingRemoved), "")
		}, func(b BlockUpdated) string { return b.URL })
	affectKind = names("debbugs.bug.affect.update", "the packages that a bug affects changed", "affects other packages")
	mergeKind  = event.Define("debbugs.bug.merge", "bugs were merged",
		func(b Bugs) string { return did(b.Bug, "is one with"+numbers(b.Bugs), "") }, func(b Bugs) string { return b.URL })
	unmergeKind = event.Define("debbugs.bug.unmerge", "a bug is no more merged with others",
		func(b Bugs) string { return did(b.Bug, "is no more one with"+numbers(b.Bugs), "") }, func(b Bugs) string { return b.URL })
	cloneKind = event.Define("debbugs.bug.clone", "a bug was cloned",
		func(b Cloned) string { return did(b.Bug, "was cloned as"+numbers(b.Clones), "") }, func(b Cloned) string { return b.URL })
	archiveKind = event.Define("debbugs.bug.archive", "a bug was archived",
		func(b Archived) string { return did(b.Bug, "was archived", "") }, func(b Archived) string { return b.URL })
	unarchiveKind = event.Define("debbugs.bug.unarchive", "an archived bug was taken out of the archive",
		func(b Archived) string { return did(b.Bug, "was unarchived", "") }, func(b Archived) string { return b.URL })
	summaryKind = texts("debbugs.bug.summary.update", "a bug's summary changed", "summary")
	outlookKind = texts("debbugs.bug.outlook.update", "a bug's outlook changed: what is to become of it", "outlook")
	deleteKind  = event.Define("debbugs.bug.delete", "the tracker knows a bug no more",
		func(b Deleted) string { return did(b.Bug, "is gone from the tracker", "") }, func(b Deleted) string { return b.URL })

	usertagKind = event.Define("debbugs.usertag.update", "a user's tag was given to bugs, or taken from them",
		func(b UsertagUpdated) string {
			var s []string
			if len(b.Added) > 0 {
				s = append(s, "now has"+numbers(b.Added))
			}
			if len(b.Removed) > 0 {
				s = append(s, "no more has"+numbers(b.Removed))
			}
			return "tag " + orNone(b.Tag) + " of " + orNone(b.User) + " " + strings.Join(s, " and ")
		}, func(b UsertagUpdated) string { return b.URL })
)

func names(topic, meaning, happened string) *event.Kind {
	return event.Define(topic, meaning,
		func(b NamesUpdated) string { return did(b.Bug, happened, plusMinus(b.Added, b.Removed)) },
		func(b NamesUpdated) string { return b.URL })
}

func texts(topic, meaning, what string) *event.Kind {
	return event.Define(topic, meaning, func(b TextUpdated) string {
		if b.Removed {
			return did(b.Bug, "has no "+what+" any more", "")
		}
		short, _ := runes.Cut(b.Text, 200)
		switch {
		case short != "":
			short = " (" + short + ")"
		case b.MessageNumber > 0:
			short = fmt.Sprintf(" (message %d)", b.MessageNumber)
		}
		return did(b.Bug, "has a new "+what, short)
	}, func(b TextUpdated) string { return b.URL })
}

// did builds "bug #700001 in foo was reopened (by Jane): crashes".
func did(b Bug, happened, more string) string {
	s := fmt.Sprintf("bug #%d", b.Bug)
	title := b.Title
	if len(b.Packages) > 0 {
		s += " in " + some(b.Packages)
		title = strings.TrimPrefix(title, strings.TrimPrefix(b.Packages[0], "src:")+": ")
	}
	s += " " + happened + more
	if b.Person != (event.Person{}) {
		s += " (by " + b.Person.Short() + ")"
	}
	if title != "" {
		s += ": " + title
	}
	return s
}

func changed(from, to string) string { return ", " + orNone(to) + " instead of " + orNone(from) }

func plusMinus(added, removed []string) string {
	s := ""
	if len(added) > 0 {
		s += ", also " + some(added)
	}
	if len(removed) > 0 {
		s += ", no more " + some(removed)
	}
	return s
}

func some(list []string) string {
	return strings.Join(list[:min(len(list), 3)], ", ") + rest(len(list))
}

func numbers(list []int) string {
	s := ""
	for i, n := range list[:min(len(list), 3)] {
		if i > 0 {
			s += ","
		}
		s += fmt.Sprintf(" #%d", n)
	}
	return s + rest(len(list))
}

func rest(n int) string {
	if n > 3 {
		return fmt.Sprintf(" and %d more", n-3)
	}
	return ""
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
