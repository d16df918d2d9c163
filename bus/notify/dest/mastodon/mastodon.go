// Package mastodon says notes by an account of Mastodon (its API, version 1): to people
// who are named, or in the account's timeline. The server knows a note by its id for an
// hour (Idempotency-Key), so that one that comes twice within it is seen once.
package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/pattern"
	"busbar/common/secret"
)

// Config is the [notify.mastodon] table.
type Config struct {
	Server    string `toml:"server" doc:"The server of the account that speaks, such as https://mastodon.example.org. Empty: no Mastodon."`
	TokenFile string `toml:"token_file" doc:"File whose first line is an access token of that account, with the scope write:statuses."`
	Length    int    `toml:"length" doc:"The longest status that the server takes, in characters."`
}

// DefaultConfig is the table before any file is read.
func DefaultConfig() Config { return Config{Length: 500} }

// linkLength is what a link counts, whatever its length.
const linkLength = 23

// toForm is a timeline, or a person: @jane of our server, @jane@example.org of another.
var toForm = pattern.New(`^(public|unlisted|private|@[A-Za-z0-9_]{1,64}(@[A-Za-z0-9.-]{1,253})?)$`)

type destination struct {
	server string
	length int
	token  secret.Text
	client *outside.Client
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
		return nil, fmt.Errorf("checking [notify.mastodon] server: %q is no address such as https://mastodon.example.org", c.Server)
	}
	if c.Length < 200 {
		return nil, fmt.Errorf("checking [notify.mastodon] length: %d is less than 200", c.Length)
	}
	token, err := secret.FirstLine(c.TokenFile)
	if err == nil && token.Empty() {
		err = errors.New("it holds none, or is not set")
	}
	if err != nil {
		return nil, fmt.Errorf("reading [notify.mastodon] token_file: %w", err)
	}
	d := &destination{server: strings.TrimRight(c.Server, "/"), length: c.Length, token: token}
	d.client, err = o.Open()
	return d, err
}

func (d *destination) Traits() dest.Traits {
	return dest.Traits{Name: "mastodon", Idempotent: true}
}

func (d *destination) Close() error { return d.client.Close() }

func (d *destination) Check(to string) error {
	if !toForm.MatchString(to) {
		return errors.New("checking an address of Mastodon: it is neither @NAME@SERVER, nor public, unlisted or private")
	}
	return nil
}

// A status is what is posted.
type status struct {
	Status     string `json:"status"`
	Visibility string `json:"visibility"`
	Language   string `json:"language"`
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	if err := d.Check(n.To); err != nil {
		return dest.Refused(err)
	}
	body, err := json.Marshal(statusOf(n, d.length))
	if err != nil {
		return dest.Refused(fmt.Errorf("making the status: %w", err))
	}
	reply, err := d.client.Do(ctx, outside.Request{
		Method: http.MethodPost, URL: d.server + "/api/v1/statuses", Body: body, Twice: true,
		Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + d.token.Reveal()}, "Idempotency-Key": {n.ID}},
	})
	if err != nil {
		return err
	}
	switch reply.Code {
	case http.StatusUnauthorized, http.StatusForbidden: // the account's fault, and no note's
		return fmt.Errorf("%w (look at [notify.mastodon] token_file: the token needs the scope write:statuses)", reply.Err())
	case http.StatusConflict: // the same note is in work there
		return dest.One(reply.Err())
	case http.StatusTooManyRequests:
		if at, err := time.Parse(time.RFC3339, reply.Header.Get("X-Ratelimit-Reset")); err == nil {
			return dest.Later(reply.Err(), max(time.Until(at), reply.Wait(), time.Second))
		}
	}
	return reply.Verdict(false)
}

// statusOf fits the note into so many characters: whom it is for, the subject, the
// link, and of the text what there is room for.
func statusOf(n dest.Note, most int) status {
	s := status{Visibility: n.To, Language: "en"}
	room, head := most, ""
	if strings.HasPrefix(n.To, "@") {
		s.Visibility, head = "direct", n.To+" "
		room -= utf8.RuneCountInString(head)
	}
	link := ""
	if dest.Web(n.Link) {
		link = "\n" + n.Link
		room -= 1 + linkLength
	}
	subject := cut(unnamed(n.Subject), room)
	room -= utf8.RuneCountInString(subject) + 2 + linkLength*strings.Count(subject+n.Text, "://")
	text := ""
	if room > 80 {
		if text = cut(unnamed(strings.TrimRight(n.Text, "\n")), room); text != "" {
			text = "\n\n" + text
		}
	}
	s.Status = head + subject + text + link
	return s
}

// unnamed has no @ that would call somebody: what strangers write calls nobody. The @ of
// a mail address, which stands behind a letter, calls nobody anyway.
func unnamed(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	before := ' '
	return strings.Map(func(r rune) rune {
		was := before
		before = r
		if r == '@' && !(unicode.IsLetter(was) || unicode.IsDigit(was)) {
			return '＠'
		}
		return r
	}, text)
}

// cut is at most so many characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	r := []rune(s)
	return string(r[:max(0, most-1)]) + "…"
}
