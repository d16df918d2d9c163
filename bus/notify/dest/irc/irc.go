// Package irc says notes on IRC: in channels, and to people. It stays where it was
// invited, comes back after a cut, and is never faster than networks allow. It answers
// nobody.
//
// IRC acknowledges nothing. But a server handles what one client says in order: so a
// note has arrived there when the answer (PONG) comes to the question (PING) that was
// sent right behind it, and what the server has against the note comes before. Where the
// connection ends in between, nobody can say whether the note was seen: it is said
// again.
package irc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"busbar/bus/notify/dest"
	"busbar/common/backoff"
)

type destination struct {
	networks map[string]*network
	only     string          // the one network, where there is one
	ctx      context.Context // ends with Close
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// Open completes the configuration. It connects to nobody yet.
func (c Config) Open() (dest.Destination, error) {
	if len(c.Networks) == 0 {
		return nil, errors.New("opening [notify.irc]: it names no network ([[notify.irc.network]])")
	}
	d := &destination{networks: map[string]*network{}}
	for i := range c.Networks {
		config := c.Networks[i]
		if err := config.complete(); err != nil {
			return nil, err
		}
		name := strings.ToLower(config.Name)
		if d.networks[name] != nil {
			return nil, fmt.Errorf("checking [[notify.irc.network]] %s: there are two of this name", config.Name)
		}
		for _, read := range []func() error{func() error { _, err := config.tls(); return err }, func() error { _, err := config.secrets(); return err }} {
			if err := read(); err != nil {
				return nil, fmt.Errorf("opening [[notify.irc.network]] %s: %w", config.Name, err)
			}
		}
		d.networks[name] = newNetwork(&config)
		d.only = name
	}
	if len(d.networks) > 1 {
		d.only = ""
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d, nil
}

// Stay connects to the networks, and keeps us there. Without it that happens when there
// is something to say.
func (d *destination) Stay() {
	for _, n := range d.networks {
		d.running.Go(func() { n.stay(d.ctx) })
	}
}

func (d *destination) Traits() dest.Traits {
	return dest.Traits{Name: "irc", Parallel: min(2*len(d.networks), 16), Patience: 2 * time.Minute}
}

// Configured says that there is a network.
func (c Config) Configured() bool { return len(c.Networks) > 0 }

// Secrets are the files that must be kept from others.
func (c Config) Secrets() []string {
	var files []string
	for _, n := range c.Networks {
		for _, file := range []string{n.Key, n.PasswordFile, n.ServerPasswordFile} {
			if file != "" {
				files = append(files, file)
			}
		}
	}
	return files
}

// Close leaves the networks.
func (d *destination) Close() error {
	d.stop()
	d.running.Wait()
	for _, n := range d.networks {
		n.end()
	}
	return nil
}

// find reads an address: NETWORK/TARGET, or TARGET where there is one network.
func (d *destination) find(to string) (*network, string, error) {
	name, target, ok := strings.Cut(to, "/")
	if !ok || d.networks[strings.ToLower(name)] == nil && (isChannel(to) || isNick(to)) {
		name, target = d.only, to
	}
	n := d.networks[strings.ToLower(name)]
	switch {
	case n == nil && name == "":
		return nil, "", errors.New("checking an address of IRC: say in which network, as oftc/#debian-devel")
	case n == nil:
		return nil, "", fmt.Errorf("checking an address of IRC: the network %.40q is not configured ([[notify.irc.network]])", name)
	case !isChannel(target) && !isNick(target):
		return nil, "", errors.New("checking an address of IRC: it is neither a channel such as #debian-devel nor the nick of a person")
	}
	return n, target, nil
}

func (d *destination) Check(to string) error {
	_, _, err := d.find(to)
	return err
}

func (d *destination) Send(ctx context.Context, note dest.Note) error {
	n, target, err := d.find(note.To)
	if err != nil {
		return dest.Refused(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	err = n.send(ctx, target, note)
	if e := dest.FateOf(err); err != nil && e.Fate == dest.Retry && len(d.networks) > 1 {
		e.Fate = dest.RetryOne // the other networks go on
		return &e
	}
	return err
}

// pauses are those between two attempts to connect.
var pauses = backoff.Times{First: time.Second, Most: 5 * time.Minute}
