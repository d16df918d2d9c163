package mail

import "strings"

// maxAddresses bounds the addresses taken from one field.
const maxAddresses = 10_000

// An Address is one person or list. Email may lack an "@" (a local user), keeps
// the quotes of a quoted local part, and is "" where only a name can be found.
// It is never put together from pieces that are no address in the mail.
type Address struct{ Name, Email string }

// ParseAddress reads one address as people write it: RFC 5322 §3.4, the older
// "email (Name)", names with commas, dots and brackets out of quotes, raw
// 8-bit names, a bare "root". Of several it is the first with an "@".
func ParseAddress(s string) Address {
	var best Address
	for _, a := range parseAddresses(s) {
		if strings.Contains(a.Email, "@") {
			return a
		}
		if best == (Address{}) || best.Email == "" && a.Email != "" {
			best = a
		}
	}
	return best
}

func parseAddresses(raw string) []Address { return addressesIn(raw, false) }

func addressesIn(s string, inner bool) []Address {
	l := addressList{}
	for s != "" && len(l.all) < maxAddresses {
		var p piece
		p, s = cutPiece(s)
		p.inner = inner
		l.take(p)
	}
	l.release(len(l.held))
	return l.all
}

// An addressList is gathered piece by piece.
type addressList struct {
	all  []Address
	held []piece // names without an address, each perhaps the head of a name with commas
}

func (l *addressList) take(p piece) {
	const most = 20 // pieces of one name
	switch {
	case len(p.tokens) == 0:
	case p.nameOnly():
		if len(l.held) == most {
			l.release(most)
		}
		l.held = append(l.held, p)
	default:
		from := l.heads(p)
		head := l.held[from:]
		l.held = l.held[:from]
		l.release(from)
		l.add(p.behind(head))
	}
}

func (l *addressList) add(p piece) {
	for _, a := range p.mailboxes() {
		if a != (Address{}) && len(l.all) < maxAddresses {
			l.all = append(l.all, a)
		}
	}
}

// release takes the first n held names for what they are: names alone.
func (l *addressList) release(n int) {
	for _, p := range l.held[:n] {
		l.add(p)
	}
	l.held = l.held[:0]
}

// heads returns from where on the held pieces are the head of p's name, as in
// "Roe, Jane, MD <jane@example.org>": brackets say where such a name ends. At a
// semicolon it ends, too, unless nothing but the brackets follows.
func (l *addressList) heads(p piece) int {
	if !p.bracketed() {
		return len(l.held)
	}
	named, from := p.tokens[0].kind == word, len(l.held)
	for from > 0 && (l.held[from-1].end == ',' || !named) {
		from--
		named = true
	}
	return from
}

// A piece is what stands between two separators of a list.
type piece struct {
	tokens  []lexeme
	end     byte // the separator behind it, 0 at the end of the field
	address bool // one stands openly in it
	inner   bool // it was hidden in another
}

// nameOnly reports whether there is no address in the piece.
func (p piece) nameOnly() bool {
	return !p.address && !p.bracketed() && p.loose() == "" && p.hidden() == nil
}

// loose is the address that stands openly with comments or blanks beside its "@"
// and dots (RFC 5322 §3.4.1, §4.4), "" if there is none: "jane (work) @ example.org".
func (p piece) loose() string {
	words := p.without(comment)
	if len(words) < 2 || p.bracketed() {
		return ""
	}
	var all strings.Builder
	for i, t := range words {
		if i > 0 && strings.IndexByte("@.", t.text[0]) < 0 && !strings.HasSuffix(words[i-1].text, "@") && !strings.HasSuffix(words[i-1].text, ".") {
			return ""
		}
		all.WriteString(t.text)
	}
	t := lexeme{kind: word, text: all.String()}
	if at := t.at(); at == 0 || !strings.Contains(t.text[at:], ".") || strings.Contains(t.text[at+1:], "@") {
		return ""
	}
	return t.address()
}

func (p piece) bracketed() bool {
	for _, t := range p.tokens {
		if t.kind == angle || t.kind == comment && strings.Contains(t.text, "<") {
			return true
		}
	}
	return false
}

// behind is the piece with the head of its name put before it.
func (p piece) behind(head []piece) piece {
	if len(head) == 0 {
		return p
	}
	var all []lexeme
	for _, h := range head {
		all = append(all, h.tokens...)
		all = append(all, lexeme{kind: word, text: string(h.end), glued: true})
	}
	p.tokens = append(all, p.tokens...)
	return p
}

// mailboxes takes a piece apart: mostly one address; several where a separator
// was forgotten after a bracket.
func (p piece) mailboxes() []Address {
	var all []Address
	from := 0
	for i, t := range p.tokens {
		if t.kind == angle && strings.Contains(t.text, "@") {
			all = append(all, mailbox(p.tokens[from:i], t.address()))
			from = i + 1
		}
	}
	if len(all) > 0 {
		if last := &all[len(all)-1]; last.Name == "" {
			last.Name = mailbox(p.tokens[from:], last.Email).Name
		}
		return all
	}
	if email := p.loose(); email != "" {
		return []Address{mailbox(p.comments(), email)}
	}
	for i, t := range p.tokens {
		if t.at() > 0 {
			others := append(append([]lexeme{}, p.tokens[:i]...), p.tokens[i+1:]...)
			return []Address{mailbox(others, t.address())}
		}
	}
	if inside := p.hidden(); inside != nil {
		return inside
	}
	return []Address{p.local()}
}

// hidden finds addresses inside comments, "Jane Roe (<jane@example.org>)", or in
// encoded words or quotes that were put around a whole mailbox.
func (p piece) hidden() []Address {
	if p.inner {
		return nil
	}
	wrapped := false
	for _, t := range p.tokens {
		text, name := t.text, ""
		switch {
		case t.kind == comment:
			name = nameOf(p.without(comment))
		case t.kind == word && t.text[0] == '"' && strings.Contains(t.text, "<") && len(p.without(comment)) == 1:
			text = strings.Trim(t.text, `"`)
		case t.kind == word && strings.HasPrefix(t.text, "=?") && !wrapped:
			text, wrapped = decodeValue(joined(p.without(comment)), func(string) {}), true
		default:
			continue
		}
		if !strings.Contains(text, "@") {
			continue
		}
		var all []Address
		for _, a := range addressesIn(text, true) {
			if !strings.Contains(a.Email, "@") {
				continue
			}
			if a.Name == "" {
				a.Name = name
			}
			all = append(all, a)
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

func (p piece) comments() []lexeme {
	var all []lexeme
	for _, t := range p.tokens {
		if t.kind == comment {
			all = append(all, t)
		}
	}
	return all
}

func (p piece) without(kind int) []lexeme {
	var rest []lexeme
	for _, t := range p.tokens {
		if t.kind != kind {
			rest = append(rest, t)
		}
	}
	return rest
}

// local reads a piece without any "@": a user of this host if it is one word or
// in brackets, else a name.
func (p piece) local() Address {
	alone := len(p.without(comment)) == 1
	for i, t := range p.tokens {
		if t.kind == comment || t.kind == word && !alone || strings.HasPrefix(t.text, "=?") {
			continue
		}
		if email := t.address(); email != "" && !strings.Contains(email, " ") {
			return mailbox(append(append([]lexeme{}, p.tokens[:i]...), p.tokens[i+1:]...), email)
		}
	}
	return mailbox(p.tokens, "")
}

// mailbox gives an address the name that the tokens are.
func mailbox(tokens []lexeme, email string) Address {
	a := Address{nameOf(tokens), email}
	if a.Name == a.Email {
		a.Name = ""
	}
	return a
}

// nameOf is the words' name, else the last comment.
func nameOf(tokens []lexeme) string {
	var words []lexeme
	last := ""
	for _, t := range tokens {
		if t.kind != comment {
			words = append(words, t)
		} else if strings.TrimSpace(t.text) != "" {
			last = t.text
		}
	}
	if name := strings.Trim(personName(joined(words)), " ,;"); name != "" {
		return name
	}
	return personName(last)
}

// personName makes a display name readable: quotes and escapes removed,
// encoded words decoded, single blanks.
func personName(s string) string {
	if strings.ContainsAny(s, `"\`) {
		var out strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			} else if s[i] == '"' {
				continue
			}
			out.WriteByte(s[i])
		}
		s = out.String()
	}
	s = oneLine(decodeValue(s, func(string) {}))
	return strings.Join(strings.Fields(s), " ")
}
