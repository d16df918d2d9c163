package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/sqlfile"
	"busbar/contrib/trials/trial"
	"busbar/fixtures/ports"
)

// special does what is done once, each when its publisher has said some of what it
// says; others are harmed meanwhile.
func (s *site) special(ctx context.Context, t *truth, tail *book) error {
	for _, one := range []struct {
		of      string
		percent int
		do      func(context.Context, *truth, *publisher) error
	}{
		{renewed, 20, s.rotate},
		{movedName, 35, s.move},
		{prunedName, 50, s.prune},
		{backName, 60, func(ctx context.Context, t *truth, p *publisher) error { return s.putBack(ctx, t, p, tail) }},
	} {
		p := s.named(one.of)
		err := s.await(ctx, p.name+" to say some", patience, func() (bool, error) {
			n, err := p.source.said(ctx, p)
			return n >= p.source.wanted()*one.percent/100, err
		})
		if err == nil {
			err = one.do(ctx, t, p)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", one.of, err)
		}
	}
	return nil
}

func (s *site) named(name string) *publisher {
	for _, p := range s.publishers {
		if p.name == name {
			return p
		}
	}
	return nil
}

// rotate gives a publisher a new key while it runs.
func (s *site) rotate(ctx context.Context, _ *truth, p *publisher) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.listens(ctx); err != nil { // it has read the key that it has
		return err
	}
	for _, end := range []string{".crt", ".key"} {
		file := s.Path("keys/" + p.name + end)
		if err := os.Rename(file, file+".before"); err != nil {
			return err
		}
	}
	if _, _, err := s.ca.Issue(p.name, 7); err != nil {
		return err
	}
	return syscall.Kill(p.PID(), syscall.SIGHUP)
}

// listens waits until a publisher that was started takes connections.
func (p *publisher) listens(ctx context.Context) error {
	for end := time.Now().Add(patience); ; {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", p.address)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) || trial.Pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("waiting for %s: %w", p.name, err)
		}
	}
}

// move has a publisher speak elsewhere; its followers find it.
func (s *site) move(_ context.Context, _ *truth, p *publisher) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.Stop(); err != nil {
		return err
	}
	var err error
	if p.address, err = ports.Address(); err != nil {
		return err
	}
	if err := s.configure(p); err != nil {
		return err
	}
	if err := p.start(); err != nil {
		return err
	}
	for _, f := range s.followers {
		if err := s.link(f, p); err != nil {
			return err
		}
	}
	return nil
}

// prune has retention take what the program and a hub have not got.
func (s *site) prune(ctx context.Context, t *truth, p *publisher) error {
	for _, d := range []*daemon{&s.followers[1].daemon, &s.hubs[1].daemon} {
		d.mu.Lock()
		defer d.mu.Unlock()
		if err := d.kill(); err != nil {
			return err
		}
		defer func() { _ = d.start() }() // whoever needs it next notices if it is not there
	}
	before, err := s.more(ctx, p)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Retention is applied at the start, and takes nothing that is still on its way to a
	// subscriber.
	p.keep = "16KiB"
	oldest := int64(1)
	for range 20 {
		err := errors.Join(p.Stop(), s.configure(p))
		if err == nil {
			err = s.take(ctx, t, p, true)
		}
		if err == nil {
			err = p.start()
		}
		if err == nil {
			err = p.listens(ctx)
		}
		if err != nil {
			return err
		}
		for range 100 {
			if oldest, err = s.oldest(ctx, p); err != nil || oldest > before+1 {
				break
			}
			if err = trial.Pause(ctx, 50*time.Millisecond); err != nil {
				break
			}
		}
		if err != nil {
			return err
		}
		if oldest > before+1 {
			break
		}
	}
	p.keep = ""
	if err := errors.Join(p.Stop(), s.configure(p)); err != nil {
		return err
	}
	if oldest, err = s.oldest(ctx, p); err != nil {
		return err
	}
	if oldest <= before+1 {
		return fmt.Errorf("retention took nothing up to message %d, for the oldest is %d", before, oldest)
	}
	for at := range t.said {
		if at.publisher == p.name && at.seq < oldest {
			t.pruned[at] = true
		}
	}
	return p.start()
}

func (s *site) oldest(ctx context.Context, p *publisher) (int64, error) {
	r, err := journal.OpenReader(ctx, p.journal)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	oldest, _, err := r.Span(ctx)
	return oldest, err
}

// more has a publisher say some more, and waits for it; before is its newest number
// before that.
func (s *site) more(ctx context.Context, p *publisher) (before int64, err error) {
	if before, err = trial.Stored(ctx, p.journal); err != nil {
		return 0, err
	}
	said, err := p.source.said(ctx, p)
	if err != nil {
		return 0, err
	}
	said += p.source.wanted()/20 + 5
	if said > p.source.wanted() {
		if err := p.source.want(said); err != nil {
			return 0, err
		}
	}
	return before, s.await(ctx, p.name+" to say more", patience, func() (bool, error) {
		n, err := p.source.said(ctx, p)
		return n >= said, err
	})
}

// putBack puts an older copy of a journal in its place: once alone, so that other
// messages get the same numbers, and once with its source, so that the same facts are
// published again.
func (s *site) putBack(ctx context.Context, t *truth, p *publisher, tail *book) error {
	src, ok := p.source.(*notes)
	if !ok {
		return errors.New("its source cannot be put back")
	}
	t.back[p.name] = true
	for _, also := range [][]string{nil, {src.counter()}} {
		files := append([]string{p.journal}, also...)
		if err := s.copy(p, files); err != nil {
			return err
		}
		if _, err := s.more(ctx, p); err != nil {
			return err
		}
		if also == nil { // somebody has what is lost
			if err := s.reached(ctx, p, tail); err != nil {
				return err
			}
		}
		if err := s.restore(ctx, t, p, files); err != nil {
			return err
		}
	}
	return nil
}

// reached waits until a subscriber has what a publisher has said by now.
func (s *site) reached(ctx context.Context, p *publisher, b *book) error {
	r, err := journal.OpenReader(ctx, p.journal)
	if err != nil {
		return err
	}
	newest, err := r.Last(ctx)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	id, err := event.IDUUID(newest.ID)
	if err != nil {
		return err
	}
	return s.await(ctx, b.name+" to have the newest message", patience, func() (bool, error) {
		err := b.read(ctx)
		return b.had[fact{id, newest.Topic}], err
	})
}

const copied = ".copy"

func (s *site) copy(p *publisher, files []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.Stop(); err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file+copied, text, 0o600); err != nil {
			return err
		}
	}
	return p.start()
}

func (s *site) restore(ctx context.Context, t *truth, p *publisher, files []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.Stop(); err != nil {
		return err
	}
	if err := s.take(ctx, t, p, false); err != nil {
		return err
	}
	if err := sqlfile.Discard(p.journal); err != nil {
		return err
	}
	for _, file := range files {
		if err := os.Rename(file+copied, file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return p.start()
}

// lost is how many facts a journal lost when it was put back.
func (t *truth) lost() (n int) {
	for f := range t.facts {
		if !t.kept[f] {
			n++
		}
	}
	return n
}
