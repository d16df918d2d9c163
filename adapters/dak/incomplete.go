package dak

import (
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

// incompleteUpload is how the subject of the queue daemon begins where files lie in its
// queue without a .changes file: "Incomplete upload found in Debian upload queue".
const incompleteUpload = "Incomplete upload found in "

func isIncomplete(l letter) bool { return strings.HasPrefix(l.subject, incompleteUpload) }

var (
	strayFile  = pattern.New(`^\s+(\S{1,300})\s*$`)
	strayUntil = pattern.New(`(?s)\bIf no \.changes file arrives within (.{1,60}?),\s+the\s+file`)
)

// warnedOf tells of files that look like an upload and cannot be processed, for nobody
// said what they are (debianqueued). The queue deletes them after a time.
func warnedOf(l letter) ([]event.Event, error) {
	host := queueRunsOn.FindStringSubmatchIndex(l.text)
	if host == nil {
		return nil, cutError("it stops before the queue daemon's greeting")
	}
	w := QueueWarned{Files: []string{}, Daemon: l.text[host[2]:host[3]]}
	said := l.text[:host[0]]
	for text := range strings.Lines(said) {
		m := strayFile.FindStringSubmatch(text)
		switch {
		case m == nil:
		case len(w.Files) == maxList:
			w.Truncated = true
		default:
			w.Files = append(w.Files, line(m[1]))
		}
	}
	if until := strayUntil.FindStringSubmatch(said); until != nil {
		w.Within = line(strings.Join(strings.Fields(until[1]), " "))
	}
	if len(w.Files) == 0 {
		return noticed(l)
	}
	return []event.Event{l.event(queueWarnKind, "upload/"+set(w.Files)+"/incomplete/"+l.id(), w)}, nil
}
