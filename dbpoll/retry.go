package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"busbar/adapters"
	"busbar/common/daemon"
)

type poisonCmd struct {
	List struct {
		JSON bool `help:"Print one JSON object a line."`
	} `cmd:"" default:"1" help:"List the changes that could not be read, and why."`
	Show struct {
		ID int64 `arg:"" help:"Number from the list."`
	} `cmd:"" help:"Print one as JSON, as explain takes it."`
	Retry struct {
		ID []int64 `arg:"" optional:"" help:"Numbers from the list; none: all."`
	} `cmd:"" help:"Give changes back to the daemon, or to the next poll, which reads them as if they were new."`
}

// Run works on the poison that the journal keeps.
func (c *poisonCmd) Run(k *daemon.Selected, p *daemon.Program, g *daemon.Globals) error {
	cfg, err := load(p, g)
	if err != nil {
		return err
	}
	ctx := context.Background()
	dir := retryDir(cfg)
	poison := daemon.Poison{Journal: cfg.Bus.Journal, Retry: func(item []byte) error { return giveBack(dir, item, cfg.Bus.Journal) }}
	switch k.Leaf {
	case "show":
		return poison.Show(ctx, p, c.Show.ID)
	case "retry":
		return poison.RetryAll(ctx, p, c.Retry.ID)
	}
	return poison.List(ctx, p, c.List.JSON)
}

// retryDir is where changes wait that are given back: only the daemon writes
// the journal, and it may be running.
func retryDir(c Config) string { return c.Bus.Journal + ".retry" }

// giveBack writes a change where the daemon finds it. It is there whole or not
// at all; should it be lost, the journal still has it. What root gives back
// belongs to the owner of the journal, who is to read it.
func giveBack(dir string, item []byte, journal string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := ownAs(dir, journal); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(item)
	err = errors.Join(err, f.Close(), ownAs(f.Name(), journal))
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, fmt.Sprintf("%020d.json", time.Now().UnixNano())))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// ownAs gives a path to the owner of another, where root runs this.
func ownAs(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return os.Lchown(path, int(s.Uid), int(s.Gid))
	}
	return nil
}

// retryEvery is how often the daemon looks for changes that were given back.
const retryEvery = 2 * time.Second

// givenBack is the channel of changes that were given back.
type givenBack struct {
	dir  string
	once bool // io.EOF when nothing waits

	handed map[string]bool // not to be handed out twice
}

// Next hands out the oldest file that is not in flight.
func (c *givenBack) Next(ctx context.Context) (adapters.Item[row], []byte, func(error), error) {
	for {
		names, err := waiting(c.dir)
		if err != nil {
			return adapters.Item[row]{}, nil, nil, err
		}
		for _, name := range names {
			if c.handed[name] {
				continue
			}
			it, position, done, err := c.take(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was in flight
			}
			return it, position, done, err
		}
		if c.once {
			return adapters.Item[row]{}, nil, nil, io.EOF
		}
		c.handed = nil // what is still there failed, and is handed out again
		select {
		case <-ctx.Done():
			return adapters.Item[row]{}, nil, nil, ctx.Err()
		case <-time.After(retryEvery):
		}
	}
}

func (c *givenBack) take(name string) (it adapters.Item[row], position []byte, done func(error), err error) {
	path := filepath.Join(c.dir, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return it, nil, nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return it, nil, nil, err
	}
	if c.handed == nil {
		c.handed = map[string]bool{}
	}
	c.handed[name] = true
	r, err := parseRow(text)
	if err != nil {
		r = row{text: text, unreadable: err}
	}
	it = adapters.Item[row]{Origin: "given back " + name, Value: r, Received: info.ModTime()}
	return it, nil, func(err error) {
		if err == nil {
			os.Remove(path) // at the worst it is read again, and its facts are known
		}
	}, nil
}

// waiting lists the files of changes that were given back, oldest first.
func waiting(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for changes that were given back: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && filepath.Ext(e.Name()) == ".json" {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
