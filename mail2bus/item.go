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
func newItem(origin string, raw []byte, received time.Time, limit int64) translate.Item[any] {
	m := mail.Parse(raw, mail.Limits{Bytes: limit})
	it := translate.Item[any]{Origin: origin, Value: m, Raw: m.Raw, Digest: m.Digest, Received: received}
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
	*maildir.Channel
	name  string // for origins
	limit int64
}

func (c mails) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	m, done, err := c.Channel.Next(ctx)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	return translate.Item[any]{Origin: c.name + " " + m.Name, Raw: m.Raw, Received: m.Arrived}, nil, done, nil
}

// read parses a mail that Next handed out.
func (c mails) read(it translate.Item[any]) translate.Item[any] {
	return newItem(it.Origin, it.Raw, it.Received, c.limit)
}
