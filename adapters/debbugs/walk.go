package debbugs

import (
	"slices"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
)

// A walk goes through the messages of a log, and follows what the bug was told
// to be.
type walk struct {
	ch        Change
	now       Status
	published Status // the bug as the events so far tell it
	log       []read
	events    []event.Event
	seen      map[string]bool

	copied   int    // messages at the log's beginning that are another bug's: this one is its clone
	origin   int    // that bug
	reopened *read  // a command that opened the bug again, not told yet
	doneBy   string // who had closed it then
	found    *read  // one that may have
	closes   bool   // a message closed the bug
	reopens  int    // how often others said that it was opened again
	forwards bool   // a message marked it as forwarded, and the state has it
}

// A read is a message of the log, taken apart.
type read struct {
	mail     *mail.Message
	id       string // its identity
	at       arrival
	to       []address
	commands []command
	report   bool
	cut      bool
}

func newWalk(ch Change) *walk {
	w := &walk{ch: ch, now: *ch.After, seen: map[string]bool{}}
	sum := 0
	for _, e := range ch.Log {
		sum += min(len(e.Body), maxText)
	}
	most := maxText
	if sum > MaxLogText {
		most = MaxLogText / len(ch.Log)
	}
	for _, c := range ch.Said {
		if c.Field == "reopen" {
			w.reopens++
		}
	}
	ids := map[string]bool{}
	for _, e := range ch.Log {
		r := w.read(e, most)
		if !ids[r.id] { // debbugs lists each once, too
			ids[r.id] = true
			w.log = append(w.log, r)
		}
	}
	if ch.Before != nil {
		w.published = *ch.Before
		w.findReport() // it was told, or was there before us
		return w
	}
	w.findReport()
	w.findOrigin()
	return w
}

// read takes a message apart; of its text at most so many bytes.
func (w *walk) read(e Entry, most int) read {
	body := e.Body
	r := read{cut: e.Cut}
	isCommands := func(a address) bool { return a.what == "control" || a.what == "request" }
	head := e.head()
	r.id = e.identity(head.Header)
	if r.to = addresses(head.Header); isCommands(r.to[0]) {
		body = e.text(head)
	}
	text, wasCut := runes.Cut(body, most)
	r.cut = r.cut || wasCut
	r.mail = withText(head.Header, text)
	r.at = arrived(head.Header)
	r.at.code, r.at.ref = "", true
	if slices.ContainsFunc(r.to, isCommands) {
		r.commands = commands(body)
	}
	if !isCommands(r.to[0]) {
		for _, c := range commands(pseudoHeaders(r.mail.Text())["control"]) {
			for i, n := range c.bugs {
				if n == -1 { // the bug that the mail is about
					c.bugs[i] = w.ch.Bug
				}
			}
			r.commands = append(r.commands, c)
		}
	}
	return r
}

// findReport finds the message that made the bug, whose number it could not
// know.
func (w *walk) findReport() {
	best := -1
	for i, r := range w.log {
		to := r.to[0]
		if to.bug != 0 || !slices.Contains([]string{"submit", "quiet", "maintonly"}, to.what) {
			continue
		}
		if id := ownID(r.mail.Header); id == w.now.MessageID || id == strings.Trim(w.now.MessageID, "<> \t") {
			best = i
			break
		}
		if w.ch.Before == nil && best < 0 && (w.now.MessageID == "" || !aboutBug.MatchString(r.title())) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	r := &w.log[best]
	r.report = true
	p := pseudoHeaders(r.mail.Text()).also(r.mail.Header, "owner", "forwarded")
	for _, verb := range []string{"owner", "forwarded"} { // as good as the command
		if p[verb] != "" {
			r.commands = append(r.commands, command{verb: verb, bugs: []int{w.ch.Bug}, args: p[verb]})
		}
	}
}

var (
	aboutBug = pattern.New(`(?i)^bug ?#\d`)
	reply    = pattern.New(`(?i)^re:\s*`)
	listMark = pattern.New(`^\[.*\]\s*`)
)

const noSubject = "(no subject)"

// isListed tells whether the tracker takes a mail for one of a list.
func isListed(h mail.Header) bool {
	return h.Has("List-Id") || h.Has("List-Subscribe") || h.Has("Mailing-List") || h.Has("List-Processor-Version") ||
		strings.EqualFold(h.Get("Precedence"), "bulk")
}

// title is the message's subject as debbugs takes it.
func (r read) title() string { return title(r.mail.Header) }

func title(h mail.Header) string {
	s := reply.ReplaceAllString(h.Get("Subject"), "")
	if isListed(h) {
		s = listMark.ReplaceAllString(s, "")
	}
	if strings.TrimSpace(s) == "" && !h.Has("Subject") {
		return noSubject
	}
	return tidy(s)
}

// findOrigin finds the bug that this one was cloned from: its log begins with a
// copy of the other's, up to the command that made it. A command that came into
// the log because it names this bug, or one that blocks it, made it not.
func (w *walk) findOrigin() {
	for i, r := range w.log {
		if r.report {
			continue
		}
		if r.to[0].bug == w.ch.Bug || slices.ContainsFunc(r.commands, func(c command) bool { return slices.Contains(c.bugs, w.ch.Bug) }) {
			return
		}
		for _, c := range r.commands {
			from := c.bugs[0]
			if c.verb != "clone" || from <= 0 || w.same(from) || !strings.HasPrefix(c.args, "-") {
				continue
			}
			blocks := slices.Contains(w.now.Blocks, from) || slices.Contains(w.now.BlockedBy, from)
			if blocks && !slices.ContainsFunc(r.commands, func(c command) bool {
				return c.verb == "block" && slices.Contains(c.bugs, from) && slices.Min(c.bugs) < 0
			}) {
				continue
			}
			w.copied, w.origin = i+1, from
		}
	}
}

// same tells whether a command about a bug is one about this bug.
func (w *walk) same(bug int) bool {
	return bug == w.ch.Bug || bug > 0 && (slices.Contains(w.now.Merged, bug) || slices.Contains(w.published.Merged, bug))
}

// walk tells the messages.
func (w *walk) walk() {
	if w.ch.Before == nil {
		w.create()
	}
	for i, r := range w.log {
		if i >= w.copied && !r.report {
			w.message(r)
		}
	}
}

// add tells an event, once.
func (w *walk) add(e event.Event, recovered bool) {
	if id := e.Kind.Service() + " " + e.Key; !w.seen[id] {
		w.seen[id] = true
		e.Recovered = recovered
		w.events = append(w.events, e)
	}
}
