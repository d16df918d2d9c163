package trigger

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busbar/common/child"
	"busbar/common/event"
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
	vars []child.Variable
}

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
func (in *input) variables(t *task, prefix string) []child.Variable {
	e, about := in.Envelope, event.AboutOf(in.Msg)
	at := e.EventTime
	if _, err := time.Parse(time.RFC3339, at); err != nil && e.Topic != "" {
		at = time.Unix(e.Timestamp, 0).UTC().Format(time.RFC3339)
	}
	g := gap{Publisher: e.Publisher, Epoch: e.Epoch, First: e.Seq}
	if in.gap != nil {
		g = *in.gap
	}
	return []child.Variable{
		{Name: "EVENT_TOPIC", Value: e.Topic},
		{Name: "EVENT_KIND", Value: event.BareTopic(prefix, e.Topic)},
		{Name: "EVENT_ID", Value: e.MsgID},
		{Name: "EVENT_TITLE", Value: in.title()},
		{Name: "EVENT_LINK", Value: e.Link},
		{Name: "EVENT_TIME", Value: at},
		{Name: "EVENT_PACKAGES", Value: strings.Join(about.Packages, " ")},
		{Name: "EVENT_BUGS", Value: strings.Join(about.Bugs, " ")},
		{Name: "EVENT_PUBLISHER", Value: g.Publisher},
		{Name: "EVENT_EPOCH", Value: g.Epoch},
		{Name: "EVENT_NUMBER", Value: number(g.First)},
		{Name: "EVENT_SIGNER", Value: t.signer},
		{Name: "EVENT_RECOVERED", Value: truth(e.Recovered)},
		{Name: "EVENT_REPLAYED", Value: truth(t.replayed)},
		{Name: "EVENT_GAP", Value: g.Reason},
		{Name: "EVENT_GAP_LAST", Value: number(g.Last)},
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

// environ is base with the variables in it, each at most so long.
func (in *input) environ(base []string, attempt, most int) []string {
	vars := append([]child.Variable{{Name: "EVENT_ATTEMPT", Value: strconv.Itoa(attempt)}}, in.vars...)
	return child.Environ(base, "EVENT_", vars, most)
}
