// Package control answers mails to the control address of `bus notify`: `subscribe hello`
// and what else Debian's developers know from their package tracker's
// (distro-tracker, distro_tracker/mail/control), with the same commands and confirmations.
//
// Anybody can write anybody's address into a mail. So nothing is changed before the
// address that it concerns has answered with a code that was mailed there; answers about
// an address go to that address alone; and who is not known here gets one mail an hour at
// most, whatever is sent. Mails of programs are not answered at all ([Unanswerable]).
//
// Not here: what is kept (bus/notify/self), and how mails go out (the outbox).
package control

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/self"
	"busbar/common/mail"
	"busbar/common/runes"
	"busbar/common/show"
)

// A Control answers mails.
type Control struct {
	Store   *self.Store
	Address string   // where commands are mailed to
	Own     []string // addresses that mails of ours are from, Address among them
	Pages   string   // where the same can be done in a browser; empty: nowhere
}

// An Envelope is what the mail system says of a mail (RFC 5321 §2.3.1), where it does.
type Envelope struct {
	Sender string
	// Known says that Sender is the sender, also where it is empty.
	Known     bool
	Recipient string
}

const (
	mailedWithin = time.Hour
	toStranger   = 1   // mails within that time to who is not known here
	toStrangers  = 600 // to all of them together
	toKnown      = 20  // and to who is
	byOthers     = 1   // confirmations for an address that somebody else asked for
)

// Bounds on a mail, and on what is done of it.
const (
	maxCommands = 100
	maxErrors   = 5
	maxOthers   = 3 // addresses beside the sender's
	maxLine     = 300
)

// Take does what a mail says, and says in a few words what became of it, for the log. Its
// error is one of ours: the mail is to come again.
func (c *Control) Take(ctx context.Context, raw []byte, e Envelope) (string, error) {
	m := mail.Parse(raw, mail.DefaultLimits())
	if why := Unanswerable(m, e, c.Own); why != "" {
		return "not answered: " + why, nil
	}
	from, err := self.Address(m.Header.Address("From").Email)
	if err != nil {
		return "not answered: its sender is no address that can be answered", nil
	}
	var did string
	err = c.Store.Do(ctx, func(t *self.Tx) error {
		r := &run{Control: c, t: t, from: from, answers: map[string]*answer{}}
		for _, line := range lines(m) {
			if err := r.line(line); err != nil {
				return fmt.Errorf("%.80q: %w", line, err)
			}
			if r.over || r.errors >= maxErrors || r.commands >= maxCommands {
				break
			}
		}
		if r.errors >= maxErrors {
			r.say("Too many lines are no commands. Stopping here.\n")
		} else if r.commands >= maxCommands && !r.over {
			r.say("%d commands are the most that a mail can have. Stopping here.\n", maxCommands)
		} else if r.commands == 0 && r.errors == 0 {
			r.say("There is no command in your mail.\n")
		}
		var err error
		did, err = r.finish(m)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("answering a mail: %w", err)
	}
	return did, nil
}

// lines are those of a mail that may be commands: its subject, if it begins like one, and
// its text. Of what is quoted, codes alone are commands.
func lines(m *mail.Message) (list []string) {
	subject := m.Header.Get("Subject")
	if prefix, rest, ok := strings.Cut(subject, ":"); ok && strings.EqualFold(strings.TrimSpace(prefix), "re") {
		subject = rest
	}
	// A code must stand in the text: programs that answer every mail quote the subject.
	if word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(subject)), " "); commandNames[word] && word != "confirm" {
		list = append(list, subject)
	}
	for line := range strings.SplitSeq(m.Text(), "\n") {
		line = strings.TrimSpace(line)
		if quoted := strings.TrimLeft(line, "> \t"); quoted != line {
			if fields := strings.Fields(quoted); len(fields) != 2 || !strings.EqualFold(fields[0], "confirm") {
				continue
			}
			line = quoted
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		list = append(list, line)
	}
	return list
}

// An answer is what an address is told.
type answer struct {
	text    strings.Builder
	changes []string // that it is to confirm
}

// A run is one mail being answered.
type run struct {
	*Control
	t        *self.Tx
	from     string
	answers  map[string]*answer
	commands int
	errors   int
	over     bool
}

func (r *run) to(address string) *answer {
	if r.answers[address] == nil {
		r.answers[address] = &answer{}
	}
	return r.answers[address]
}

// say says something to the sender.
func (r *run) say(format string, args ...any) {
	show.Fprintf(&r.to(r.from).text, format, args...)
}

// finish mails the answers, as far as they may be, and says what became of all of it.
func (r *run) finish(m *mail.Message) (string, error) {
	var did []string
	for address, a := range r.answers {
		if address == r.from && len(r.answers) > 1 {
			continue // last: it says what became of the others
		}
		what, err := r.mail(m, address, a)
		if err != nil {
			return "", err
		}
		did = append(did, what)
	}
	if a := r.answers[r.from]; a != nil && len(r.answers) > 1 {
		what, err := r.mail(m, r.from, a)
		if err != nil {
			return "", err
		}
		did = append(did, what)
	}
	return strings.Join(did, ", "), nil
}

func (r *run) mail(m *mail.Message, address string, a *answer) (string, error) {
	known, err := r.t.Knows(address)
	if err != nil {
		return "", err
	}
	kind, most := "mailed", toStranger
	switch {
	case known && address != r.from && len(a.changes) > 0:
		kind, most = "confirmation by others", byOthers
	case known:
		most = toKnown
	}
	allowed, err := r.t.Allow(kind, address, most, mailedWithin)
	if err != nil {
		return "", err
	}
	if allowed && !known {
		if allowed, err = r.t.Allow("mailed", "strangers", toStrangers, mailedWithin); err != nil {
			return "", err
		}
	}
	if !allowed {
		return "nothing to " + address + ": it, or all that are not known, had their mails of this hour", nil
	}
	n := dest.Note{ID: newID(), Person: address, To: address, Kind: dest.Answer, Rule: "answers", Time: time.Now().UTC(), Subject: "Your commands to Busbar"}
	text := a.text.String()
	if len(a.changes) > 0 {
		token, err := r.t.NewToken(self.Confirm, address, strings.Join(a.changes, "\n"))
		if err != nil {
			return "", err
		}
		n.Subject = "Please confirm your commands to Busbar"
		text = r.ask(address, a.changes, token) + text
	}
	if address == r.from {
		n.Re = m.Header.MessageID("Message-ID")
		if subject, _ := runes.Cut(show.OneLine(m.Header.Get("Subject")), maxLine); subject != "" && len(a.changes) == 0 {
			n.Subject = "Re: " + subject
		}
	}
	n.Text = text + "\nCommands are mailed to " + r.Address + "; help lists them.\n"
	if r.Pages != "" {
		n.Text += "The same and more, in a browser: " + r.Pages + "\n"
	}
	if err := r.t.Send("mail", n); err != nil {
		return "", err
	}
	if len(a.changes) > 0 {
		return "a confirmation to " + address, nil
	}
	return "an answer to " + address, nil
}

// ask is the text by which an address is asked whether it means something.
func (r *run) ask(address string, changes []string, token string) string {
	who := "You asked"
	if address != r.from {
		who = "Somebody, perhaps you, asked"
	}
	return who + " for this:\n\n    " + strings.Join(changes, "\n    ") + "\n\n" +
		"Nothing is done before you confirm it. Answer this mail, and leave this line in it,\nor mail the line to " + r.Address + ":\n\n" +
		"CONFIRM " + token + "\n\nIt can be used once, within a day. If you did not ask for it, do nothing.\n\n"
}

func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // which never fails
	return hex.EncodeToString(b)
}
