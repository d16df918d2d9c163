package trigger

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/subscribe"
)

// A task is an event that waits for its command: a message, or a gap. Many may wait,
// so it holds only what the rest is made of.
type task struct {
	body     []byte // the message as published
	gap      *gap
	signer   string
	endpoint string
	replayed bool

	message *subscribe.Message // to be acknowledged; nil: it is one that was kept
	file    string             // where that is
}

// cost is the memory that a task takes, roughly.
func (t *task) cost() int { return len(t.body) + 1024 }

// A gap is messages that are missing for good, as the command gets it.
type gap struct {
	Publisher string `json:"publisher,omitempty"`
	Epoch     string `json:"epoch,omitempty"`
	First     int64  `json:"first,omitempty"`
	Last      int64  `json:"last,omitempty"`
	Count     int64  `json:"count,omitempty"` // of messages that bear no number
	Reason    string `json:"reason"`
	Text      string `json:"text"` // for people
}

// taskOf is what the subscriber handed out.
func taskOf(m *subscribe.Message) *task {
	t := &task{body: m.Body, signer: m.Signer, endpoint: m.Endpoint, replayed: m.Replayed, message: m}
	m.Tree, m.Envelope = nil, event.Envelope{} // they are made again, and do not wait
	if g := m.Gap; g != nil {
		t.gap = &gap{g.Publisher, g.Epoch, g.From, g.To, g.Count, string(g.Reason), g.String()}
	}
	return t
}

// An input is what a command gets.
type input struct {
	event.Envelope
	gap  *gap
	line []byte // of JSON, with its end: standard input
	vars []variable
}

// A variable of the environment.
type variable struct{ name, value string }

// input makes what the command gets, on a bus whose topics begin with prefix.
func (t *task) input(prefix string) (*input, error) {
	in := &input{gap: t.gap}
	var err error
	if t.gap != nil {
		in.line, err = json.Marshal(map[string]*gap{"gap": t.gap})
	} else {
		var tree map[string]any
		if tree, in.Envelope, err = event.ParseMessage(t.body); err == nil {
			in.line, err = event.Canonical(tree)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("making a command's input: %w", err)
	}
	in.line = append(in.line, '\n')
	in.vars = in.variables(t, prefix)
	return in, nil
}

// variables is the environment of a command. All are there always, so that none is
// left of an environment that is not ours.
func (in *input) variables(t *task, prefix string) []variable {
	e, about := in.Envelope, event.AboutOf(in.Msg)
	at := e.EventTime
	if _, err := time.Parse(time.RFC3339, at); err != nil && e.Topic != "" {
		at = time.Unix(e.Timestamp, 0).UTC().Format(time.RFC3339)
	}
	g := gap{Publisher: e.Publisher, Epoch: e.Epoch, First: e.Seq}
	if in.gap != nil {
		g = *in.gap
	}
	return []variable{
		{"EVENT_TOPIC", e.Topic},
		{"EVENT_KIND", event.BareTopic(prefix, e.Topic)},
		{"EVENT_ID", e.MsgID},
		{"EVENT_TITLE", in.title()},
		{"EVENT_LINK", e.Link},
		{"EVENT_TIME", at},
		{"EVENT_PACKAGES", strings.Join(about.Packages, " ")},
		{"EVENT_BUGS", strings.Join(about.Bugs, " ")},
		{"EVENT_PUBLISHER", g.Publisher},
		{"EVENT_EPOCH", g.Epoch},
		{"EVENT_NUMBER", number(g.First)},
		{"EVENT_SIGNER", t.signer},
		{"EVENT_RECOVERED", truth(e.Recovered)},
		{"EVENT_REPLAYED", truth(t.replayed)},
		{"EVENT_GAP", g.Reason},
		{"EVENT_GAP_LAST", number(g.Last)},
	}
}

// title is the event in a sentence.
func (in *input) title() string {
	if in.gap != nil {
		return in.gap.Text
	}
	return in.Title
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func truth(yes bool) string {
	if yes {
		return "1"
	}
	return ""
}

const (
	// maxValue is the longest value of a variable in bytes, and fewValue where even so
	// the kernel finds the whole too long (execve(2): 128 KiB for one, a quarter of the
	// stack's limit for all, with the arguments).
	maxValue, fewValue = 16 << 10, 128
	// cutName names the variables of which only the beginning is there.
	cutName = "EVENT_CUT"
)

// environ is base with the variables in it, each at most so long. They are strangers'
// text: what cannot be shown, such as NUL, which the kernel does not take, is U+FFFD.
func (in *input) environ(base []string, attempt, most int) []string {
	vars := append([]variable{{"EVENT_ATTEMPT", strconv.Itoa(attempt)}}, in.vars...)
	var cut []string
	env := make([]string, 0, len(base)+len(vars)+1)
	for _, have := range base {
		if !strings.HasPrefix(have, "EVENT_") {
			env = append(env, have)
		}
	}
	for _, v := range vars {
		text := show.Line(v.value)
		if len(text) > most {
			end := most
			for end > 0 && !utf8.RuneStart(text[end]) {
				end--
			}
			text, cut = text[:end], append(cut, v.name)
		}
		env = append(env, v.name+"="+text)
	}
	return append(env, cutName+"="+strings.Join(cut, " "))
}
