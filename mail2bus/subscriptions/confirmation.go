package subscriptions

import (
	"strings"

	"busbar/common/mail"
	"busbar/common/runes"
)

// A Confirmation is a mail by which a list manager asks whether a wish is one.
type Confirmation struct {
	Manager string
	List    string // lower case
	Leave   bool
	Answer  Mail   // what confirms it
	To      string // the one address that it came to; empty: there is no one
	// Unclear is why a person must read it first: whom or what it is about cannot be known
	// for sure. Empty: that is known.
	Unclear string
	// Stray says that it looks like one, but was not sent by the list that it would be of.
	Stray bool

	words   string   // must have the address among them; empty: they are not looked at
	target  string   // of ezmlm: whom it is about, with = for @
	answers []string // the ids of the mails that it answers
	loop    bool     // it is an answer of a program to one of ours, or passed here before
	id      string   // its Message-ID
	digest  string
	raw     []byte // all of it
}

// stray is a confirmation of which nothing is to be believed.
func (c *Confirmation) stray() *Confirmation {
	return &Confirmation{Manager: c.Manager, Stray: true}
}

// Find recognises a confirmation of any list manager; nil: the mail is none.
func Find(m *mail.Message) *Confirmation {
	l := read(m)
	for _, manager := range managers() {
		c := manager.find(l)
		if c == nil {
			continue
		}
		if l.doubtful {
			c = c.stray()
		}
		c.To, c.loop, c.id, c.digest, c.raw = l.to, l.loop, m.Header.MessageID("Message-ID"), m.Digest, m.Raw
		c.answers = append(m.Header.MessageIDs("In-Reply-To"), m.Header.MessageIDs("References")...)
		return c
	}
	return nil
}

// A letter is what of a mail tells whether it is a confirmation.
type letter struct {
	from, to, replyTo string // of each the one address; empty: there is none, or several
	subject           string
	// doubtful says that a field is there twice: programs do not agree on which counts.
	doubtful bool
	loop     bool
	body     *mail.Part
}

func read(m *mail.Message) *letter {
	l := &letter{from: one(m, "From"), to: one(m, "To"), replyTo: one(m, "Reply-To"), subject: m.Header.Get("Subject"), body: m.Body}
	for _, name := range []string{"From", "To", "Reply-To", "Subject"} {
		l.doubtful = l.doubtful || len(m.Header.Values(name)) > 1
	}
	for _, loop := range m.Header.Values("X-Loop") {
		l.loop = l.loop || l.to != "" && strings.EqualFold(strings.TrimSpace(loop), l.to)
	}
	return l
}

// one is the one address in a field; empty: it has none, or several, or one with
// characters that none of ours has.
func one(m *mail.Message, name string) string {
	all := m.Header.Addresses(name)
	if len(all) != 1 || checkAddress(all[0].Email, maxDomain) != nil { // ezmlm's are long
		return ""
	}
	return all[0].Email
}

// sentBy is the list of whose command address the mail is, lower case.
func (l *letter) sentBy(suffix string) (list string, ok bool) {
	local, domain := parts(l.from)
	name, ok := cutFold(local, suffix)
	return strings.ToLower(name + "@" + domain), ok && name != ""
}

// words are those of the mail's text, in lower case with single spaces between them;
// none of a mail that has several parts.
func (l *letter) words() string {
	const most = 64 << 10
	text, _ := runes.Cut(l.body.Text, most)
	return strings.Join(strings.Fields(strings.ToLower(text)), " ")
}
