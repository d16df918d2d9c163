package debbugs

import (
	"strings"

	"busbar/common/mail"
)

// causing finds the embedded mail that a notice is about, and that mail's
// identity. A notice of a closing embeds the report and the mail that closed it,
// the submitter's copy the two in the other order; one of a forwarding that mail
// alone (debbugs: scripts/process). what is the address that such mails go to,
// first tells where it stands among several.
//
// A notice that embeds no such mail is its own cause.
func causing(m *mail.Message, what string, first bool) (*mail.Message, string) {
	if cause := among(m.Messages(), m.Header.MessageIDs("References"), what, first); cause != nil {
		return cause, mailIdentity(cause)
	}
	return m, mentioned(m, what == "done" && first)
}

// among chooses the mail that did it. Where it went to tells; else its place.
func among(all []*mail.Message, references []string, what string, first bool) *mail.Message {
	var acting []*mail.Message
	for _, e := range all {
		if to, _ := received(e.Header); to.what == what || to.what == "control" || to.what == "request" {
			acting = append(acting, e)
		}
	}
	switch {
	case len(acting) == 1:
		return acting[0]
	case len(all) == 0:
		return nil
	}
	if len(references) > 1 {
		for _, e := range all {
			if ownID(e.Header) == references[0] {
				return e
			}
		}
	}
	switch {
	case len(all) == 1:
		if what == "done" && !refersTo(references, all[0]) {
			return nil // it is the report
		}
		return all[0]
	case first:
		return all[0]
	}
	return all[len(all)-1]
}

// refersTo tells whether the first reference, which is to the mail that did it
// if that has an id, is to this mail.
func refersTo(references []string, m *mail.Message) bool {
	id := ownID(m.Header)
	if to, _ := received(m.Header); to.bug == 0 && to.what != "?" && len(references) < 2 {
		return false // a report, and perhaps the only reference is to it
	}
	return id != "" && len(references) > 0 && references[0] == id
}

// mentioned is the id of the mail that did it, by a notice that does not have
// the mail. The last reference is to the report; a notice to the submitter says
// so, the others name the mail in their text. Where it had none, the tracker's
// id of its handling stands in, less the word that tells the copies for closer
// and submitter apart.
func mentioned(m *mail.Message, theirs bool) string {
	if ids := m.Header.MessageIDs("References"); len(ids) > 0 {
		said, named := strings.CutPrefix(afterLine(m.Text(), "with message-id"), " ")
		report := theirs && ids[0] == m.Header.MessageID("In-Reply-To") || named && strings.TrimSpace(said) == ""
		if len(ids) > 1 || !report {
			return ids[0]
		}
	}
	id := mailIdentity(m)
	for _, word := range []string{".ackdone@", ".notifdone@", ".ackfwdd@"} {
		id = strings.Replace(id, word, "@", 1)
	}
	return id
}

// afterLine is what a line that begins so has besides.
func afterLine(text, begin string) string {
	_, rest, _ := strings.Cut("\n"+text, "\n"+begin)
	rest, _, _ = strings.Cut(rest, "\n")
	return rest
}
