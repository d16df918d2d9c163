package irc

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/answer"
)

// A login is the beginning of a session, until the server welcomes us (001). With SASL it
// is IRCv3's: capabilities first, then the account, then the rest.
type login struct {
	session *session
	lines   *bufio.Reader
	end     time.Time
	secrets secrets
	offers  string // what the server can, of several lines
}

const (
	mostNicks = 4   // that are tried
	chunk     = 400 // bytes of base64 in a line of AUTHENTICATE
)

func (l *login) run() error {
	n, s := l.session.network, l.session
	var first []string
	if n.SASL != "" {
		first = append(first, "CAP LS 302")
	}
	if !l.secrets.server.Empty() {
		first = append(first, "PASS "+l.secrets.server.Reveal())
	}
	s.nick = n.Nick
	if err := s.write(append(first, "NICK "+s.nick, "USER "+n.User+" 0 * :"+cutLine(strings.Map(visible, n.RealName)))...); err != nil {
		return err
	}
	if err := s.conn.SetReadDeadline(l.end); err != nil {
		return err
	}
	for tried := 1; ; {
		m, err := readLine(l.lines)
		if err != nil {
			return err
		}
		switch m.command {
		case "001":
			if nick := m.param(0); nickForm.MatchString(nick) {
				s.nick = nick // as the server knows it
			}
			return nil
		case "PING":
			err = s.write("PONG :" + cutLine(m.last()))
		case "ERROR":
			return fmt.Errorf("the server ends the connection: %s", answer.Clip(m.last()))
		case "432", "433", "436", "437":
			if tried++; tried > mostNicks || m.command == "432" {
				return fmt.Errorf("the nick %s: %s", s.nick, answer.Clip(m.last()))
			}
			s.nick += "_"
			err = s.write("NICK " + s.nick)
		case "464", "465", "463", "468":
			return fmt.Errorf("the server does not let us in: %s", answer.Clip(m.last()))
		case "CAP":
			err = l.cap(m)
		case "AUTHENTICATE":
			err = l.authenticate(m)
		case "903":
			err = s.write("CAP END")
		case "902", "904", "905", "906", "907", "908":
			return fmt.Errorf("the account: %s (look at sasl, account and password_file)", answer.Clip(m.last()))
		}
		if err != nil {
			return err
		}
	}
}

func visible(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// cap asks for SASL where the server can it.
func (l *login) cap(m message) error {
	switch m.param(1) {
	case "LS":
		if l.offers += " " + m.last(); len(l.offers) > mostRead {
			return errors.New("the server can too much")
		}
		if m.param(2) == "*" { // more follows
			return nil
		}
		for offer := range strings.FieldsSeq(l.offers) {
			name, ways, some := strings.Cut(offer, "=")
			if name == "sasl" && (!some || slices.Contains(strings.Split(strings.ToLower(ways), ","), l.session.network.SASL)) {
				return l.session.write("CAP REQ :sasl")
			}
		}
		return fmt.Errorf("the server knows no account by sasl %s", l.session.network.SASL)
	case "ACK":
		return l.session.write("AUTHENTICATE " + strings.ToUpper(l.session.network.SASL))
	case "NAK":
		return errors.New("the server refuses SASL")
	}
	return nil
}

// authenticate says who we are (RFC 4616, RFC 4422 appendix A), in parts.
func (l *login) authenticate(m message) error {
	if m.param(0) != "+" {
		return errors.New("the server asks something by SASL that we do not know")
	}
	n := l.session.network
	account := n.Account
	if account == "" {
		account = n.Nick
	}
	text := ""
	switch {
	case n.SASL == "plain":
		text = account + "\x00" + account + "\x00" + l.secrets.account.Reveal()
	case n.Account != "":
		text = n.Account
	}
	text = base64.StdEncoding.EncodeToString([]byte(text))
	var lines []string
	for len(text) >= chunk {
		lines = append(lines, "AUTHENTICATE "+text[:chunk])
		text = text[chunk:]
	}
	if text == "" {
		text = "+" // a part that is full, or empty, is followed by this
	}
	return l.session.write(append(lines, "AUTHENTICATE "+text)...)
}
