package child

import (
	"bytes"

	"busbar/common/show"
)

const (
	// maxLine is where a line of output that does not end is cut.
	maxLine = 8 << 10
	// maxWords is how much of the end of its output says why a command failed.
	maxWords = 2 << 10
)

// lines passes on what one command says, line by line, and keeps the end of it.
// Whatever it holds commands no terminal.
type lines struct {
	r     *Runner
	rest  []byte // of a line that has not ended
	words []byte
}

// Write implements [io.Writer]. It never fails: a command does not end for our log.
func (l *lines) Write(b []byte) (int, error) {
	l.words = append(l.words, b[max(0, len(b)-maxWords):]...)
	l.words = append(l.words[:0], l.words[max(0, len(l.words)-maxWords):]...)
	for n := len(b); ; {
		end := bytes.IndexByte(b, '\n')
		if end < 0 && len(l.rest)+len(b) < maxLine {
			l.rest = append(l.rest, b...)
			return n, nil
		}
		line, behind := b[:max(end, 0)], b[end+1:]
		if room := maxLine - len(l.rest); end < 0 || end > room {
			line, behind = b[:room], b[room:]
		}
		l.say(append(l.rest, line...))
		l.rest, b = l.rest[:0], behind
	}
}

func (l *lines) say(line []byte) {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	_, _ = show.Fprintln(l.r.Out, string(line)) // where standard error is gone, nothing can be said
}

// flush passes on a line that never ended.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.say(l.rest)
		l.rest = nil
	}
}

// last is the end of what the command said, in whole characters.
func (l *lines) last() string {
	return show.Lines(string(bytes.TrimSpace(bytes.ToValidUTF8(l.words, nil))))
}
