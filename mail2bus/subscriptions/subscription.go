package subscriptions

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"busbar/common/runes"
)

// Patience is how long after a request its confirmation is answered.
const Patience = 24 * time.Hour

// A Subscription is what was asked of a list, and what came of it. Its JSON form is kept.
type Subscription struct {
	List    string `json:"list"` // its address, lower case
	Address string `json:"address"`
	Manager string `json:"manager"`
	Leave   bool   `json:"leave,omitempty"` // the last wish: to leave
	Show    bool   `json:"show,omitempty"`  // its confirmation is shown, and not answered

	Asked     time.Time `json:"asked"`
	Request   string    `json:"request"`             // the Message-ID of the request
	Confirmed time.Time `json:"confirmed,omitzero"`  // when the answer that joined was handed over
	Ended     time.Time `json:"ended,omitzero"`      // when the one that left was
	Answer    *Answer   `json:"answer,omitempty"`    // to the wish's confirmation; nil: none came
	FirstMail time.Time `json:"first_mail,omitzero"` // when the first mail of the list came after that
}

// An Answer is the one to a confirmation.
type Answer struct {
	Mail
	ID      string    `json:"id"`            // its Message-ID
	Digest  string    `json:"digest"`        // of the mail that it answers
	Answers string    `json:"answers"`       // that one's Message-ID
	Since   time.Time `json:"since"`         // when that one came
	Unclear string    `json:"unclear"`       // why a person must read it first
	Sent    time.Time `json:"sent,omitzero"` // when it was handed to the mail system
	Refused string    `json:"refused"`       // why that will never take it
}

// A State is where a wish stands.
type State string

// The states.
const (
	Asked     State = "asked"     // no confirmation came yet
	Expired   State = "expired"   // none came within [Patience], or it could not be answered in that time
	Shown     State = "shown"     // a person must have it answered
	Answering State = "answering" // the answer is not handed over yet
	Refused   State = "refused"   // the mail system does not take the answer
	Confirmed State = "confirmed" // subscribed
	Ended     State = "ended"     // not any more
)

// State says where the last wish stands.
func (s Subscription) State(now time.Time) State {
	switch a := s.Answer; {
	case a != nil && !a.Sent.IsZero() && s.Leave:
		return Ended
	case a != nil && !a.Sent.IsZero():
		return Confirmed
	case a != nil && a.Refused != "":
		return Refused
	case now.Sub(s.Asked) > Patience:
		return Expired
	case a == nil:
		return Asked
	case s.Show || a.Unclear != "":
		return Shown
	}
	return Answering
}

// judge says why a confirmation is not answered; empty: it is, or it is shown. It changes
// nothing. Reasons are counters' labels.
func (s Subscription) judge(c *Confirmation, now, came time.Time) string {
	switch {
	case c.Manager != s.Manager:
		return OtherManager
	case !strings.EqualFold(c.To, s.Address), c.target != "" && !strings.EqualFold(c.target, strings.Replace(s.Address, "@", "=", 1)),
		c.words != "" && !strings.Contains(c.words, strings.ToLower(s.Address)):
		return OtherAddress
	case c.Leave != s.Leave && c.Unclear == "":
		return OtherWish
	case c.loop:
		return Loops
	case len(c.answers) > 0 && !slices.Contains(c.answers, s.Request):
		return OtherMail
	case now.Sub(s.Asked) > Patience:
		return TooLate
	case s.Asked.Sub(came) > skew:
		return TooEarly
	case s.Answer != nil && s.Answer.Digest != c.digest && (s.Answer.Unclear == "" || s.unclear(c) != ""):
		return SecondOne
	}
	return ""
}

// unclear says why a person must read a confirmation first.
func (s Subscription) unclear(c *Confirmation) string {
	m, err := managerOf(s.Manager)
	if c.Unclear == "" && (err != nil || m.quotes && !bytes.Contains(c.raw, []byte(s.Request))) {
		return "it does not show the request that it answers"
	}
	return c.Unclear
}

// skew is how far the clocks of mail systems may be apart.
const skew = 5 * time.Minute

// take notes the answer to a confirmation that is not refused. A mail that is read
// again changes nothing; one that is clear takes the place of one that is not.
func (s *Subscription) take(c *Confirmation, now time.Time) (changed bool) {
	if s.Answer != nil && s.Answer.Digest == c.digest {
		return false
	}
	const most = 250
	id, cut := runes.Cut(c.id, most)
	if cut || !only(id, func(b byte) bool { return b > ' ' && b < 0x7f && b != '<' && b != '>' }) {
		id = ""
	}
	s.Answer = &Answer{Mail: c.Answer, ID: newID(s.Address), Digest: c.digest, Answers: id, Since: now, Unclear: s.unclear(c)}
	return true
}

// sent notes that the answer is handed over.
func (s *Subscription) sent(now time.Time) {
	s.Answer.Sent = now
	if s.Leave {
		s.Ended = now
	} else {
		s.Confirmed, s.Ended, s.FirstMail = now, time.Time{}, time.Time{}
	}
}

// letter is the answer as a mail. It says that a program sends it (RFC 3834 §3.1), unless
// the list manager reads no such mail, and has what shows that it came back.
func (s Subscription) letter(human bool, now time.Time) []byte {
	more := []string{"X-Loop: " + s.Address}
	if s.Answer.Answers != "" {
		more = append(more, "In-Reply-To: <"+s.Answer.Answers+">")
	}
	if !human {
		more = append(more, "Auto-Submitted: auto-replied")
	}
	return letterTo(s.Answer.Mail, s.Answer.ID, s.Address, now, more...)
}
