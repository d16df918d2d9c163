// Package matrix says notes in rooms of Matrix, by its client-server API (v3): the
// account joins a room when it first has something to say there. The server knows a
// note by its id (txnId), so that one that comes twice is seen once.
//
// Not here: encrypted rooms. What the bus says is public.
package matrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"sync"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/secret"
)

// Config is the [notify.matrix] table.
type Config struct {
	Server    string `toml:"server" doc:"The homeserver, such as https://matrix.example.org. Empty: no Matrix."`
	TokenFile string `toml:"token_file" doc:"File whose first line is the access token of the account that speaks."`
}

const (
	mostText  = 16 << 10 // bytes of each form: an event has 64 KiB at most
	mostRooms = 4096     // that are remembered
)

// roomForm is a room's id, or its alias (appendices, "Identifier grammar"). Ids of newer
// rooms have no server in them.
var roomForm = pattern.New(`^(![^\s:\pC]{1,200}(:[A-Za-z0-9.:\[\]-]{1,230})?|#[^\s:\pC]{1,200}:[A-Za-z0-9.:\[\]-]{1,230})$`)

type destination struct {
	server string
	token  secret.Text
	client *outside.Client

	mu    sync.Mutex
	rooms map[string]string // what was joined: the address, and the room's id
}

// Configured says that the destination is wanted.
func (c Config) Configured() bool { return c.Server != "" }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.TokenFile == "" {
		return nil
	}
	return []string{c.TokenFile}
}

// Open reads the token.
func (c Config) Open(o outside.Config) (dest.Destination, error) {
	if !dest.Web(c.Server) {
		return nil, fmt.Errorf("checking [notify.matrix] server: %q is no address such as https://matrix.example.org", c.Server)
	}
	token, err := secret.FirstLine(c.TokenFile)
	if err == nil && token.Empty() {
		err = errors.New("it holds none, or is not set")
	}
	if err != nil {
		return nil, fmt.Errorf("reading [notify.matrix] token_file: %w", err)
	}
	d := &destination{server: c.Server, token: token, rooms: map[string]string{}}
	d.client, err = o.Open()
	return d, err
}

func (d *destination) Traits() dest.Traits {
	return dest.Traits{Name: "matrix", Parallel: 4, Idempotent: true}
}

func (d *destination) Close() error { return d.client.Close() }

func (d *destination) Check(to string) error {
	if len(to) > 255 || !roomForm.MatchString(to) {
		return errors.New("checking a Matrix room: it is neither an id such as !abc:example.org nor an alias such as #room:example.org")
	}
	return nil
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	if err := d.Check(n.To); err != nil {
		return dest.Refused(err)
	}
	room, err := d.join(ctx, n.To)
	if err != nil {
		return err
	}
	body, err := json.Marshal(content(n))
	if err != nil {
		return dest.Refused(fmt.Errorf("making the message: %w", err))
	}
	reply, err := d.ask(ctx, http.MethodPut, []string{"rooms", room, "send", "m.room.message", n.ID}, body)
	if err != nil {
		return err
	}
	if reply.Code == http.StatusForbidden || reply.Code == http.StatusNotFound { // it may have been thrown out
		d.forget(n.To)
	}
	return verdict(reply)
}

// join makes sure that the account is in a room, and gives the room's id.
func (d *destination) join(ctx context.Context, to string) (string, error) {
	d.mu.Lock()
	room, known := d.rooms[to]
	d.mu.Unlock()
	if known {
		return room, nil
	}
	reply, err := d.ask(ctx, http.MethodPost, []string{"join", to}, []byte("{}"))
	if err != nil {
		return "", err
	}
	if err := verdict(reply); err != nil {
		e := dest.FateOf(err)
		e.Err = fmt.Errorf("joining %s: %w", to, err)
		return "", &e
	}
	var joined struct {
		Room string `json:"room_id"`
	}
	if err := json.Unmarshal(reply.Body, &joined); err != nil || !roomForm.MatchString(joined.Room) {
		return "", fmt.Errorf("joining %s: the server's answer names no room", to)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.rooms) >= mostRooms {
		clear(d.rooms)
	}
	d.rooms[to] = joined.Room
	return joined.Room, nil
}

func (d *destination) forget(to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rooms, to)
}

func (d *destination) ask(ctx context.Context, method string, path []string, body []byte) (*outside.Reply, error) {
	u, err := url.Parse(d.server)
	if err != nil {
		return nil, errors.New("checking [notify.matrix] server: it cannot be read")
	}
	for i, part := range path {
		path[i] = url.PathEscape(part)
	}
	u = u.JoinPath(append([]string{"_matrix", "client", "v3"}, path...)...)
	return d.client.Do(ctx, outside.Request{
		Method: method, URL: u.String(), Body: body, Twice: true,
		Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + d.token.Reveal()}},
	})
}

// verdict reads an answer with Matrix's own words for errors.
func verdict(r *outside.Reply) error {
	if r.OK() {
		return nil
	}
	var said struct {
		Code string `json:"errcode"`
		Wait int64  `json:"retry_after_ms"`
	}
	_ = json.Unmarshal(r.Body, &said) // what is no JSON says nothing
	switch {
	case r.Code == http.StatusUnauthorized:
		return fmt.Errorf("%w (look at [notify.matrix] token_file)", r.Err())
	case said.Code == "M_LIMIT_EXCEEDED":
		return dest.Later(r.Err(), max(r.Wait(), time.Duration(min(max(said.Wait, 0), 1<<32))*time.Millisecond))
	case said.Code == "M_USER_DEACTIVATED", said.Code == "M_UNRECOGNIZED":
		return fmt.Errorf("%w (look at [notify.matrix])", r.Err())
	}
	return r.Verdict(false)
}

// content is a message of type m.notice: to which no program answers, and which calls
// nobody by name.
func content(n dest.Note) map[string]any {
	plain, rich := n.Subject, "<p><strong>"+html.EscapeString(n.Subject)+"</strong></p>\n"
	if dest.Web(n.Link) {
		plain += "\n" + n.Link
		rich += dest.Note{Text: n.Link}.HTML()
	}
	text, left := runes.Cut(n.Text, mostText)
	if left {
		text += "…"
	}
	if text != "" {
		plain += "\n\n" + text
		rich += dest.Note{Text: text}.HTML()
	}
	c := map[string]any{"msgtype": "m.notice", "body": plain, "m.mentions": map[string]any{}}
	if len(rich) <= 2*mostText {
		c["format"], c["formatted_body"] = "org.matrix.custom.html", rich
	}
	return c
}
