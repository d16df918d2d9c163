package mail

import "strings"

// Text returns the mail's main readable text: the first part of type
// text/plain that says anything, else the first HTML with its tags removed,
// else another text, else a text that is an attachment. Embedded messages are
// not entered. Clearsigned text comes with its armor: see [Clearsigned].
func (m *Message) Text() string {
	p := m.textPart()
	if p == nil {
		return ""
	}
	if p.Type == "text/html" {
		return htmlText(p.Text)
	}
	return p.Text
}

// textPart chooses the part that Text shows.
func (m *Message) textPart() *Part {
	var best *Part
	rank := 0
	m.Body.each(func(p, _ *Part) {
		if len(p.Parts) > 0 || p.Text == "" {
			return
		}
		if r := textRank(p); r > rank {
			best, rank = p, r
		}
	})
	return best
}

// textRank is higher the likelier a part is what its author wanted read.
func textRank(p *Part) int {
	rank := 0
	switch {
	case strings.TrimSpace(p.Text) == "":
		return 1
	case p.Type == "text/plain":
		rank = 4
	case p.Type == "text/html":
		rank = 3
	default: // also a multipart that could not be divided
		rank = 2
	}
	if p.Disposition == "attachment" {
		return rank
	}
	return rank + 4
}

// each visits the parts in order, without entering embedded messages.
func (p *Part) each(visit func(part, parent *Part)) { p.visit(nil, visit) }

func (p *Part) visit(parent *Part, visit func(part, parent *Part)) {
	visit(p, parent)
	for _, child := range p.Parts {
		child.visit(p, visit)
	}
}

// An Attachment is a part that is not the mail's text. Name may be "", and is
// never a path. Size is in bytes without transfer encoding.
type Attachment struct {
	Name, Type string
	Size       int64
}

// Attachments returns the parts that are neither the text nor another form of
// it (multipart/alternative) nor a signature, in order. An embedded message is
// one.
func (m *Message) Attachments() []Attachment {
	text := m.textPart()
	var all []Attachment
	m.Body.each(func(p, parent *Part) {
		switch {
		case p == text || strings.HasPrefix(p.Type, "multipart/"):
			return
		case p.Type == "application/pgp-signature", p.Type == "application/pgp-encrypted", isSMIMESignature(p.Type):
			return
		case parent == nil && p.Size == 0:
			return
		case parent != nil && parent.Type == "multipart/alternative" && isText(p.Type) && p.Filename == "":
			return
		}
		all = append(all, Attachment{Name: p.Filename, Type: p.Type, Size: p.Size})
	})
	return all
}

func isSMIMESignature(t string) bool {
	return t == "application/pkcs7-signature" || t == "application/x-pkcs7-signature"
}

// Messages returns the embedded messages in order, without those that are
// inside them.
func (m *Message) Messages() []*Message {
	var all []*Message
	m.Body.each(func(p, _ *Part) {
		if p.Message != nil {
			all = append(all, p.Message)
		}
	})
	return all
}
