package main

import (
	"context"
	"time"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
	"busbar/mail2bus/maildir"
)

// newItem parses a mail and notes who vouches for it. Nothing is verified yet:
// the evidence says what the mail claims, and which bytes made the claim.
func newItem(origin string, raw []byte, received time.Time, limit int64) translate.Item[*mail.Message] {
	m := mail.Parse(raw, mail.Limits{Bytes: limit})
	it := translate.Item[*mail.Message]{Origin: origin, Value: m, Received: received}
	note := func(kind, detail string) {
		if detail != "" {
			it.Evidence = append(it.Evidence, event.Evidence{Type: kind, Verdict: "none", Detail: detail})
		}
	}
	note("mail", "sha256:"+m.Digest)
	note("message-id", bound(m.Header.MessageID("Message-ID")))
	note("list", bound(m.ListID()))
	return it
}

// bound keeps a claim short: it travels in every message.
func bound(s string) string {
	const most = 200
	if len(s) > most {
		return ""
	}
	return s
}

// mails is a Maildir as a channel of mails that are not parsed yet.
type mails struct {
	dir   *maildir.Channel
	name  string // for origins
	limit int64
}

func (c mails) Next(ctx context.Context) (translate.Item[*mail.Message], []byte, func(error), error) {
	m, done, err := c.dir.Next(ctx)
	if err != nil {
		return translate.Item[*mail.Message]{}, nil, nil, err
	}
	unread := &mail.Message{Raw: m.Raw, Size: len(m.Raw)}
	return translate.Item[*mail.Message]{Origin: c.name + " " + m.Name, Value: unread, Received: m.Arrived}, nil, done, nil
}

// read parses a mail that Next handed out.
func (c mails) read(it translate.Item[*mail.Message]) translate.Item[*mail.Message] {
	return newItem(it.Origin, it.Value.Raw, it.Received, c.limit)
}

// raw is what is kept of a mail that cannot be read.
func raw(m *mail.Message) ([]byte, string) { return m.Raw, m.Digest }
