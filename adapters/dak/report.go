package dak

import (
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

// queueReport is the subject of what the archive's scripts send once a day.
var queueReport = pattern.New(`^NEW and (?:BYHAND|POLICY) on (\d\d)/(\d\d)/(\d\d)$`)

func reports(l letter) bool { return queueReport.MatchString(l.subject) }

var (
	queueName = pattern.New(`^[A-Z][A-Z0-9-]{1,60}$`)
	queueLine = pattern.New(`^-{2,60}$`)
	waitsFor  = pattern.New(`^(\d{1,6} (?:second|minute|hour|day|week|month|year)s?) old$`)
	withNotes = pattern.New(`\s*\|\s*\[N\]\s*$`)
)

// reported tells which uploads wait in the archive's queues (dak queue-report): of each
// queue its name, a line of dashes, and a row for each package, whose columns "|" parts:
// source, versions, architectures, perhaps "[N]" for notes, and how old it is, or who of
// the team has it in work. Its key is that of a notice, which a mail that was cut is.
func reported(l letter) ([]event.Event, error) {
	day := queueReport.FindStringSubmatch(l.subject)
	r := QueueReported{Date: "20" + day[3] + "-" + day[1] + "-" + day[2], Waiting: []Waiting{}}
	queue, before := "", ""
	for text := range strings.Lines(l.text) {
		text = strings.TrimRight(text, blanks)
		if queueLine.MatchString(text) && queueName.MatchString(before) && len(before) == len(text) {
			queue = strings.ToLower(before)
		}
		before = text
		w, ok := waiting(text)
		if !ok || queue == "" {
			continue
		}
		if len(r.Waiting) == maxList {
			r.Truncated = true
			break
		}
		w.Queue = queue
		r.Waiting = append(r.Waiting, w)
	}
	if len(r.Waiting) == 0 {
		return noticed(l) // nothing waits, or its form is not known
	}
	return []event.Event{l.event(reportKind, "notice/"+l.id(), r)}, nil
}

// waiting reads a row.
func waiting(text string) (w Waiting, ok bool) {
	columns := strings.Split(text, " | ")
	if len(columns) == 5 && strings.TrimSpace(columns[3]) == "[N]" {
		columns, w.Notes = append(columns[:3:3], columns[4]), true
	}
	if len(columns) != 4 {
		return w, false
	}
	if without := withNotes.ReplaceAllString(columns[2], ""); without != columns[2] {
		columns[2], w.Notes = without, true
	}
	w.Package = strings.TrimSpace(columns[0])
	w.Versions, w.Architecture = unique(columns[1]), unique(columns[2])
	if !sourceName.MatchString(w.Package) || len(w.Versions) == 0 {
		return w, false
	}
	state := strings.TrimSpace(columns[3])
	if age := waitsFor.FindStringSubmatch(state); age != nil {
		w.Age = age[1]
	} else {
		w.State = line(state)
	}
	return w, true
}
