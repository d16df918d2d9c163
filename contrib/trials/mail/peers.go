package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"busbar/contrib/trials/trial"
	"busbar/fixtures/cluster"
	"busbar/fixtures/ports"
)

// A peer is the server from which mails come.
type peer struct {
	send    func(ctx context.Context, n int) error // an error: it may have taken the mail, or not
	waiting func() (int, error)                    // what it still has to hand over; nil: it does not know
	kill    func() error
	start   func(context.Context) error
	log     func() string
	ended   func() error // what becomes true of it while mail2bus runs, when all is in the journal; nil: nothing
}

// A way is one in which mails come.
type way struct {
	name  string
	start func(ctx context.Context, s *site) (*peer, error)
}

// ways are all of them.
func ways() []way {
	var list []way
	for _, name := range []string{"Postfix", "Exim"} {
		for by, to := range map[string]string{"pipe": cluster.ToPipe, "LMTP": cluster.ToLMTP} {
			list = append(list, way{name + " by " + by, func(ctx context.Context, s *site) (*peer, error) { return s.mailSystem(ctx, name, to) }})
		}
	}
	for _, after := range []string{"leave", "mark", "move:Read"} {
		list = append(list, way{"Dovecot by IMAP, " + after, func(ctx context.Context, s *site) (*peer, error) { return s.dovecot(ctx, after) }})
	}
	slices.SortFunc(list, func(a, b way) int { return strings.Compare(a.name, b.name) })
	return list
}

// mailSystem starts a Postfix or an Exim that hands over to the site's mail2bus.
func (s *site) mailSystem(ctx context.Context, name, to string) (*peer, error) {
	// Who delivers by pipe is not who runs the daemon.
	for _, sub := range []string{"", "tmp", "new", "cur"} {
		dir := filepath.Join(string(s.spool), sub)
		if err := errors.Join(os.MkdirAll(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
			return nil, err
		}
	}
	o := cluster.MailOptions{Pipe: s.Program("mail2bus") + " deliver --spool " + string(s.spool)}
	var m *cluster.MailSystem
	var err error
	if name == "Postfix" {
		if o.LMTP, err = ports.Address(); err != nil {
			return nil, err
		}
		if err := s.addLines(fmt.Sprintf("lmtp = %q", "tcp://"+o.LMTP)); err != nil {
			return nil, err
		}
		m, err = cluster.StartPostfix(ctx, s.Path("mta"), o)
	} else {
		o.LMTP = s.Path("lmtp.sock")
		if err := s.addLines(fmt.Sprintf("lmtp = %q", "unix://"+o.LMTP)); err != nil {
			return nil, err
		}
		var systems string
		if systems, err = trial.MailSystems(ctx); err != nil {
			return nil, err
		}
		m, err = cluster.StartExim(ctx, filepath.Join(systems, "exim"), s.Path("mta"), o)
	}
	if err != nil {
		return nil, skipped(err)
	}
	s.Undo(m.Stop)
	return &peer{
		send:    func(ctx context.Context, n int) error { return m.Send(ctx, to, mail(n)) },
		waiting: m.Waiting, kill: m.Kill, start: m.Start, log: m.Log,
	}, nil
}

func skipped(err error) error {
	if errors.Is(err, cluster.ErrNoMail) {
		return fmt.Errorf("%w: %w", trial.ErrSkipped, err)
	}
	return err
}

// dovecot starts one, from which the site's mail2bus reads.
func (s *site) dovecot(ctx context.Context, after string) (*peer, error) {
	const user = "nora"
	d, err := cluster.StartDovecot(ctx, s.Path("imap"))
	if err != nil {
		return nil, skipped(err)
	}
	s.Undo(d.Stop)
	password := s.Path("password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		return nil, err
	}
	err = s.addLines(fmt.Sprintf("imap = [%q]\nimap_password = %q\nimap_ca = %q\nimap_after = %q", "imaps://"+user+"@"+d.Secured+"/INBOX", password, d.CA, after))
	if err != nil {
		return nil, err
	}
	sent := 0
	lies := func() (string, error) {
		text := ""
		for _, box := range []string{"", ".Read"} {
			fresh, seen, err := flags(filepath.Join(d.Maildir(user), box))
			if err != nil {
				return "", err
			}
			text += fmt.Sprintf("%d+%d ", fresh, seen)
		}
		return text, nil
	}
	return &peer{
		send: func(_ context.Context, n int) error {
			sent++
			return d.Deliver(user, fmt.Sprintf("%d.M%06dP%dQ%d.trial", time.Now().Unix(), time.Now().Nanosecond()/1000, os.Getpid(), n), mail(n))
		},
		kill: d.Kill, start: d.Start, log: d.Log,
		ended: func() error {
			want := map[string]string{"leave": "%d+0 0+0 ", "mark": "0+%d 0+0 ", "move:Read": "0+0 %d+0 "}[after]
			want = fmt.Sprintf(want, sent)
			var got string
			err := trial.Await(ctx, "the mailbox", trial.Patience, func() (ok bool, err error) {
				got, err = lies()
				return got == want, err
			})
			if err != nil {
				return trial.Broken(fmt.Errorf("mails unseen and seen in INBOX and in Read: %s, not %s: %w", got, want, err))
			}
			return nil
		},
	}, nil
}

// flags counts the mails of a Maildir: those that nobody marked as seen, and the others.
func flags(box string) (fresh, seen int, err error) {
	for _, sub := range []string{"new", "cur"} {
		found, err := os.ReadDir(filepath.Join(box, sub))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, 0, err
		}
		for _, f := range found {
			if _, flags, _ := strings.Cut(f.Name(), ":2,"); strings.Contains(flags, "S") {
				seen++
			} else {
				fresh++
			}
		}
	}
	return fresh, seen, nil
}
