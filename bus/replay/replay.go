// Package replay is `bus replay`: it prints what was said, of a publisher, a hub or a
// journal.
//
// A [wanted] says which messages; a [source] hands them to a [collector], which
// verifies, chooses and prints them, and notes what is not there.
//
// Not here: how a publisher says again what it said (common/replay).
package replay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"busbar/bus/config"
	"busbar/bus/filter"
	"busbar/bus/printer"
	"busbar/common/exit"
	"busbar/common/program"
)

// Command is `bus replay`.
type Command struct {
	Replay command `cmd:"" help:"Print what was said, verified: of a publisher, a hub or a journal. Exits with 0 if all that was asked for is there, 1 if some of it is not, 75 or 78 if nobody could be asked."`
}

type command struct {
	Where     string   `arg:"" help:"Whom to ask: a publisher (tcp://HOST:PORT), a hub (http://HOST:PORT, or with --publisher tcp://HOST:PORT of [hub] publish), a journal (its file), or the name of a publisher or service that [bus] subscribe or discover finds."`
	Numbers   string   `help:"Messages by number: 17, 17..40, 17.. or ..40. At a hub, of --publisher." placeholder:"FROM..TO"`
	ID        []string `help:"The message with this id; the year in it does not count. May be repeated." placeholder:"ID"`
	Since     string   `help:"What was published at this time or later: 2026-01-31T12:00:00Z, 2026-01-31 or 2h (ago)." placeholder:"TIME"`
	Until     string   `help:"What was published at this time or before." placeholder:"TIME"`
	Publisher string   `help:"Only what this publisher said." placeholder:"NAME"`
	Epoch     string   `help:"Which of the publisher's sequences the numbers are of. Default: the newest." placeholder:"EPOCH"`
	filter.Filter
	printer.Flags
	Timeout time.Duration `help:"How long to ask without an answer." placeholder:"D" default:"1m"`
	config.Trust
	NoVerify bool `help:"Print without verifying: anybody can have said anything. Without it an authority is needed."`
}

// A wanted is which messages are asked for.
type wanted struct {
	publisher, epoch string
	from, to         uint64 // numbers, both included; 0: open
	since, until     time.Time
	ids              []string
}

// A source is who is asked. An error says that it cannot be asked, or not to the end;
// what is only not there is told to the collector.
type source interface {
	replay(ctx context.Context, w wanted, c *collector) error
	close() error
}

// Run asks, and prints.
func (c *command) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	w, err := c.wanted(time.Now())
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	v, err := c.Required(p, cfg.Sign, c.NoVerify, "replaying", "prints")
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: err}
	}
	c.Hint(p.Stderr, cfg.Bus.Prefix)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	from, err := c.open(ctx, cfg, g.Logger(p))
	if err != nil {
		return exit.Of(err)
	}
	out := printer.New(p, c.Flags)
	buffered := bufio.NewWriterSize(p.Stdout, 64<<10)
	p.Stdout = buffered
	to := &collector{out: out, flush: buffered.Flush, verifier: v, takes: c.Filter, prefix: cfg.Bus.Prefix, publisher: w.publisher}
	err = from.replay(ctx, w, to)
	if ferr := errors.Join(buffered.Flush(), from.close()); err == nil {
		err = ferr
	}
	switch {
	case err != nil:
		return unable(fmt.Errorf("replaying: %w", err))
	case to.missing > 0:
		return &exit.Error{Code: exit.Failure, Err: errors.New("replaying: not all that was asked for is there")}
	}
	return nil
}

// wanted reads the flags.
func (c *command) wanted(now time.Time) (w wanted, err error) {
	w = wanted{publisher: c.Publisher, epoch: c.Epoch, ids: c.ID}
	if w.from, w.to, err = numbers(c.Numbers); err != nil {
		return w, err
	}
	for _, one := range []struct {
		flag, text string
		to         *time.Time
	}{{"since", c.Since, &w.since}, {"until", c.Until, &w.until}} {
		t, ok := config.Moment(one.text, now)
		switch {
		case one.text == "":
		case !ok:
			return w, fmt.Errorf("replaying: --%s %q is no time such as 2026-01-31T12:00:00Z or 2026-01-31, and no while ago such as 2h", one.flag, one.text)
		default:
			*one.to = t
		}
	}
	ways := 0
	for _, is := range []bool{c.Numbers != "", len(c.ID) > 0, c.Since != "" || c.Until != ""} {
		if is {
			ways++
		}
	}
	switch {
	case ways > 1:
		return w, errors.New("replaying: --numbers, --id, and --since with --until exclude each other")
	case !w.until.IsZero() && w.until.Before(w.since):
		return w, errors.New("replaying: --until is before --since")
	case c.Timeout <= 0:
		return w, errors.New("replaying: --timeout must be more than 0")
	}
	return w, nil
}

// maxNumber is the highest number that counts, as wire.MaxSeq.
const maxNumber = 1<<53 - 1

// numbers reads 17, 17..40, 17.. and ..40.
func numbers(text string) (from, to uint64, err error) {
	if text == "" {
		return 0, 0, nil
	}
	first, last, several := strings.Cut(text, "..")
	if !several {
		last = first
	}
	wrong := fmt.Errorf("replaying: --numbers %q is none of 17, 17..40, 17.. and ..40, with numbers from 1 to %d", text, uint64(maxNumber))
	from, to = 1, 0
	for _, end := range []struct {
		text string
		to   *uint64
	}{{first, &from}, {last, &to}} {
		if end.text == "" && several {
			continue
		}
		n, err := strconv.ParseUint(end.text, 10, 64)
		if err != nil || n < 1 || n > maxNumber {
			return 0, 0, wrong
		}
		*end.to = n
	}
	if to > 0 && to < from || text == ".." {
		return 0, 0, wrong
	}
	return from, to, nil
}
