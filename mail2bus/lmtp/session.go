package lmtp

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/emersion/go-smtp"
)

// A session is one connection.
type session struct {
	c    *Channel
	peer string
	rcpt []string
}

// Reset forgets the mail.
func (s *session) Reset() { s.rcpt = nil }

// Logout ends it.
func (s *session) Logout() error { return nil }

// Mail begins a mail, of whomever.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes any address: the mail system decides what comes here.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.rcpt = append(s.rcpt, to)
	return nil
}

// Data is for SMTP, which is not spoken here.
func (s *session) Data(io.Reader) error { return later("this is LMTP") }

// LMTPData takes the mail. The library answers 250 for a recipient without a status, and
// 554, which bounces, for an error that is not its own: so each has a status from the
// start, and all errors are 4xx.
func (s *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	raw, err := s.read(r)
	if err == nil {
		err = s.c.take(raw, s.peer)
		s.c.memory.give(int64(cap(raw)))
	}
	s.c.counts.answered(err)
	answer := error(nil)
	if err != nil {
		answer = later("not stored: " + err.Error())
		if e := (*smtp.SMTPError)(nil); errors.As(err, &e) {
			answer = e
		}
	}
	for _, to := range s.rcpt {
		status.SetStatus(to, answer)
	}
	return nil
}

func later(text string) *smtp.SMTPError {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: text}
}

// read reads a mail into memory that all connections share: the first part is free.
func (s *session) read(r io.Reader) ([]byte, error) {
	const part = 256 << 10
	b := make([]byte, 0, 16<<10)
	for {
		if len(b) == cap(b) {
			more := 2 * cap(b)
			if more > part && !s.c.memory.take(int64(more-cap(b))) {
				s.c.memory.give(int64(cap(b)))
				return nil, &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "too many long mails at one moment"}
			}
			b = append(make([]byte, 0, more), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return toLF(b), nil
		}
		if err != nil {
			s.c.memory.give(int64(cap(b)))
			return nil, err
		}
	}
}

// toLF takes the line ends of the wire off, as all mail systems do that write files:
// so the mail is the one that a Maildir would have. It stays in its memory.
func toLF(b []byte) []byte {
	at, rest := 0, b
	for {
		i := bytes.Index(rest, []byte("\r\n"))
		if i < 0 {
			at += copy(b[at:], rest)
			return b[:at]
		}
		at += copy(b[at:], rest[:i])
		b[at] = '\n'
		at++
		rest = rest[i+2:]
	}
}

// A budget is bytes that connections share.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// give gives back what a buffer of n bytes took.
func (b *budget) give(n int64) {
	const free = 256 << 10
	if n <= free {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n - free
}
