package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/pattern"
	"busbar/common/runes"
	"busbar/common/show"
)

// Bounds on what a mail becomes.
const (
	maxSubject = 300
	maxText    = 512 << 10
)

// token is what may stand in a header as it is: names of packages, topics, ids.
var token = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.+_~:/-]{0,200}$`)

// A writer writes headers that nobody's text can leave: each line is one of ours.
type writer struct{ bytes.Buffer }

// header writes a field whose value may be anybody's: what is no ASCII is encoded
// (RFC 2047), and long ones are folded.
func (w *writer) header(name, value string) {
	value = strings.Join(strings.Fields(show.Line(value)), " ")
	value = strings.ReplaceAll(value, "=?", "= ?") // what looks like an encoded word is none
	value, _ = runes.Cut(value, maxSubject)
	if value == "" {
		return
	}
	if encoded := mime.QEncoding.Encode("utf-8", value); encoded != value {
		w.raw(name, encoded)
		return
	}
	var b strings.Builder
	length := len(name) + 2
	for i, word := range strings.Split(value, " ") {
		if i > 0 {
			if length+len(word) > 76 {
				b.WriteString("\r\n")
				length = 0
			}
			b.WriteByte(' ')
		}
		b.WriteString(word)
		length += len(word) + 1
	}
	w.raw(name, b.String())
}

// token writes a field if its value needs no encoding.
func (w *writer) token(name, value string) {
	if token.MatchString(value) {
		w.raw(name, value)
	}
}

func (w *writer) raw(name, value string) { fmt.Fprintf(&w.Buffer, "%s: %s\r\n", name, value) }

// compose is a note as a mail (RFC 5322).
func (d *Destination) compose(n dest.Note, now time.Time) []byte {
	var w writer
	domain := d.domain
	w.raw("Date", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	w.raw("From", (&netmail.Address{Name: d.from.Name, Address: d.from.Address}).String())
	w.raw("To", "<"+n.To+">")
	w.header("Subject", n.Subject)
	w.raw("Message-ID", "<"+n.ID+"@"+domain+">")
	if n.Kind == dest.Answer {
		d.answer(&w, n)
	} else if n.Thread != "" {
		root := "<thread." + digest(n.Thread) + "@" + domain + ">"
		w.raw("In-Reply-To", root)
		w.raw("References", root)
	}
	if n.Kind != dest.Answer {
		w.raw("List-Id", "<"+dest.Slug(n.Rule)+"."+dest.Slug(n.Person)+".notify."+domain+">")
		d.unsubscribe(&w, n)
		w.raw("Auto-Submitted", "auto-generated")
		w.header("X-Busbar-Rule", n.Rule)
	}
	w.raw("Precedence", "bulk")
	w.raw("X-Loop", d.from.Address)
	w.raw("X-Busbar-Kind", string(n.Kind))
	about(&w, n)
	w.raw("MIME-Version", "1.0")
	boundary := "=_" + digest(n.ID)
	w.raw("Content-Type", `multipart/alternative; boundary="`+boundary+`"`)
	n.Text, _ = runes.Cut(n.Text, maxText)
	n.Text += footer(n)
	page := "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head><body>\n" + n.HTML() + "</body></html>\n"
	for _, part := range [][2]string{{"plain", n.Text}, {"html", page}} {
		fmt.Fprintf(&w.Buffer, "\r\n--%s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", boundary, part[0])
		q := quotedprintable.NewWriter(&w.Buffer)
		_, _ = q.Write([]byte(part[1])) // into memory
		_ = q.Close()
	}
	fmt.Fprintf(&w.Buffer, "\r\n--%s--\r\n", boundary)
	return w.Bytes()
}

// messageID is one that can be named in a header as it is (RFC 5322 §3.6.4).
var messageID = pattern.New("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}@[A-Za-z0-9!#$%&'*+/=?^_`{|}~.:\\[\\]-]{1,200}$")

// answer writes what an answer has (RFC 3834 §3.1).
func (d *Destination) answer(w *writer, n dest.Note) {
	if messageID.MatchString(n.Re) {
		w.raw("In-Reply-To", "<"+n.Re+">")
		w.raw("References", "<"+n.Re+">")
	}
	if d.config.Control != "" {
		w.raw("Reply-To", "<"+d.config.Control+">")
	}
	w.raw("Auto-Submitted", "auto-replied")
}

// about writes what filters look at: the headers that subscribers of Debian's package
// tracker know (distro-tracker; X-PTS-… before it), where all of the note agrees on them.
func about(w *writer, n dest.Note) {
	if len(n.Messages) == 0 {
		return
	}
	first := n.Messages[0]
	same := func(of func(dest.Message) string) string {
		value := of(first)
		for _, m := range n.Messages {
			if of(m) != value {
				return ""
			}
		}
		return value
	}
	pkg := same(func(m dest.Message) string { return m.Package })
	word := same(func(m dest.Message) string { return m.Keyword })
	for _, prefix := range []string{"X-Distro-Tracker-", "X-PTS-"} {
		w.token(prefix+"Package", pkg)
		w.token(prefix+"Keyword", word)
	}
	if bug := same(func(m dest.Message) string { return fmt.Sprint(m.Bug) }); bug != "0" {
		w.token("X-Busbar-Bug", bug)
	}
	w.token("X-Busbar-Topic", same(func(m dest.Message) string { return m.Topic }))
	if len(n.Messages) == 1 {
		w.token("X-Busbar-Event", first.ID)
	}
	w.raw("X-Busbar-Event-Date", n.Time.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}

// unsubscribe writes how to get no more (RFC 2369, and RFC 8058 where one click does).
func (d *Destination) unsubscribe(w *writer, n dest.Note) {
	var ways []string
	if dest.Web(n.Stop) && strings.HasPrefix(n.Stop, "https://") {
		ways = append(ways, "<"+n.Stop+">")
	}
	if d.config.Unsubscribe != "" {
		ways = append(ways, "<mailto:"+d.config.Unsubscribe+"?subject=unsubscribe%20"+unsubscribed(n.Rule)+">")
	}
	if len(ways) > 0 {
		w.raw("List-Unsubscribe", strings.Join(ways, ",\r\n "))
	}
	if strings.HasPrefix(n.Stop, "https://") && dest.Web(n.Stop) {
		w.raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
}

// unsubscribed is what a mail names that ends a rule: the package, of a subscription to one.
func unsubscribed(rule string) string {
	if pkg, ok := strings.CutPrefix(rule, "package "); ok {
		return url.PathEscape(pkg)
	}
	return dest.Slug(rule)
}

// footer says why the mail came.
func footer(n dest.Note) string {
	if n.Kind == dest.Test || n.Kind == dest.Answer {
		return ""
	}
	text := "\n-- \nYou get this because of your rule " + show.Line(n.Rule) + ".\n"
	if dest.Web(n.Rules) {
		text += "Your rules: " + n.Rules + "\n"
	} else if len(n.Messages) == 1 {
		text += "Why: bus notify explain " + show.Line(n.Messages[0].ID) + " " + show.Line(n.Person) + "\n"
	}
	if n.Stop != "" {
		text += "No more of it: " + n.Stop + "\n"
	}
	return text
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}
