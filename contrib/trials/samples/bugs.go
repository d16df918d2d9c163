package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"

	"busbar/fixtures/bugtracker"
)

// bugs are told by mail and by SOAP: soapbus follows mail2bus, and hears of them
// before it finds them itself.
func (s *story) bugs(ctx context.Context) (err error) {
	s.begin()
	if err := s.run(ctx, "soapbus", "poll"); err != nil {
		return err
	}
	mail, err := s.daemon("mail2bus", "--set", "bus.metrics="+s.metrics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mail.Stop()) }()
	soap, err := s.daemon("soapbus", "--set", "soap.follow=true", "--set", "bus.subscribe="+s.endpoint, "--set", "sign.ca="+s.path("keys", "ca.crt"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, soap.Stop()) }()
	if err := s.wait(ctx, "soapbus follows mail2bus", s.followed); err != nil {
		return err
	}
	s.tracker.SetFaults(bugtracker.Faults{Failing: 1}) // so that the mails come first
	s.happen()
	if err := s.deliver(); err != nil {
		return err
	}
	if err := s.wait(ctx, "mail2bus reads the mails", s.read); err != nil {
		return err
	}
	told, err := s.count("mail2bus", "SELECT count(*) FROM messages WHERE topic LIKE '%.debbugs.%'")
	if err != nil {
		return err
	}
	if err := s.wait(ctx, "soapbus hears all of it", func() bool {
		n, err := s.count("soapbus", "SELECT count(*) FROM ids WHERE seq = 0")
		return err == nil && n == told
	}); err != nil {
		return err
	}
	s.tracker.SetFaults(bugtracker.Faults{})
	return s.wait(ctx, "soapbus tells the rest", func() bool {
		n, err := s.count("soapbus", "SELECT count(DISTINCT topic) FROM messages WHERE topic LIKE '%.severity.update' OR topic LIKE '%.title.update' OR topic LIKE '%.usertag.update'")
		return err == nil && n == 3
	})
}

// begin is what the tracker has when soapbus first looks.
func (s *story) begin() {
	for _, title := range []string{"is cold", "тоже холодный", "12345"} {
		s.tracker.Report(bugtracker.Report{Package: "tea", Version: "1-1", Letter: s.letter("tea: "+title, "It is.\n")})
	}
	s.mails = nil
}

// happen is what happens then.
func (s *story) happen() {
	s.tracker.Report(bugtracker.Report{Package: "kettle", Version: "1-1", Letter: s.letter("kettle: boils “over”", "Text.\n")})
	s.tracker.Mail(700001, "", s.letter("Re: tea", "It is lukewarm.\n"))
	s.tracker.Mail(700003, "done", s.letter("Bug fixed", "It was 12345 degrees.\n"))
	s.tracker.Mail(700002, "quiet", s.letter("Re: tea", "Nobody else hears this.\n"))
	s.tracker.Control(s.letter("commands", ""), "severity 700001 serious")
	s.tracker.Control(s.letter("commands", ""), "retitle 700002 „Tee“ ist kalt")
	s.tracker.Usertag("qa@example.org", "ftbfs", []int{700003}, nil)
	s.mails = append(s.mails,
		[]byte(fmt.Sprintf(post, "ready")),
		[]byte(fmt.Sprintf(post, "burnt")), // the same fact in other words
		[]byte("From: dak\nTo: debian-devel-changes@lists.debian.org\nList-Id: <debian-devel-changes.lists.debian.org>\n"+
			"X-DAK: dak process-upload\nMessage-ID: <cut@example.org>\nSubject: Accepted kettle 1-1 (source) into unstable\n\nFormat: 1.8\n")) // poison
}

const post = `From: Jane Doe <jane@example.org>
List-Id: <cooks.example.org>
Message-ID: <soup.1@example.org>
Date: Tue, 01 Sep 2026 11:00:00 +0000
Subject: The soup is %s

Come and get it.
`

func (s *story) letter(subject, text string) bugtracker.Letter {
	s.letters++
	return bugtracker.Letter{From: "Jürgen Müller <jm@example.org>", Subject: subject, Body: text, MessageID: fmt.Sprintf("sample.%d@example.org", s.letters)}
}

// deliver puts the mails into the Maildir.
func (s *story) deliver() error {
	for i, mail := range s.mails {
		if err := os.WriteFile(s.path("maildir", "new", fmt.Sprintf("1788000000.%d.sample", i)), mail, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// read says whether mail2bus has read all mails.
func (s *story) read() bool {
	left, err := filepath.Glob(s.path("maildir", "new", "*"))
	return err == nil && len(left) == 0
}

var followers = regexp.MustCompile(`(?m)^busbar_publisher_subscribers\b.* 1$`)

// followed says whether anybody follows mail2bus.
func (s *story) followed() bool {
	resp, err := http.Get("http://" + s.metrics + "/metrics")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return err == nil && followers.Match(text)
}
