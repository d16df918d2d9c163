// Package archive is `bus archive`: it brings what was said before into a hub's archive,
// makes its indices again, and says what is in it.
//
// Not here: the archive itself (common/archive).
package archive

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"busbar/bus/config"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/exit"
	"busbar/common/program"
	"busbar/common/progress"
	"busbar/common/show"
)

// Command is `bus archive`.
type Command struct {
	Archive command `cmd:"" help:"Look after a hub's archive."`
}

type command struct {
	Import  importCommand  `cmd:"" help:"Bring old messages into the archive: of journals, files of JSON lines, hubs, datagrepper. Messages that are there already stay as they are, so that it can be done again after an interruption. The hub must not run meanwhile."`
	Rebuild rebuildCommand `cmd:"" help:"Make the indices, counts and states again from the messages. The hub must not run meanwhile."`
	Copy    copyCommand    `cmd:"" help:"Copy the archive into PostgreSQL, for who asks in SQL; also while the hub runs. It goes on where the last copying ended."`
	Status  statusCommand  `cmd:"" help:"Say what is in the archive; also while the hub runs."`
}

// where is the archive.
type where struct {
	File string `name:"archive" help:"The archive's file. Default: [hub] archive." placeholder:"FILE" type:"path"`
}

func (w where) path(cfg config.Config, doing string) (string, error) {
	if path := cmp.Or(w.File, cfg.Hub.Archive); path != "" {
		return path, nil
	}
	return "", &exit.Error{Code: exit.Usage, Err: fmt.Errorf("%s: which archive? (give --archive FILE, or set [hub] archive)", doing)}
}

// open opens the archive for writing.
func (w where) open(ctx context.Context, cfg config.Config, g *program.Globals, p *program.Env, doing string) (*archive.Archive, error) {
	path, err := w.path(cfg, doing)
	if err != nil {
		return nil, err
	}
	present, err := kinds.Present()
	if err != nil {
		return nil, err
	}
	a, err := archive.Open(ctx, archive.Options{Path: path, Log: g.Logger(p), States: present})
	if err != nil {
		return nil, &exit.Error{Code: codeOf(err), Err: fmt.Errorf("%s: %w", doing, err)}
	}
	return a, nil
}

func codeOf(err error) int {
	for _, stays := range []error{archive.ErrForeign, archive.ErrNewer, archive.ErrCorrupt, archive.ErrMissing} {
		if errors.Is(err, stays) {
			return exit.Config
		}
	}
	return exit.Code(err, exit.TempFail)
}

func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
}

type rebuildCommand struct{ where }

// Run makes the derived tables again.
func (c *rebuildCommand) Run(p *program.Env, g *program.Globals) error {
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	const doing = "making the indices again"
	path, err := c.path(cfg, doing)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) { // opening would make one
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w %s (a hub makes it, or bus archive import)", doing, archive.ErrMissing, path)}
	}
	ctx, stop := signals()
	defer stop()
	a, err := c.open(ctx, cfg, g, p, doing)
	if err != nil {
		return err
	}
	ended := p.Progress(func(done bool) progress.State {
		at, newest, err := a.Rebuilt(ctx)
		if err != nil || newest == 0 || done {
			return progress.State{}
		}
		return progress.State{Text: fmt.Sprintf("indexed up to arrival %d of %d", at, newest), Done: at, All: newest}
	})
	err = a.Rebuild(ctx)
	ended()
	if err = errors.Join(err, a.Close()); err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%w (bus archive rebuild, or the hub at its start, goes on)", err)}
	}
	return nil
}

type statusCommand struct {
	where
	JSON bool `help:"Print it as JSON."`
}

// A state is what an archive holds.
type state struct {
	Archive    string   `json:"archive"`
	Epoch      string   `json:"epoch"`
	Base       int64    `json:"base"`   // the newest arrival that retention dropped
	Newest     int64    `json:"newest"` // the newest arrival
	Publishers []sender `json:"publishers"`
	Gaps       int      `json:"gaps"` // 1000 at most are counted
}

type sender struct {
	Publisher string `json:"publisher"`
	Epoch     string `json:"epoch"`
	Head      int64  `json:"head"` // the highest number that came
	Base      int64  `json:"base"` // the highest that retention dropped
}

// Run says what is in the archive.
func (c *statusCommand) Run(p *program.Env, g *program.Globals) error {
	const doing = "looking at the archive"
	cfg, err := config.Load(p, g)
	if err != nil {
		return err
	}
	path, err := c.path(cfg, doing)
	if err != nil {
		return err
	}
	ctx, stop := signals()
	defer stop()
	r, err := archive.OpenReader(ctx, path)
	if err != nil {
		return &exit.Error{Code: exit.Config, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	s, err := read(ctx, r, path)
	if err = errors.Join(err, r.Close()); err != nil {
		return &exit.Error{Code: exit.TempFail, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	if c.JSON {
		text, err := json.Marshal(s)
		if err == nil {
			_, err = show.Fprintln(p.Stdout, show.Clean(show.JSON(text)))
		}
		return err
	}
	_, err = show.Fprintf(p.Stdout, "%s: arrivals %d to %d, %d gaps\n", path, s.Base+1, s.Newest, s.Gaps)
	for _, one := range s.Publishers {
		if err == nil {
			_, err = show.Fprintf(p.Stdout, "  %s, epoch %s: numbers %d to %d\n", one.Publisher, one.Epoch, one.Base+1, one.Head)
		}
	}
	return err
}

func read(ctx context.Context, r *archive.Reader, path string) (state, error) {
	s := state{Archive: path, Epoch: r.Epoch(), Publishers: []sender{}}
	var err error
	if s.Base, s.Newest, err = r.Range(ctx); err != nil {
		return s, err
	}
	list, err := r.Sequences(ctx)
	for _, q := range list {
		s.Publishers = append(s.Publishers, sender{q.Publisher, q.Epoch, q.Head, q.Base})
	}
	if err != nil {
		return s, err
	}
	gaps, err := r.LastGaps(ctx, 0)
	s.Gaps = len(gaps)
	return s, err
}
