package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/rule"
	"busbar/common/runes"
	"busbar/common/show"
)

// Bounds on what an item takes of its event.
const (
	maxTitle   = 400
	maxDetails = 8 << 10
)

// ItemOf is an event as it is said, by no rule yet. title is its sentence, and link where a
// person may read more.
func ItemOf(ev *rule.Event, title, link string) Item {
	title, _ = runes.Cut(show.OneLine(title), maxTitle)
	if !dest.Web(link) {
		link = ""
	}
	i := Item{Change: ChangeOf(ev), Details: details(ev), Message: dest.Message{
		ID: ev.Envelope.MsgID, Topic: ev.Envelope.Topic, Time: when(ev), Title: title, Link: link, Keyword: ev.Keyword, Thread: ev.Thread(),
	}}
	if len(ev.Packages) > 0 {
		i.Package = ev.Packages[0]
	}
	if body, ok := ev.Envelope.Msg.(map[string]any); ok {
		if name, ok := body["package"].(string); ok && slices.Contains(ev.Packages, name) {
			i.Package = name
		}
	}
	if len(ev.Bugs) > 0 {
		_, _ = fmt.Sscan(ev.Bugs[0], &i.Bug) // a number that is too long is none
	}
	return i
}

// when the event happened; of one that does not tell it, when it was published.
func when(ev *rule.Event) time.Time {
	if t, err := time.Parse(time.RFC3339, ev.Envelope.EventTime); err == nil {
		return t.UTC()
	}
	return time.Unix(ev.Envelope.Timestamp, 0).UTC()
}

// details is the text that an event bears: a mail to a bug, the reason of a removal, a log
// entry.
func details(ev *rule.Event) string {
	body, _ := ev.Envelope.Msg.(map[string]any)
	for _, member := range []string{"body", "changes", "reason", "message", "text", "log"} {
		if text, ok := body[member].(string); ok && strings.TrimSpace(text) != "" {
			text, cut := runes.Cut(show.Lines(strings.ReplaceAll(text, "\r\n", "\n")), maxDetails)
			if text = strings.Trim(text, "\n"); cut {
				text += "\n[…]"
			}
			return text + "\n"
		}
	}
	return ""
}

// Note is what is said as a note to an address. Its id is made of what it is about, so
// that the same thing never gets two.
func (o Out) Note(person, way, to string) dest.Note {
	n := dest.Note{ID: o.id(person, way, to), Person: person, To: to, Kind: o.Kind, Rule: o.Items[0].Rule}
	packages := map[string]bool{}
	for _, i := range o.Items {
		n.Messages = append(n.Messages, i.Message)
		if i.Time.After(n.Time) {
			n.Time = i.Time
		}
		packages[i.Package] = true
	}
	first, last := o.Items[0], o.Items[len(o.Items)-1]
	total := len(o.Items) + o.More
	switch {
	case o.Kind == dest.Single && total == 1:
		n.Subject, n.Text, n.Link, n.Thread = subject(first), single(first), first.Link, first.Thread
	case o.Kind == dest.Single:
		n.Subject, n.Link, n.Thread = fmt.Sprintf("%s (and %d more)", subject(last), total-1), last.Link, last.Thread
		n.Text = o.list()
	case o.Kind == dest.Summary:
		n.Subject = fmt.Sprintf("Held back: %s", events(total))
		n.Text = fmt.Sprintf("%s: %s.\n\n%s", events(total), o.Why, o.list())
	default:
		n.Subject = fmt.Sprintf("Digest: %s", events(total))
		if len(packages) == 1 && first.Package != "" {
			n.Subject += " about " + first.Package
		}
		n.Text = fmt.Sprintf("%s (%s).\n\n%s", events(total), o.Why, o.list())
	}
	return n
}

func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// id is 32 characters: a digest of the address and what is said there.
func (o Out) id(person, way, to string) string {
	h := sha256.New()
	for _, part := range []string{person, way, to, string(o.Kind), fmt.Sprint(o.More)} {
		fmt.Fprintf(h, "%d %s\n", len(part), part)
	}
	for _, i := range o.Items {
		fmt.Fprintf(h, "%s %s\n", i.ID, i.Topic)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// subject is an event's title, with its package before it unless that is in it.
func subject(i Item) string {
	if i.Package == "" || strings.Contains(i.Title, i.Package) {
		return i.Title
	}
	return "[" + show.Line(i.Package) + "] " + i.Title
}

func single(i Item) string {
	text := i.Title + "\n"
	if i.Link != "" {
		text += i.Link + "\n"
	}
	text += "on " + i.Time.Format("2 January 2006 at 15:04 UTC") + "\n"
	if i.Details != "" {
		text += "\n" + i.Details
	}
	return text
}

// list has the events by thread, each thread where its first stands.
func (o Out) list() string {
	var b strings.Builder
	threads := []string{}
	by := map[string][]Item{}
	for _, i := range o.Items {
		if by[i.Thread] == nil {
			threads = append(threads, i.Thread)
		}
		by[i.Thread] = append(by[i.Thread], i)
	}
	for _, t := range threads {
		if len(threads) > 1 && t != "" {
			b.WriteString(show.Line(t) + "\n")
		}
		last := ""
		for _, i := range by[t] {
			b.WriteString("  " + i.Time.Format("2006-01-02 15:04") + "  " + i.Title + "\n")
			if i.Link != "" && i.Link != last {
				b.WriteString("      " + i.Link + "\n")
			}
			last = i.Link
		}
		b.WriteByte('\n')
	}
	if o.More > 0 {
		var of []string
		for word, n := range o.MoreOf {
			of = append(of, fmt.Sprintf("%s %d", word, n))
		}
		slices.Sort(of)
		fmt.Fprintf(&b, "%d more are not listed (%s).\n", o.More, strings.Join(of, ", "))
	}
	return b.String()
}
