package search

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"busbar/bus/ask"
	"busbar/bus/config"
	"busbar/bus/printer"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/wire"
)

// Command is `bus search`, `bus trace` and `bus stats`.
type Command struct {
	Search searchCommand `cmd:"" help:"Find what was said, in an archive or at a hub: words, package:hello, bug:812345, since:2026-11-01, -topic:lists. Exits with 0 if something is found, 1 if nothing."`
	Trace  traceCommand  `cmd:"" help:"Show a package's whole life across all services, in order, and what followed from what."`
	Stats  statsCommand  `cmd:"" help:"Count what was said in a day, a week, a month or a year: of an archive, or at a hub."`
}

// Where says who is asked.
type Where struct {
	Hub     string `help:"Ask the hub at this address, and verify what it has." placeholder:"URL"`
	Archive string `help:"Ask this archive. Default: [hub] archive." placeholder:"FILE" type:"path"`
	config.Trust
	NoVerify bool `help:"Print without verifying what a hub has: it can say anything."`
}

type searchCommand struct {
	Question []string `arg:"" optional:"" help:"What is looked for; all must hold. Without it: everything."`
	Not      []string `help:"And none of this (topic:lists): what begins with a minus is else taken for a flag. May be repeated." placeholder:"WHAT"`
	Limit    int      `help:"At most so many messages." default:"50"`
	All      bool     `help:"All that is found."`
	Oldest   bool     `help:"The oldest first."`
	printer.Flags
	Where
}

// Run finds, and prints.
func (c *searchCommand) Run(p *program.Env, g *program.Globals) error {
	if c.Limit < 1 {
		return &exit.Error{Code: exit.Usage, Err: errors.New("searching: --limit must be more than 0")}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	from, r, err := c.open(ctx, p, g, "searching")
	if err != nil {
		return err
	}
	out := printer.New(p, c.Flags)
	buffered := bufio.NewWriterSize(p.Stdout, 64<<10)
	p.Stdout = buffered
	r.refused = func(e event.Envelope, reason string) { out.Notice("refused message with id %s: %s", e.MsgID, reason) }
	limit := c.Limit
	if c.All {
		limit = 0
	}
	found := 0
	err = from.find(ctx, question(c.Question, c.Not...), c.Oldest, limit, func(wireBytes []byte) error {
		tree, e, ok := r.read(wireBytes)
		if !ok {
			return nil
		}
		found++
		return out.Print(wire.Delivery{Topic: e.Topic, Tree: tree, Envelope: e})
	})
	return ended(errors.Join(err, buffered.Flush(), from.close()), found, r.n, "searching")
}

// question joins what the shell split. An argument that has blanks was quoted there:
// its words belong to its field, or to each other.
func question(args []string, not ...string) string {
	terms := slices.Clone(args)
	for _, n := range not {
		terms = append(terms, "-"+n)
	}
	for i, a := range terms {
		field, value, ok := strings.Cut(a, ":")
		if ok && len(terms) > 1 && strings.ContainsAny(value, " \t") && !strings.ContainsAny(a, `"`) && !strings.ContainsAny(field, " \t") {
			terms[i] = field + `:"` + value + `"`
		}
	}
	return strings.Join(terms, " ")
}

// ended is how a command ends.
func ended(err error, found, refused int, doing string) error {
	switch {
	case errors.Is(err, archive.ErrQuery):
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: %w", doing, err)}
	case errors.Is(err, ask.ErrNoHub):
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w", doing, err)}
	case err != nil:
		return &exit.Error{Code: exit.Code(err, exit.TempFail), Err: fmt.Errorf("%s: %w", doing, err)}
	case refused > 0:
		return &exit.Error{Code: exit.Failure, Err: fmt.Errorf("%s: %d messages were refused", doing, refused)}
	case found == 0:
		return &exit.Error{Code: exit.Failure, Err: fmt.Errorf("%s: nothing is found", doing)}
	}
	return nil
}

// open opens who is asked.
func (w *Where) open(ctx context.Context, p *program.Env, g *program.Globals, doing string) (source, *reader, error) {
	cfg, err := config.Load(p, g)
	if err != nil {
		return nil, nil, err
	}
	if w.Hub != "" {
		if w.Archive != "" {
			return nil, nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: %w", doing, errBoth)}
		}
		v, err := w.Required(p, cfg.Sign, w.NoVerify, doing, "prints")
		if err != nil {
			return nil, nil, &exit.Error{Code: exit.Config, Err: err}
		}
		from, err := openHub(w.Hub)
		if err != nil {
			return nil, nil, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: %w", doing, err)}
		}
		return from, &reader{verifier: v}, nil
	}
	from, err := openFile(ctx, cmp.Or(w.Archive, cfg.Hub.Archive), cfg.Bus.Prefix, doing)
	return from, &reader{}, err // its hub has verified what is in it
}

var errBoth = errors.New("--hub and --archive exclude each other")

// openFile opens an archive on this machine.
func openFile(ctx context.Context, path, prefix, doing string) (file, error) {
	if path == "" {
		return file{}, &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: nobody to ask (give --hub URL or --archive FILE, or set [hub] archive)", doing)}
	}
	r, err := archive.OpenReader(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || missing(path):
		return file{}, &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: there is no archive %s (a hub makes it; another machine's is asked with --hub URL)", doing, path)}
	case err != nil:
		return file{}, &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return file{r, prefix}, nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// day is how a date heads a part of a list.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
