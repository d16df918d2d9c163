// Package printer shows messages to people and to programs: one English sentence
// for each, or JSON.
package printer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"busbar/bus/kinds"
	"busbar/common/event"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/common/wire"
)

// Flags say how messages are shown.
type Flags struct {
	JSON   bool   `help:"Print each message as one line of JSON, as received." xor:"form"`
	Pretty bool   `help:"Print each message as indented JSON." xor:"form"`
	Color  string `help:"Colours: auto, always, never." enum:"auto,always,never" default:"auto"`
}

// A Printer shows messages on a terminal or in a pipe.
type Printer struct {
	p     *program.Env
	flags Flags
	color bool
	kinds event.Catalog
}

// New makes a printer for a program's output.
func New(p *program.Env, f Flags) *Printer {
	color := f.Color == "always"
	if f.Color == "auto" {
		color = p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb" && p.Terminal()
	}
	return &Printer{p: p, flags: f, color: color, kinds: kinds.All()}
}

// Notice tells what is not a message. Names, topics and reasons in it are a
// stranger's text, too.
func (o *Printer) Notice(format string, args ...any) {
	show.Fprintf(o.p.Stderr, "bus: %s\n", fmt.Sprintf(format, args...))
}

// Print shows one message.
func (o *Printer) Print(d wire.Delivery) error {
	if !o.flags.JSON && !o.flags.Pretty {
		_, err := show.Fprintln(o.p.Stdout, o.Sentence(d))
		return err
	}
	line, err := event.Canonical(d.Tree)
	if err != nil {
		return err
	}
	if o.flags.Pretty {
		line = indent(line)
	}
	_, err = show.Fprintln(o.p.Stdout, show.Clean(show.JSON(line)))
	return err
}

// indent spreads JSON over lines. What it cannot read it leaves as it is:
// Python writes NaN and Infinity, and so do messages that fedmsg signed.
func indent(line []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, line, "", "  ") != nil {
		return line
	}
	return b.Bytes()
}

const (
	dim, bold, yellow, reset = "\x1b[2m", "\x1b[1m", "\x1b[33m", "\x1b[0m"
)

// Sentence is the line that a person reads: when, what, and a link.
func (o *Printer) Sentence(d wire.Delivery) show.Clean {
	text, link := o.Say(d.Envelope)
	at := time.Unix(d.Envelope.Timestamp, 0).UTC().Format(time.DateTime)
	if t, err := time.Parse(time.RFC3339, d.Envelope.EventTime); err == nil {
		at = t.UTC().Format(time.DateTime)
	}
	mark := ""
	if d.Envelope.Recovered {
		mark = "(recovered) "
	}
	if link != "" {
		link = "  " + link
	}
	if !o.color {
		return show.Clean(at + "  " + mark + show.Line(text+link))
	}
	return o.Dim(at) + show.Clean("  "+yellow+mark+reset+bold+show.Line(text)+reset) + o.Dim(link)
}

// Say is the sentence of a message, and where a person may read more.
func (o *Printer) Say(e event.Envelope) (text, link string) {
	if e.Title != "" {
		return e.Title, e.Link
	}
	return Say(o.kinds, e)
}

// Bold is a text that heads others.
func (o *Printer) Bold(text string) show.Clean {
	if !o.color {
		return show.Clean(show.Lines(text))
	}
	return show.Clean(bold + show.Lines(text) + reset)
}

// Dim is a text that matters less than what stands beside it.
func (o *Printer) Dim(text string) show.Clean {
	if !o.color {
		return show.Clean(show.Line(text))
	}
	return show.Clean(dim + show.Line(text) + reset)
}

// Say finds the sentence and the link of a message that brings none. Kinds that are not ours
// are said by topic and body, as far as that fits on a line.
func Say(catalog event.Catalog, e event.Envelope) (text, link string) {
	body, err := e.BodyJSON()
	if k, ok := catalog.ByTopic(e.Topic); ok && err == nil {
		if v, err := k.Decode(body); err == nil {
			return k.Sentence(v), k.Link(v)
		}
	}
	if m, ok := e.Msg.(map[string]any); ok && len(m) == 1 {
		if s, ok := m["log"].(string); ok {
			return e.Topic + ": " + s, ""
		}
	}
	const most = 160
	if len(body) > most {
		body = append(body[:most:most], "…"...)
	}
	return e.Topic + " " + string(body), ""
}
