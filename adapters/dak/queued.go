package dak

import (
	"errors"
	"strings"

	"busbar/common/event"
	"busbar/common/pattern"
)

const processingOf = "Processing of "

func isQueued(l letter) bool {
	return l.Header.Get("X-DAK") == "DAK" || strings.HasPrefix(l.subject, processingOf)
}

var (
	queuedName   = pattern.New(`^(?:\S*/)?([^/\s\x00]{1,300}\.(?:changes|commands|dak-commands))$`)
	uploadedTo   = pattern.New(`(?m)^(\S{1,300}) uploaded successfully to (\S{1,200})\s*$`)
	queueRunsOn  = pattern.New(`(?m)^\s*Your \S{1,100} queue daemon \(running on host (\S{1,200})\)\s*$`)
	fileListNext = "along with the files:"
)

// processed tells what the queue daemon, which takes uploads before the archive
// does, made of a file (debianqueued): passed on, or the error. Its greeting with
// the host's name ends each of its mails.
func processed(l letter) ([]event.Event, error) {
	_, name, found := strings.Cut(whole(l.Header, "Subject"), processingOf)
	m := queuedName.FindStringSubmatch(name)
	if !found || m == nil {
		return noticed(l)
	}
	host := queueRunsOn.FindStringSubmatchIndex(l.text)
	if host == nil {
		return nil, cutError("it stops before the queue daemon's greeting")
	}
	at := l.text[host[2]:host[3]]
	said := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(l.text[:host[0]]), "Greetings,"))
	l.text = said
	text, truncated := l.body(maxNotice)
	if text == "" {
		return nil, errors.New("it tells no result")
	}
	packages := unique(whole(l.Header, "X-Debian-Package"))
	if !strings.HasSuffix(m[1], ".changes") {
		q := QueueCommanded{File: m[1], Text: text, Truncated: truncated, Daemon: at, Commands: []string{}}
		for text := range strings.Lines(said) {
			if command, is := strings.CutPrefix(text, "> "); is && len(q.Commands) < maxActions {
				q.Commands = append(q.Commands, line(strings.TrimRight(command, blanks)))
			}
		}
		return []event.Event{l.event(queueCommandKind, "command/"+m[1]+"/"+l.id(), q)}, nil
	}
	q := QueueProcessed{ChangesFile: m[1], Packages: packages, Result: "error", Text: text, Truncated: truncated, Daemon: at, Files: []string{}}
	if done := uploadedTo.FindStringSubmatch(said); done != nil {
		q.Result, q.Host = "uploaded", line(done[2])
		_, list, _ := strings.Cut(said, fileListNext)
		for text := range strings.Lines(list) {
			if name := strings.TrimSpace(text); name != "" && len(q.Files) < maxList {
				if text[0] != ' ' && text[0] != '\t' {
					break
				}
				q.Files = append(q.Files, line(name))
			}
		}
	}
	return []event.Event{l.event(queueKindOf, "upload/"+m[1]+"/process/"+l.id(), q)}, nil
}
