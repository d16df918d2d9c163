// Package lists says that a mailing list received a mail. It stands last in a
// table: it claims what bears a list's id and what no other translator knows,
// so that nothing said on a list is invisible.
//
// Only the envelope of the mail is published (who, where, about what). An event's
// time is the mail's Date header.
//
// Not here: the text of the mail, threads, and any service's own mails.
package lists

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/runes"
	"busbar/common/translate"
)

// Received is the body of lists.mail.receive.
type Received struct {
	List      string       `json:"list" doc:"the list's id (RFC 2919) in lower case, such as debian-devel.lists.debian.org"`
	From      event.Person `json:"from" doc:"who the mail says that it is from"`
	Subject   string       `json:"subject" doc:"decoded; may be empty"`
	MessageID string       `json:"message_id" doc:"without angle brackets; a digest, sha256:HEX, if the mail has none"`
	URL       string       `json:"url,omitempty" doc:"the mail in the list's archive, where the archive can be asked by Message-ID"`
}

var receiveKind = event.Define("lists.mail.receive", "a mailing list received a mail that no other service claims",
	func(b Received) string {
		s := fmt.Sprintf("%s wrote to %s", b.From.Short(), b.List)
		if b.Subject != "" {
			s += ": " + b.Subject
		}
		return s
	},
	func(b Received) string { return b.URL })

// Kinds is every kind that mailing lists yield.
func Kinds() event.Catalog { return event.Catalog{receiveKind} }

// Translator claims every mail with a list's id.
func Translator() translate.Translator[*mail.Message] {
	return translate.Translator[*mail.Message]{Name: "lists", Translate: toEvents, Kinds: Kinds(), Why: why}
}

// why names the list.
func why(it translate.Item[*mail.Message]) string {
	if id := it.Value.ListID(); id != "" {
		return "list id " + short(id)
	}
	return ""
}

// ReceiveKey names the fact that a list received a mail. A mail to several
// lists is a fact on each of them. list and messageID are as [mail.Message]'s
// ListID and the header's MessageID give them.
func ReceiveKey(list, messageID string) string {
	const sep = "/message/"
	if strings.Contains(list+"/", sep) || len(list) > maxLine || strings.HasPrefix(list, digestMark) {
		list = digest(list)
	}
	return "list/" + list + sep + messageID
}

func toEvents(it translate.Item[*mail.Message]) ([]event.Event, error) {
	m := it.Value
	list := m.ListID()
	if list == "" {
		return nil, translate.Skip("no list id")
	}
	if cut := m.Cut(); cut == mail.HeaderCut || cut != "" && m.Header.MessageID("Message-ID") == "" {
		return nil, translate.Poison("cut: %s", cut)
	}
	from := m.Header.Address("From")
	b := Received{
		List: short(list), From: event.Person{Name: short(from.Name), Email: short(from.Email)},
		Subject: short(m.Header.Get("Subject")), MessageID: messageID(m),
	}
	b.URL = archive(b.List, b.MessageID)
	at, _ := m.Header.Time("Date")
	return []event.Event{{Kind: receiveKind, Key: ReceiveKey(list, b.MessageID), Time: at, Body: b}}, nil
}

// messageID is the mail's own id. In place of none stands a digest of all that
// tells the mail from others: who wrote it, when, about what, and the body
// itself. An id that is too long to carry has its digest, and so has one that
// looks like a digest, which nobody may claim.
func messageID(m *mail.Message) string {
	id := m.Header.MessageID("Message-ID")
	switch {
	case id == "":
		h := m.Header
		return digest(h.Raw("From"), h.Raw("Date"), h.Raw("Subject"), m.BodyDigest())
	case len(id) > maxLine || strings.HasPrefix(id, digestMark):
		return digest(id)
	}
	return id
}

const digestMark = "sha256:"

// digest is one for each list of texts.
func digest(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return digestMark + hex.EncodeToString(h.Sum(nil))
}

// archive is the page of a mail on a Debian list, which its archive finds by
// Message-ID, if that is plain text.
func archive(list, id string) string {
	if !strings.HasSuffix(list, ".lists.debian.org") || strings.HasPrefix(id, digestMark) || strings.Contains(id, `\x`) {
		return ""
	}
	return "https://lists.debian.org/msgid-search/" + url.PathEscape(id)
}

// maxLine bounds each value, in bytes.
const maxLine = 1000

// short cuts s at maxLine, whole characters only.
func short(s string) string {
	s, _ = runes.Cut(s, maxLine)
	return s
}
