package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const idEnd = ".torture@example.org"

// mail is a mail to a list that bears a number.
func mail(n int) []byte {
	return fmt.Appendf(nil, "From: Nora Ortega <nora@example.org>\nTo: torture@lists.example.org\nList-Id: <torture.lists.example.org>\n"+
		"Message-ID: <%d%s>\nDate: %s\nSubject: mail %d\n\nThis is number %d.\n", n, idEnd, time.Now().Format(time.RFC1123Z), n, n)
}

// number is the number of the mail that an event tells of.
func number(tree map[string]any) (int, error) {
	msg, _ := tree["msg"].(map[string]any)
	id, _ := msg["message_id"].(string)
	n, err := strconv.Atoi(strings.TrimSuffix(id, idEnd))
	if err != nil {
		return 0, fmt.Errorf("reading the number of a mail: %q is no id of ours", id)
	}
	return n, nil
}

// A book notes what became of each mail on its way in.
type book struct {
	mu      sync.Mutex
	acked   map[int]bool
	refused map[int]bool // answered 75: may not be in the journal
	cut     map[int]bool // killed while being delivered: may be there, once
}

func newBook() *book {
	return &book{acked: map[int]bool{}, refused: map[int]bool{}, cut: map[int]bool{}}
}

func (b *book) note(page map[int]bool, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	page[n] = true
}

// byMaildir delivers as a mail system does.
func (s *site) byMaildir(b *book, n int) error {
	name := fmt.Sprintf("%d.M%06dP%dQ%d.trial", time.Now().Unix(), time.Now().Nanosecond()/1000, os.Getpid(), n)
	if err := s.maildir.Deliver(name, mail(n)); err != nil {
		return err
	}
	b.note(b.acked, n)
	return nil
}

// byDeliver delivers through the program, as a mail system's pipe does. With
// killAfter, the program is killed if it takes longer.
func (s *site) byDeliver(ctx context.Context, b *book, n int, killAfter time.Duration) error {
	cmd := s.Command(ctx, "mail2bus", "deliver")
	cmd.Stdin = bytes.NewReader(mail(n))
	var words bytes.Buffer
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		return err
	}
	if killAfter > 0 {
		timer := time.AfterFunc(killAfter, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		b.note(b.acked, n)
		return nil
	case !errors.As(err, &exit):
		if killAfter > 0 { // it could not even read the mail
			b.note(b.cut, n)
			return nil
		}
		return err
	case exit.ExitCode() == 75:
		b.note(b.refused, n)
		return nil
	case killAfter > 0 && exit.Sys().(syscall.WaitStatus).Signaled():
		b.note(b.cut, n)
		return nil
	}
	return fmt.Errorf("deliver answered %w, neither 0 nor 75: %s", err, bytes.TrimSpace(words.Bytes()))
}
