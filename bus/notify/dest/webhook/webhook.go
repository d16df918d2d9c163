// Package webhook posts notes to programs of people: JSON, signed as Standard Webhooks
// has it (common/webhook), with the message as it was published in it. The address is
// that of the program. Its id is the note's, so that whoever keeps ids sees a note once.
//
// Each address of each person has a secret of its own, made from the secret of the
// configuration: who knows one can forge nothing for others.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/outside"
	"busbar/common/secret"
	"busbar/common/webhook"
)

// Config is the [notify.webhook] table.
type Config struct {
	SecretFile string `toml:"secret_file" doc:"File of secrets, the newest first, one a line: whsec_ and 24 to 64 bytes in base64 (make one with: echo whsec_$(openssl rand -base64 32)). The secret of each address is made from them. Empty: no webhooks."`
}

type destination struct {
	secrets webhook.Secrets
	guard   outside.Guard
	client  *outside.Client
}

// Configured says that the destination is wanted.
func (c Config) Configured() bool { return c.SecretFile != "" }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	if c.SecretFile == "" {
		return nil
	}
	return []string{c.SecretFile}
}

// Open reads the secrets.
func (c Config) Open(o outside.Config) (dest.Destination, error) {
	secrets, err := webhook.ReadSecrets(c.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("opening [notify.webhook]: %w", err)
	}
	d := &destination{secrets: secrets}
	d.client, d.guard, err = o.Guarded()
	return d, err
}

// Secret is what the person tells the program at an address, in the form of Standard
// Webhooks.
func (c Config) Secret(person, address string) (secret.Text, error) {
	secrets, err := webhook.ReadSecrets(c.SecretFile)
	if err != nil {
		return secret.Text{}, fmt.Errorf("opening [notify.webhook]: %w", err)
	}
	key := []byte(derived(secrets, person, address)[0].Reveal())
	return secret.New("whsec_" + base64.StdEncoding.EncodeToString(key)), nil
}

// derived are the secrets of one address of one person, in the same order.
func derived(secrets webhook.Secrets, person, address string) webhook.Secrets {
	own := make(webhook.Secrets, len(secrets))
	for i, s := range secrets {
		mac := hmac.New(sha256.New, []byte(s.Reveal()))
		mac.Write([]byte("busbar notify webhook\x00" + person + "\x00" + address))
		own[i] = secret.New(string(mac.Sum(nil)))
	}
	return own
}

// The far side knows a note by its webhook-id.
func (d *destination) Traits() dest.Traits {
	return dest.Traits{Name: "webhook", Parallel: 8, Idempotent: true}
}

func (d *destination) Close() error { return d.client.Close() }

func (d *destination) Check(to string) error {
	if _, err := d.guard.URL(to); err != nil {
		return fmt.Errorf("checking a webhook: %w", err)
	}
	return nil
}

// A body is what is posted: the three members that Standard Webhooks advises. data is
// the message as published, for what was one; else a digest. It is added to the others.
type body struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
}

// A digest is the data of a note that is not one message.
type digest struct {
	Kind     dest.Kind `json:"kind"`
	Rule     string    `json:"rule"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	Link     string    `json:"link,omitempty"`
	Messages []line    `json:"messages"`
}

type line struct {
	ID    string    `json:"id"`
	Topic string    `json:"topic"`
	Time  time.Time `json:"time"`
	Title string    `json:"title"`
	Link  string    `json:"link,omitempty"`
}

func (d *destination) Send(ctx context.Context, n dest.Note) error {
	u, err := d.guard.URL(n.To)
	if err != nil {
		return dest.Refused(err)
	}
	text, err := bodyOf(n)
	if err != nil {
		return dest.Refused(err)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	derived(d.secrets, n.Person, n.To).Sign(h, n.ID, time.Now(), text)
	reply, err := d.client.Do(ctx, outside.Request{Method: http.MethodPost, URL: u.String(), Header: h, Body: text, Twice: true})
	if err != nil {
		return outside.Alone(err)
	}
	return reply.Verdict(true)
}

func bodyOf(n dest.Note) ([]byte, error) {
	b := body{Type: "notify." + string(n.Kind), Timestamp: n.Time.UTC()}
	var data []byte
	if len(n.Messages) == 1 && len(n.Messages[0].Wire) > 0 {
		b.Type, data = n.Messages[0].Topic, n.Messages[0].Wire
		if !json.Valid(data) {
			return nil, errors.New("making the body: the message is not JSON")
		}
	} else {
		d := digest{Kind: n.Kind, Rule: n.Rule, Subject: n.Subject, Text: n.Text, Link: n.Link, Messages: []line{}}
		for _, m := range n.Messages {
			d.Messages = append(d.Messages, line{m.ID, m.Topic, m.Time.UTC(), m.Title, m.Link})
		}
		var err error
		if data, err = json.Marshal(d); err != nil {
			return nil, fmt.Errorf("making the body: %w", err)
		}
	}
	head, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("making the body: %w", err)
	}
	// The message stays as it was published, byte by byte.
	return slices.Concat(head[:len(head)-1], []byte(`,"data":`), data, []byte("}")), nil
}
