package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busbar/bus/archive/postgres"
	"busbar/bus/config"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/show"
)

type copyCommand struct {
	where
	To     string        `help:"The database: postgres://USER@HOST/DATABASE, or service=NAME. A password belongs into the file that PGPASSFILE names." required:"" placeholder:"URL"`
	Schema string        `help:"The schema of the tables, which is made where it is not there." default:"busbar"`
	Follow bool          `help:"Go on when all is copied, and copy what comes."`
	Every  time.Duration `help:"How often to look for more, with --follow." default:"5s"`
}

// Run copies the archive into PostgreSQL.
func (c *copyCommand) Run(p *program.Env, g *program.Globals) error {
	const doing = "copying to PostgreSQL"
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	path, err := c.path(cfg, doing)
	if err != nil {
		return err
	}
	if c.Every <= 0 {
		return &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: --every must be more than 0", doing)}
	}
	ctx, stop := signals()
	defer stop()
	r, err := archive.OpenReader(ctx, path)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	n, err := c.run(ctx, p, r)
	err = errors.Join(err, r.Close())
	switch {
	case ctx.Err() != nil && c.Follow: // it was told to end
		err = nil
	case ctx.Err() != nil:
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%s: it was interrupted (the same again goes on)", doing)}
	case err != nil && postgres.Stays(err):
		err = &exit.Error{Code: exit.Config, Err: err}
	case err != nil:
		err = &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w (what was copied stays: the same again goes on)", err)}
	}
	_, perr := show.Fprintf(p.Stdout, "copied %d messages\n", n)
	return errors.Join(err, perr)
}

func (c *copyCommand) run(ctx context.Context, p *program.Env, r *archive.Reader) (n int, err error) {
	present, err := kinds.Present()
	if err != nil {
		return 0, err
	}
	to, err := postgres.Open(ctx, postgres.Options{URL: c.To, Schema: c.Schema, Reader: r, States: present})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, newest, err := r.Range(ctx)
	if err != nil {
		return 0, err
	}
	at := make(chan int64, 1)
	at <- to.At()
	ended := p.Progress(func(done bool) progress.State {
		if done {
			return progress.State{}
		}
		now := <-at
		at <- now
		return progress.State{Text: fmt.Sprintf("copied up to arrival %d of %d", now, newest), Done: now, All: newest}
	})
	defer ended()
	for {
		some, err := to.Step(ctx)
		if err != nil {
			return n, err
		}
		n += some
		<-at
		at <- to.At()
		if some > 0 {
			continue
		}
		if !c.Follow {
			return n, nil
		}
		select {
		case <-ctx.Done():
			return n, ctx.Err()
		case <-time.After(c.Every):
		}
	}
}
