package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"busbar/common/daemon"
	"busbar/common/event"
	"busbar/common/show"
	"busbar/common/wire"
)

// A printer shows messages on a terminal or in a pipe.
type printer struct {
	p            *daemon.Program
	json, pretty bool
	color        bool
	catalog      event.Catalog
}

func newPrinter(p *daemon.Program, c *tailCmd) *printer {
	return &printer{p: p, json: c.JSON, pretty: c.Pretty, color: wantColor(p, c.Color), catalog: kinds()}
}

func wantColor(p *daemon.Program, when string) bool {
	if when != "auto" {
		return when == "always"
	}
	return p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb" && p.Terminal()
}

// notice tells what is not a message. Names, topics and reasons in it are a
// stranger's text, too.
func (o *printer) notice(format string, args ...any) {
	show.Fprintf(o.p.Stderr, "bus: %s\n", fmt.Sprintf(format, args...))
}

func (o *printer) print(d wire.Delivery) error {
	var err error
	switch {
	case o.json:
		var line []byte
		if line, err = event.Canonical(d.Tree); err == nil {
			_, err = show.Fprintf(o.p.Stdout, "%s\n", line)
		}
	case o.pretty:
		var line []byte
		if line, err = event.Canonical(d.Tree); err == nil {
			_, err = show.Fprintf(o.p.Stdout, "%s\n", show.Clean(indent(line)))
		}
	default:
		_, err = show.Fprintln(o.p.Stdout, o.sentence(d))
	}
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

// sentence is the line that a person reads: when, what, and a link.
func (o *printer) sentence(d wire.Delivery) show.Clean {
	text, link := d.Envelope.Title, d.Envelope.Link
	if text == "" {
		text, link = say(o.catalog, d.Envelope)
	}
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
		return show.Clean(at + "  " + mark + show.Line(text) + show.Line(link))
	}
	return show.Clean(dim + at + reset + "  " + yellow + mark + reset + bold + show.Line(text) + reset + dim + show.Line(link) + reset)
}

// say finds the sentence of a message that brings none. Kinds that are not ours are said by
// topic and body, as far as that fits on a line.
func say(catalog event.Catalog, e event.Envelope) (text, link string) {
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
