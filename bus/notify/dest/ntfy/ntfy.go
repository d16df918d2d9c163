// Package ntfy brings notes to phones by ntfy: a request with JSON, as ntfy's
// documentation on publishing has it ("Publish as JSON"). An address is a topic of the
// configured server, or a topic's whole address anywhere.
//
// Not here: subscribing, which ntfy's own programs do.
package ntfy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/secret"
)

// Config is the [notify.ntfy] table.
type Config struct {
	Enabled   bool   `toml:"enabled" doc:"Send by ntfy also where no server is configured: to whole addresses alone."`
	Server    string `toml:"server" doc:"The server of addresses that are a topic alone, such as https://ntfy.example.org. Empty: an address names its server."`
	TokenFile string `toml:"token_file" doc:"File whose first line is an access token of that server. Empty: none."`
}

const (
	// mostMessage is the longest message that ntfy shows as one, in bytes: what is longer
	// becomes an attachment, or is refused.
	mostMessage = 4096
	mostTitle   = 250
)

// topicForm is ntfy's, and that of its sequence ids.
var topicForm = pattern.New(`^[-_A-Za-z0-9]{1,64}$`)

type destination struct {
	server string // ends in /; empty: none
	token  secret.Text
	guard  outside.Guard
	own    *outside.Client // of the configured server
	others *outside.Client
}

// Configured says that the destination is wanted.
func (c Config) Configured() bool { return c.Enabled || c.Server != "" }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.TokenFile == "" {
		return nil
	}
	return []string{c.TokenFile}
}

// Open reads the token.
func (c Config) Open(o outside.Config) (dest.Destination, error) {
	d := &destination{}
	var err error
	if c.Server != "" {
		if !dest.Web(c.Server) {
			return nil, fmt.Errorf("checking [notify.ntfy] server: %q is no address such as https://ntfy.example.org", c.Server)
		}
		d.server = strings.TrimRight(c.Server, "/") + "/"
	}
	if d.token, err = secret.FirstLine(c.TokenFile); err != nil {
		return nil, fmt.Errorf("reading [notify.ntfy] token_file: %w", err)
	}
	if d.others, d.guard, err = o.Guarded(); err != nil {
		return nil, err
	}
	d.own, err = o.Open()
	return d, err
}

func (d *destination) Traits() dest.Traits { return dest.Traits{Name: "ntfy", Parallel: 4} }

func (d *destination) Close() error { return errors.Join(d.own.Close(), d.others.Close()) }

// A target is where a note goes.
type target struct {
	server string
	topic  string
	own    bool
}

func (d *destination) target(to string) (target, error) {
	t := target{d.server, to, true}
	if strings.Contains(to, ":") {
		u, err := d.guard.URL(to)
		if err != nil {
			return t, err
		}
		if u.RawQuery != "" {
			return t, errors.New("it has a ? in it")
		}
		server, topic, _ := strings.Cut(strings.TrimPrefix(to, u.Scheme+"://"), "/")
		t = target{u.Scheme + "://" + server + "/", topic, false}
	}
	switch {
	case !topicForm.MatchString(t.topic):
		return t, errors.New("its topic is not 1 to 64 letters, digits, - and _")
	case t.server == "":
		return t, errors.New("it names no server, and none is configured ([notify.ntfy] server): give the topic's whole address")
	}
	return t, nil
}

func (d *destination) Check(to string) error {
	if _, err := d.target(to); err != nil {
		return fmt.Errorf("checking an ntfy topic: %w", err)
	}
	return nil
}

// A message is what ntfy takes.
type message struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags,omitempty"`
	Click    string   `json:"click,omitempty"`
	// Sequence is one for a note that comes twice: from ntfy 2.16 on, the second takes
	// the place of the first. Older servers leave it out.
	Sequence string `json:"sequence_id,omitempty"`
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	t, err := d.target(n.To)
	if err != nil {
		return dest.Refused(err)
	}
	body, err := json.Marshal(messageOf(n, t.topic))
	if err != nil {
		return dest.Refused(fmt.Errorf("making the message: %w", err))
	}
	r := outside.Request{Method: http.MethodPost, URL: t.server, Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
	client := d.others
	if t.own {
		client = d.own
		if !d.token.Empty() {
			r.Header.Set("Authorization", "Bearer "+d.token.Reveal())
		}
	}
	reply, err := client.Do(ctx, r)
	switch {
	case err != nil && !t.own:
		return outside.Alone(err)
	case err != nil:
		return err
	case t.own && reply.Code == http.StatusUnauthorized: // no note's fault
		return fmt.Errorf("%w (look at [notify.ntfy] token_file)", reply.Err())
	}
	return reply.Verdict(!t.own)
}

func messageOf(n dest.Note, topic string) message {
	m := message{Topic: topic, Title: cut(n.Subject, mostTitle), Message: cut(strings.TrimRight(n.Text, "\n"), mostMessage), Priority: 3}
	if m.Message == "" {
		m.Message = m.Title
	}
	if n.Kind == dest.Digest || n.Kind == dest.Summary {
		m.Priority = 2
	}
	if dest.Web(n.Link) {
		m.Click = n.Link
	}
	if topicForm.MatchString(n.ID) {
		m.Sequence = n.ID
	}
	for _, about := range n.Messages[:min(len(n.Messages), 1)] {
		if topicForm.MatchString(about.Keyword) {
			m.Tags = []string{about.Keyword}
		}
	}
	return m
}

func cut(s string, most int) string {
	const more = "…"
	if cut, left := runes.Cut(s, most-len(more)); left && len(s) > most {
		return cut + more
	}
	return s
}
