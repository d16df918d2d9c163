package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os/exec"
	"strings"
	"time"

	"busbar/common/runes"
)

// sendCommand hands a mail to a program as mail systems have it: the last argument is
// whom it is for.
func sendCommand(ctx context.Context, command []string, text []byte) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(text)
	cmd.WaitDelay = time.Second // what it started may hold its output open
	out, err := cmd.CombinedOutput()
	if err != nil {
		const most = 300
		said, _ := runes.Cut(strings.TrimSpace(strings.ToValidUTF8(string(out), "\uFFFD")), most)
		return fmt.Errorf("running %s: %w: %s", command[0], err, said)
	}
	return nil
}

// sendSMTP hands a mail to a server. An empty sender is nobody: nothing bounces.
func sendSMTP(ctx context.Context, server, from, to string, text []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("handing the mail to %s: %w", server, err)
		}
	}()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	host, _, _ := net.SplitHostPort(server)
	s, err := smtp.NewClient(c, host)
	if err != nil {
		return err
	}
	if err := s.Mail(from); err != nil {
		return err
	}
	if err := s.Rcpt(to); err != nil {
		return err
	}
	w, err := s.Data()
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, bytes.NewReader(text)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = s.Quit() // it has the mail
	return nil
}
