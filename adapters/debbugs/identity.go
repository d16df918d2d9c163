package debbugs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"busbar/common/mail"
	"busbar/common/pattern"
	"busbar/common/runes"
)

// identity names a mail among all others that came to the tracker, by the bytes
// of its Message-ID. A mail without one is named by a digest of what the tracker
// tells of it by mail and by SOAP alike; sum is its text's [TextSum].
func identity(h mail.Header, sum func() string) string {
	at := trace(h)
	if id := ownID(h); id != "" && !internal(h) { // those have one id all
		if strings.HasPrefix(id, digestMark) { // nobody may claim a digest
			return digest(id)
		}
		return id
	}
	for _, id := range h.MessageIDs("Resent-Message-ID") {
		if at == "" && strings.HasPrefix(id, "handler.") {
			return id
		}
	}
	subject := plain(bareSubject(h))
	if subject == "" {
		subject = plain(noSubject)
	}
	from := sender(h).Email
	if from == "" {
		from = h.Get("From")
	}
	var b strings.Builder
	b.WriteString("a mail without an id\n") // a line end, which no field has
	for _, v := range []string{plain(at), plain(from), plain(h.Get("Date")), subject, plain(h.Get("Content-Type")), sum()} {
		fmt.Fprintf(&b, "%d:%s", len(v), v)
	}
	return digest(b.String())
}

const digestMark = "sha256:"

// before is what the tracker may put before a subject, or take off it, when it
// passes a mail on: however often that stands there, and of a list's mail its
// name.
var (
	before       = pattern.New(`(?i)^(?:\s+|bug ?#\d+:*|re:)+`)
	beforeListed = pattern.New(`(?i)^(?:\s+|bug ?#\d+:*|re:|\[.*\])+`)
)

// bareSubject is the subject without that.
func bareSubject(h mail.Header) string {
	if isListed(h) {
		return beforeListed.ReplaceAllString(h.Get("Subject"), "")
	}
	return before.ReplaceAllString(h.Get("Subject"), "")
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return digestMark + hex.EncodeToString(sum[:])
}

// mailIdentity is the identity of a whole mail.
func mailIdentity(m *mail.Message) string {
	return identity(m.Header, func() string { return TextSum(m.Text()) })
}

// ownID is the id that the mail's sender gave, in bytes; "" if there is none.
func ownID(h mail.Header) string {
	return IDIn(h.Raw("Message-ID"))
}

// IDIn reads the value of a field with one id, as mails and the tracker's
// records have it; "" if it has none.
func IDIn(value string) string {
	if strings.Contains(value, "=?") {
		value = unwrap(value)
	}
	return mail.Parse([]byte("Message-ID: "+strings.NewReplacer("\n", " ", "\r", " ").Replace(value)+"\n\n"), mail.Limits{}).Header.MessageID("Message-ID")
}

// trace is how the tracker says that it received the mail.
func trace(h mail.Header) string {
	for _, v := range h.Values("Received") {
		if strings.HasPrefix(v, "(at ") {
			return v
		}
	}
	return ""
}

// internal tells whether the mail is a record that one of the tracker's own
// programs wrote into a log, such as the nightly one that archives bugs (debbugs:
// Debbugs/Control, templates/en_US/mail/fake_control_message). Nobody sent it.
func internal(h mail.Header) bool { return strings.HasPrefix(trace(h), "(at fakecontrol)") }

// plain is a text without blanks, and with a mark for whatever is not ASCII:
// that is decoded in more ways than one.
func plain(s string) string {
	var b strings.Builder
	marked := false
	for _, r := range s {
		switch {
		case r >= utf8.RuneSelf:
			if !marked {
				b.WriteByte('?')
			}
			marked = true
		case r > ' ' && r != 0x7f:
			b.WriteRune(r)
			marked = false
		}
	}
	return b.String()
}

// TextSum is a digest of a mail's text, the same for the text as it was sent and
// as the tracker keeps it: without a signature's armour, blanks at the ends of
// lines, and blank lines around it.
func TextSum(text string) string {
	text, _ = runes.Cut(text, mail.DefaultLimits().Text)
	if signed, _, ok := mail.Clearsigned(text); ok {
		text = signed
	}
	h := sha256.New()
	blank, begun := 0, false
	for l := range strings.Lines(text) {
		if l = strings.TrimRight(l, " \t\r\n"); l == "" {
			blank++
			continue
		}
		if begun {
			h.Write([]byte(strings.Repeat("\n", blank+1)))
		}
		h.Write([]byte(l))
		blank, begun = 0, true
	}
	return hex.EncodeToString(h.Sum(nil))
}
