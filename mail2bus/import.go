package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"busbar/common/exit"
	"busbar/common/journal"
	"busbar/common/program"
	"busbar/common/show"
	"busbar/mail2bus/intake"
	"busbar/mail2bus/mbox"
	"busbar/mail2bus/stored"
)

type importCmd struct {
	Again   bool     `help:"Read the files from the beginning, also what was imported before; what is known is published by no way twice."`
	JSON    bool     `help:"Print what was imported as one JSON object."`
	Dialect string   `help:"How an mbox marks its mails: mboxo, mboxrd, mboxcl or mboxcl2, instead of finding out." enum:",mboxo,mboxrd,mboxcl,mboxcl2" default:"" placeholder:"NAME"`
	Files   []string `arg:"" name:"file" help:"An mbox (plain, .gz, .xz, .zst), a mail, a Maildir or another directory of mails (files in new/ and cur/, or ending in .eml or .mail), an archive of public-inbox. '-' is standard input."`
}

// Run imports beside the running daemon or, where none runs, into the journal itself.
func (c *importCmd) Run(p *program.Env, g *program.Globals) error {
	cfg, err := program.Load[*Config](p, g)
	if err != nil {
		return err
	}
	in := &imports{
		files: c.Files, stdin: p.Stdin, said: func(text string) { show.Fprintln(p.Stderr, text) },
		options: stored.Options{Limit: int64(cfg.Mail.Limit), Dialect: mbox.Dialect(c.Dialect), Strict: true},
	}
	if journal.InUse(cfg.Bus.Journal) {
		err = c.beside(p, cfg, in)
	} else {
		err = c.alone(p, g, in)
	}
	if in.failed != nil {
		err = errors.Join(err, &exit.Error{Code: exit.Data, Err: fmt.Errorf("not all was read: %w", in.failed)})
	}
	return err
}

// alone writes the journal. What is imported is published when the daemon runs.
func (c *importCmd) alone(p *program.Env, g *program.Globals, in *imports) error {
	plain := p.Config
	p.Config = func() program.Config {
		cfg := plain().(*Config)
		cfg.imports = in
		return cfg
	}
	log := slog.New(slog.DiscardHandler)
	return program.Visit(p, g, "import", log, func(ctx context.Context, s *program.Site) error {
		r := s.Node.Journal.Reader()
		if !c.Again {
			in.position = positionIn(ctx, r)
		}
		before, err := r.Counts(ctx)
		if err != nil {
			return err
		}
		err = s.Once(ctx, true)
		after, cerr := r.Counts(context.WithoutCancel(ctx))
		if cerr != nil {
			return errors.Join(err, cerr)
		}
		skipped := int64(0)
		for reason, n := range after.Skipped {
			skipped += n - before.Skipped[reason]
		}
		return errors.Join(err, c.say(p, counted{Mails: in.mails, Journal: &became{
			Events: after.LastSeq - before.LastSeq, Known: after.Duplicates - before.Duplicates, Skipped: skipped, Poison: after.Poisoned - before.Poisoned}}))
	})
}

// beside hands the mails to the daemon.
func (c *importCmd) beside(p *program.Env, cfg *Config, in *imports) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	conn, err := dialIntake(ctx, intakeSocket(cfg.Bus.Journal))
	if err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("importing: the journal is in use, and no daemon takes imports: %w (is it another command, a daemon of an older version, or one that has just begun?)", err)}
	}
	defer conn.Close()
	if !c.Again {
		r, err := journal.OpenReader(ctx, cfg.Bus.Journal)
		if err != nil {
			return err
		}
		defer r.Close()
		in.position = positionIn(ctx, r)
	}
	end := p.Progress(in.Progress)
	stored := int64(0)
	err = intake.Send(ctx, conn, in.next, func() { in.said("another import is running; this one waits for it") }, func(n int64) { stored = n })
	end()
	err = errors.Join(err, in.Close())
	if err != nil {
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("importing: %w", err)}
	}
	return errors.Join(err, c.say(p, counted{Mails: stored}))
}

// A counted is what an import has done.
type counted struct {
	Mails   int64   `json:"mails"`
	Journal *became `json:"became"` // null: the daemon knows
}

// A became is what became of the mails: events, and mails without any.
type became struct {
	Events  int64 `json:"new"`
	Known   int64 `json:"known"`
	Skipped int64 `json:"skipped"`
	Poison  int64 `json:"poison"`
}

func (c *importCmd) say(p *program.Env, n counted) error {
	if c.JSON {
		return program.PrintJSON(p.Stdout, n)
	}
	format, args := "%d mails are in the daemon's journal (%s status says what became of them)\n", []any{n.Mails, p.Name}
	if b := n.Journal; b != nil {
		format = "%d mails were read: %d events are new, %d were known, %d mails tell nothing, %d more are kept as poison\n"
		args = []any{n.Mails, b.Events, b.Known, b.Skipped, b.Poison}
	}
	_, err := show.Fprintf(p.Stdout, format, args...)
	return err
}
