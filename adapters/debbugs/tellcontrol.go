package debbugs

import (
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/translate"
)

// A controlled tells what a transcript says was done.
type controlled struct {
	cause   string // the mail that had the commands
	unnamed bool   // it had no Message-ID
	person  event.Person
	at      time.Time

	packages, sources []string // of all bugs that were touched

	bugs   map[int]*known // as the transcript says they are
	clones map[int]int    // the numbers that -1, -2, … stand for
	user   string         // whose usertags are meant
	debug  bool           // the tracker says more than the answers
	fixed  map[int]string // the version that the command added
	times  map[string]int // how often a key was used
	more   bool           // it is more than one item may become
	events []event.Event
	report Processed
	size   int // of the report's commands, in bytes
}

// A known is what was said of a bug so far.
type known struct {
	shown
	severity     string
	found, fixed []string
	forwarded    string
}

// processed tells what commands did: each change of a bug is an event of its own,
// by what the tracker answers, whatever was asked for; so is each command that
// failed.
func processed(m *mail.Message) ([]event.Event, error) {
	t, ok := readTranscript(m.Text())
	switch {
	case !ok:
		return nil, translate.Poison("a transcript of commands that does not begin as one")
	case bareCR(m.Body, m.Text()):
		return nil, translate.Poison("a line of the transcript holds a carriage return: what stands behind it may be the words of whoever sent the command")
	case !t.whole:
		return nil, translate.Poison("cut: the transcript of commands has no end")
	}
	h := m.Header
	c := &controlled{
		cause: causeOf(h), unnamed: len(h.MessageIDs("References")) == 0, packages: words(h.Get("X-Debian-PR-Package")), sources: words(h.Get("X-Debian-PR-Source")),
		bugs: map[int]*known{}, clones: map[int]int{}, times: map[string]int{},
	}
	for _, a := range h.Addresses("To") {
		c.person = person(a)
		break
	}
	c.at, _ = h.Time("Date")
	id := mailIdentity(m)
	c.report = Processed{Requester: c.person, Commands: []Command{}, MessageID: line(c.cause), Time: event.Stamp(c.at)}
	for i, b := range t.blocks {
		if c.block(b, id, i); c.more || len(c.events) > mostEvents {
			c.more = true
			break
		}
	}
	c.events = append(c.events, event.Event{Kind: processKind, Key: ProcessKey(id), Time: c.at, Body: c.report})
	if c.more || !fits(c.events) {
		return nil, translate.Poison("a transcript of %d commands, which are more than one item may become", len(t.blocks))
	}
	return c.events, nil
}

// bareCR tells whether the text that is read has lines that were none.
func bareCR(p *mail.Part, text string) bool {
	if p.Text == text && p.BareCR {
		return true
	}
	return slices.ContainsFunc(p.Parts, func(child *mail.Part) bool { return bareCR(child, text) })
}

// causeOf is the identity of the mail that had the commands: the tracker answers
// it. Without an id it is known by the answer's.
func causeOf(h mail.Header) string {
	for _, id := range h.MessageIDs("References") {
		if strings.HasPrefix(id, digestMark) {
			return digest(id)
		}
		return id
	}
	return identity(h, func() string { return "" })
}

// fits holds the events to what one item may become.
func fits(events []event.Event) bool {
	const mostBytes = 2 << 20
	size := 0
	for _, e := range events {
		text, err := event.CanonicalOf(e.Body)
		if size += len(text); err != nil || size > mostBytes {
			return false
		}
	}
	return len(events) <= mostEvents
}

// mostEvents is how many events one item may become.
const mostEvents = 1000

var debugLevel = pattern.New(`^Debug level (\d+)\.`)

// block tells what came of one command.
func (c *controlled) block(b block, id string, at int) {
	cmd := parseCommand(b.command)
	if n, ok := c.clones[cmd.bug]; ok {
		cmd.bug = n
	}
	if cmd.verb == "debug" && len(b.replies) > 0 {
		if m := debugLevel.FindStringSubmatch(b.replies[0]); m != nil {
			c.debug = m[1] != "0"
		}
	}
	w := blockWalk{controlled: c, cmd: cmd, count: map[string]int{}}
	c.fixed = map[int]string{}
	was := len(c.events)
	for _, l := range b.replies {
		if c.debug && (cmd.verb == "summary" || cmd.verb == "outlook") {
			break // the sender's mail stands in it, line by line
		}
		w.line(l)
	}
	w.left()
	if w.failure == nil && len(w.group) > 0 && !w.replied && (cmd.verb == "archive" || cmd.verb == "unarchive") {
		w.failure = []string{"the tracker gives no reason"} // it does not say why
	}
	if b.command == "" && (w.failure == nil || c.failed()) || b.ends() {
		return
	}
	c.report.Changes += len(c.events) - was
	if w.failure != nil {
		c.report.Errors++
		c.fail(b.command, w.failure, cmd.bug, id, at)
	}
	c.record(b, w)
}

// failed tells whether a command failed already: what is said of the mail as a
// whole says no more.
func (c *controlled) failed() bool {
	return slices.ContainsFunc(c.events, func(e event.Event) bool { return e.Kind == failKind })
}

func (c *controlled) fail(command string, lines []string, bug int, id string, at int) {
	f := Failed{Bug: max(bug, 0), Command: line(command), Person: c.person, MessageID: line(c.cause), Time: event.Stamp(c.at), URL: Link(bug)}
	f.Reason, _ = runes.Cut(strings.Join(lines, "\n"), 2*maxLine)
	c.events = append(c.events, event.Event{Kind: failKind, Key: FailKey(id, at), Time: c.at, Body: f})
}

// record keeps the command for the event about the whole transcript.
func (c *controlled) record(b block, w blockWalk) {
	const most, mostText = 1000, 64 << 10
	k := Command{Text: line(b.command), Bugs: []int{}, Results: []string{}, Error: w.failure != nil}
	for _, s := range w.all {
		if !slices.Contains(k.Bugs, s) {
			k.Bugs = append(k.Bugs, s)
		}
	}
	k.Bugs = bounded(k.Bugs)
	c.size += len(k.Text) + 8*len(k.Bugs)
	for _, l := range b.replies {
		if _, isBug := readShown(l); isBug {
			continue
		}
		k.Results = append(k.Results, line(l))
		c.size += len(k.Results[len(k.Results)-1])
	}
	if c.size > mostText || len(c.report.Commands) >= most {
		c.report.Truncated = true
		return
	}
	c.report.Commands = append(c.report.Commands, k)
}

// bug is what is known of a bug.
func (c *controlled) bug(n int) Bug {
	b := Bug{Bug: n, URL: Link(n), Packages: []string{}, Person: c.person, MessageID: line(c.cause), Time: event.Stamp(c.at)}
	if len(c.packages) == 1 {
		b.Packages = slices.Clone(c.packages)
	}
	if k := c.bugs[n]; k != nil {
		b.Title, b.Severity = line(k.title), k.severity
		b.Found, b.Fixed = bounded(k.found), bounded(k.fixed)
		if len(k.packages) > 0 {
			b.Packages = slices.Clone(k.packages)
		}
	}
	b.Source = c.source(b.Packages)
	b.Package = filedAgainst(b.Packages, words(b.Source))
	return b
}

// source is the one source package of these, if the header tells which: it names
// those of all bugs together.
func (c *controlled) source(packages []string) string {
	switch {
	case len(packages) != 1:
	case strings.HasPrefix(packages[0], "src:"):
		return strings.TrimPrefix(packages[0], "src:")
	case slices.Contains(c.sources, packages[0]):
		return packages[0]
	case len(c.sources) == 1 && len(c.packages) == 1 && c.packages[0] == packages[0]:
		return c.sources[0]
	}
	return ""
}

// of is what is known of a bug, to be added to.
func (c *controlled) of(n int) *known {
	if c.bugs[n] == nil {
		c.bugs[n] = &known{}
	}
	return c.bugs[n]
}
