package main

import (
	"context"
	"os/user"
	"strconv"
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
	// notesOwner says that who delivered a mail is noted for the policy; what that does
	// not ask for is never published.
	notesOwner bool
	// see, if set, looks at each mail that has just come.
	see func(translate.Item[any]) translate.Item[any]
}

func (c mails) Next(ctx context.Context) (translate.Item[any], []byte, func(error), error) {
	m, done, err := c.Channel.Next(ctx)
	if err != nil {
		return translate.Item[any]{}, nil, nil, err
	}
	it := translate.Item[any]{Origin: c.name + " " + m.Name, Raw: m.Raw, Received: m.Arrived}
	if c.notesOwner {
		it.Evidence = []event.Evidence{{Type: "pipe", Verdict: "none", Detail: userName(m.Owner)}}
	}
	return it, nil, done, nil
}

// userName is a user of this machine, or "uid N".
func userName(uid int) string {
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "uid " + number
}

// read parses a mail that Next handed out.
func (c mails) read(it translate.Item[any]) translate.Item[any] {
	parsed := newItem(it.Origin, it.Raw, it.Received, c.limit)
	parsed.Source, parsed.Recovered = it.Source, it.Recovered
	parsed.Evidence = append(parsed.Evidence, it.Evidence...)
	if c.see != nil {
		return c.see(parsed)
	}
	return parsed
}
