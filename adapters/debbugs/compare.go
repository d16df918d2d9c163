package debbugs

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/runes"
)

// compare tells what the messages did not: each field that is not as it was
// told.
func (w *walk) compare() {
	was, now := w.published, w.now
	w.field("title", titleKind, one(was.Title), one(now.Title), func(b Bug) any { return TitleUpdated{b, tidy(was.Title)} })
	w.field("package", packageKind, slices.Sorted(slices.Values(was.Packages)), slices.Sorted(slices.Values(now.Packages)), func(b Bug) any {
		from := words(tidy(strings.Join(was.Packages, ",")))
		return PackageUpdated{Bug: b, From: from, To: b.Packages}
	})
	w.field("severity", severityKind, one(severity(was)), one(severity(now)), func(b Bug) any { return SeverityUpdated{b, severity(was)} })
	w.names("tag", tagKind, was.Tags, now.Tags)
	w.field("found", foundKind, was.Found, now.Found, func(b Bug) any {
		added, removed := difference(tidyAll(was.Found), tidyAll(now.Found))
		return FoundUpdated{b, added, removed, was.Done != "" && now.Done == ""}
	})
	w.names("fixed", fixedKind, was.Fixed, now.Fixed)
	w.done()
	w.forwarded()
	if w.otherWho(was.Owner, now.Owner) {
		w.field("owner", ownerKind, one(was.Owner), one(now.Owner), func(b Bug) any {
			return OwnerUpdated{b, perhaps(now.Owner), perhaps(was.Owner)}
		})
	}
	if w.otherWho(was.Submitter, now.Submitter) {
		w.field("submitter", submitterKind, one(was.Submitter), one(now.Submitter), func(b Bug) any {
			return SubmitterUpdated{b, who(was.Submitter), who(now.Submitter)}
		})
	}
	w.relations()
	w.names("affect", affectKind, was.Affects, now.Affects)
	w.text("summary", summaryKind, was.Summary, now.Summary)
	w.text("outlook", outlookKind, was.Outlook, now.Outlook)
	w.archived()
}

// done tells a closing that no message accounts for, and a reopening.
func (w *walk) done() {
	was, now := w.published, w.now
	switch {
	case was.Done != "" && now.Done == "":
		w.field("done", reopenKind, one(was.Done), nil, func(b Bug) any { return Reopened{b, who(was.Done)} })
	case now.Done != "" && (was.Done == "" && !w.closes || !w.closes && !sameWho(was.Done, now.Done)):
		w.field("done", closeKind, one(was.Done), one(now.Done), func(b Bug) any {
			return Closed{Bug: b, DoneBy: who(now.Done), Message: Message{Attachments: []Attachment{}}}
		})
	case w.reopened != nil && now.Done == "" && w.reopens == 0:
		w.field("done", reopenKind, one(w.doneBy), nil, func(b Bug) any { return Reopened{b, who(w.doneBy)} })
	}
}

func (w *walk) forwarded() {
	was, now := w.published, w.now
	switch {
	case was.Forwarded != "" && now.Forwarded == "":
		w.field("forward", unforwardKind, one(was.Forwarded), nil, func(b Bug) any { return Unforwarded{b, tidy(was.Forwarded)} })
	case now.Forwarded != "" && (!w.forwards || w.named("forward")):
		w.field("forward", forwardKind, one(was.Forwarded), one(now.Forwarded), func(b Bug) any {
			return Forwarded{Bug: b, To: tidy(now.Forwarded), From: tidy(was.Forwarded), Message: Message{Attachments: []Attachment{}}}
		})
	}
}

func (w *walk) relations() {
	was, now := w.published, w.now
	added, removed := difference(was.BlockedBy, now.BlockedBy)
	blocks, blocksNot := difference(was.Blocks, now.Blocks)
	if len(added)+len(removed)+len(blocks)+len(blocksNot) > 0 {
		from, to := slices.Concat(digits(was.BlockedBy), one("/"), digits(was.Blocks)), slices.Concat(digits(now.BlockedBy), one("/"), digits(now.Blocks))
		w.field("block", blockKind, from, to, func(b Bug) any { return BlockUpdated{b, added, removed, blocks, blocksNot} })
	}
	merged, parted := difference(was.Merged, now.Merged)
	if len(merged) > 0 {
		w.field("merge", mergeKind, digits(was.Merged), digits(now.Merged), func(b Bug) any { return Bugs{b, bounded(sorted(now.Merged))} })
	}
	if len(parted) > 0 {
		w.field("unmerge", unmergeKind, digits(was.Merged), digits(now.Merged), func(b Bug) any { return Bugs{b, parted} })
	}
}

// archived tells of the archive. A bug is put there by age, by nobody's mail.
func (w *walk) archived() {
	was, now := w.published, w.now
	if !was.Archived && now.Archived {
		_, asked := w.cause("archive", "")
		w.field("archive", archiveKind, one("live"), one("archive"), func(b Bug) any {
			if !asked { // its log tells when it was last changed, not this, but for the record of it
				b.Time = event.Stamp(w.expired())
			}
			return Archived{b, !asked}
		})
		if e := &w.events[len(w.events)-1]; !asked {
			e.Time, e.Recovered = w.expired(), false
		}
	}
	if was.Archived && !now.Archived || was.Unarchived != now.Unarchived && !now.Archived {
		_, asked := w.cause("unarchive", "")
		stamps := []string{strconv.FormatInt(was.Unarchived, 10), strconv.FormatInt(now.Unarchived, 10)}
		w.field("unarchive", unarchiveKind, append(stamps[:1:1], "archive"), stamps[1:], func(b Bug) any { return Archived{b, !asked} })
	}
}

// expired is when the tracker archived the bug by itself, if it wrote that down.
func (w *walk) expired() (at time.Time) {
	for _, r := range w.log {
		if internal(r.mail.Header) && strings.Contains(r.mail.Header.Get("Message-ID"), "archived") {
			at = r.at.time
		}
	}
	return at
}

func (w *walk) names(field string, k *event.Kind, was, now []string) {
	w.field(field, k, was, now, func(b Bug) any {
		added, removed := difference(tidyAll(was), tidyAll(now))
		return NamesUpdated{b, added, removed}
	})
}

func (w *walk) text(field string, k *event.Kind, was, now string) {
	const most = 4 << 10
	w.field(field, k, one(was), one(now), func(b Bug) any {
		u := TextUpdated{Bug: b, Removed: now == ""}
		var cutNow, cutWas bool
		u.Text, cutNow = runes.Cut(clean(now), most)
		u.Previous, cutWas = runes.Cut(clean(was), most)
		u.Truncated = cutNow || cutWas
		return u
	})
}

// field tells one field, if it differs.
func (w *walk) field(field string, k *event.Kind, from, to []string, body func(Bug) any) {
	if slices.Equal(from, to) {
		return
	}
	b := w.now.bug()
	b.Severity = tidy(w.now.Severity)
	at := unix(w.now.stamp())
	if w.ch.Before != nil && w.ch.Before.stamp() == w.now.stamp() {
		at = time.Time{} // when it was, no stamp tells
	}
	b.Time = event.Stamp(at)
	value := ""
	if len(to) == 1 {
		value = to[0]
	}
	if cause, ok := w.cause(field, value); ok {
		b.Person, b.MessageID = sender(cause.mail.Header), line(cause.id)
	}
	w.add(event.Event{Kind: k, Key: StateKey(b.Bug, field, from, to, w.now.stamp()), Time: at, Body: body(b)}, true)
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func severity(s Status) string {
	if s.Severity == "" {
		return defaultSeverity
	}
	return tidy(s.Severity)
}
