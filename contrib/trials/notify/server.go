package main

import (
	"fmt"
	"io"
	netmail "net/mail"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// server is the mail server, where the arguments ask for it: "smtp ADDRESS FILE". It
// writes a line for each mail into the file before it accepts it, and runs until it is
// killed.
func server(args []string) bool {
	if len(args) != 4 || args[1] != "smtp" {
		return false
	}
	f, err := os.OpenFile(args[3], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	b := &backend{file: f}
	s := smtp.NewServer(b)
	s.Addr, s.Domain, s.ReadTimeout, s.WriteTimeout, s.MaxRecipients = args[2], "trial.example.org", time.Minute, time.Minute, 1
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // until the killed one's port is free
		if err := s.ListenAndServe(); time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

type backend struct {
	mu   sync.Mutex
	file *os.File
}

// NewSession begins one for a connection.
func (b *backend) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{b: b}, nil }

type session struct {
	b  *backend
	to string
}

// Reset forgets the recipient.
func (s *session) Reset() { s.to = "" }

// Logout ends it.
func (s *session) Logout() error { return nil }

// Mail accepts any sender.
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt accepts any recipient.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

// Data writes the mail down; then it is accepted.
func (s *session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, m.Body); err != nil {
		return err
	}
	line := strings.Join([]string{s.to, strings.Trim(m.Header.Get("Message-ID"), "<>"), m.Header.Get("X-Busbar-Event"), m.Header.Get("X-Busbar-Kind"), fmt.Sprint(time.Now().UnixMilli()), url.QueryEscape(m.Header.Get("Subject"))}, " ")
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	_, err = fmt.Fprintln(s.b.file, line)
	return err
}
