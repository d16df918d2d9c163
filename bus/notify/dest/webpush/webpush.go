// Package webpush shows notes in browsers, also where no page is open: Web Push
// (RFC 8030), encrypted for the browser alone (RFC 8291), by a sender whom its push
// service knows (RFC 8292). An address is a subscription, as the browser made it.
//
// What the browser does with it stands in page/: the service worker that shows a note,
// and the few lines with which a page subscribes.
//
// Not here: asking people whether they want it.
package webpush

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/config"
	"busbar/common/runes"
)

// Config is the [notify.webpush] table.
type Config struct {
	Key     string          `toml:"key" doc:"PEM file of the private key (P-256) by which push services know us. Browsers subscribe with its public half: another key is another sender. Make it with: openssl ecparam -name prime256v1 -genkey -noout."`
	Contact string          `toml:"contact" doc:"Whom push services may ask about us: mailto:NAME@DOMAIN, or a page with https://. Empty key and contact: no Web Push."`
	Keep    config.Duration `toml:"keep" doc:"For how long a push service keeps what a browser does not fetch, while it is not running."`
}

// DefaultConfig is the table before any file is read.
func DefaultConfig() Config { return Config{Keep: config.Duration(72 * time.Hour)} }

// mostKeep is what all push services take (RFC 8030 §5.2 lets them take less).
const mostKeep = 28 * 24 * time.Hour

type destination struct {
	keep   string // seconds
	vapid  *vapid
	guard  outside.Guard
	client *outside.Client
	now    func() time.Time
}

// Configured says that the destination is wanted.
func (c Config) Configured() bool { return c.Key != "" || c.Contact != "" }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.Key == "" {
		return nil
	}
	return []string{c.Key}
}

// Open reads the key.
func (c Config) Open(o outside.Config) (dest.Destination, error) {
	key, err := readKey(c.Key)
	if err != nil {
		return nil, err
	}
	if keep := time.Duration(c.Keep); keep < 0 || keep > mostKeep {
		return nil, fmt.Errorf("checking [notify.webpush] keep: %s is not between 0s and %s", keep, mostKeep)
	}
	v, err := newVAPID(key, c.Contact)
	if err != nil {
		return nil, err
	}
	d := &destination{keep: strconv.FormatInt(int64(time.Duration(c.Keep)/time.Second), 10), vapid: v, now: time.Now}
	if d.client, d.guard, err = o.Guarded(); err != nil {
		return nil, err
	}
	return d, nil
}

// PublicKey is what a page subscribes with: the key in base64url.
func (c Config) PublicKey() (string, error) {
	key, err := readKey(c.Key)
	if err != nil {
		return "", err
	}
	v, err := newVAPID(key, c.Contact)
	if err != nil {
		return "", err
	}
	return v.public, nil
}

func (d *destination) Traits() dest.Traits { return dest.Traits{Name: "webpush", Parallel: 8} }
func (d *destination) Close() error        { return d.client.Close() }

func (d *destination) Check(to string) error {
	_, err := parse(to, d.guard)
	return err
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	s, err := parse(n.To, d.guard)
	if err != nil {
		return dest.Refused(err)
	}
	plain, err := payload(n)
	if err != nil {
		return dest.Refused(err)
	}
	body, err := encrypt(plain, s.browser, s.auth)
	if err != nil {
		return dest.Refused(err)
	}
	authorization, err := d.vapid.header(s.endpoint, d.now())
	if err != nil {
		return err
	}
	urgency := "normal"
	if n.Kind == dest.Digest || n.Kind == dest.Summary {
		urgency = "low"
	}
	// The service keeps one message of a topic: so a note that comes twice is shown
	// once where the browser was away. It is no bug or package: of two notes about one,
	// the first would be lost.
	topic := sha256.Sum256([]byte(n.ID))
	reply, err := d.client.Do(ctx, outside.Request{
		Method: http.MethodPost, URL: s.endpoint.String(), Body: body,
		Header: http.Header{
			"Authorization": {authorization}, "Content-Encoding": {"aes128gcm"}, "Content-Type": {"application/octet-stream"},
			"Ttl": {d.keep}, "Urgency": {urgency}, "Topic": {encoding.EncodeToString(topic[:24])},
		},
	})
	if err != nil {
		return outside.Alone(err)
	}
	if reply.Code == http.StatusNotFound { // as 410: the subscription has ended (RFC 8030 §7.3)
		return dest.Unreachable(reply.Err())
	}
	return reply.Verdict(true)
}

// A message is what the service worker gets.
type message struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Body  string `json:"body,omitempty"`
	Link  string `json:"link,omitempty"`
	Time  int64  `json:"time"` // milliseconds since 1970
}

const (
	mostTitle = 200 // bytes
	mostBody  = 1024
	mostLink  = 1024
)

// payload is the note in JSON, cut to what fits.
func payload(n dest.Note) ([]byte, error) {
	m := message{ID: n.ID, Title: cut(n.Subject, mostTitle), Time: n.Time.UnixMilli()}
	if len(n.Link) <= mostLink && dest.Web(n.Link) {
		m.Link = n.Link
	}
	for most := mostBody; ; most /= 2 {
		m.Body = cut(n.Text, most)
		text, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("making the payload: %w", err)
		}
		if len(text) <= mostPlain || most == 0 {
			return text, nil
		}
	}
}

func cut(s string, most int) string {
	if s, left := runes.Cut(s, most); left {
		return s + "…"
	}
	return s
}
