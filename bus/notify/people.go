package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"busbar/bus/notify/outbox"
	"busbar/bus/notify/rule"
	"busbar/bus/notify/self"
)

// people are everybody whose rules are in force: of the administrator's files, and those
// who keep their rules themselves.
type people struct {
	files rule.Files
	store *self.Store

	mu   sync.Mutex
	book rule.Book
	own  *self.Source
	seen int64 // changes of the store, up to which it was read
	all  []*rule.Person
	keys map[string]string // of those who keep rules themselves: as whom they are known
}

func newPeople(ctx context.Context, files rule.Files, book rule.Book, out *outbox.Outbox, l self.Limits, check func(rule.Address) error) (*people, error) {
	store, err := self.Open(ctx, out, l)
	if err != nil {
		return nil, err
	}
	p := &people{files: files, store: store, book: book, own: &self.Source{Store: store, Prefix: files.Prefix, Names: book, Check: check}}
	return p, p.readOwn(ctx)
}

func (p *people) everybody() []*rule.Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

// source is what people's own rules are read with now.
func (p *people) source() *self.Source {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.own
}

// key is the name under which the engine knows somebody who keeps rules.
func (p *people) key(person string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := p.keys[person]; key != "" {
		return key
	}
	return person
}

// readFiles reads all again. Where the files are wrong, nothing changes.
func (p *people) readFiles(ctx context.Context) error {
	book, err := p.files.Book(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.book = book
	p.own = &self.Source{Store: p.store, Prefix: p.files.Prefix, Names: book, Check: p.own.Check}
	return p.join(ctx)
}

// readOwn reads what people changed themselves.
func (p *people) readOwn(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.join(ctx)
}

func (p *people) join(ctx context.Context) error {
	seen, err := p.store.Changes(ctx) // before: what changes meanwhile is read again
	if err != nil {
		return err
	}
	own, err := p.own.Read(ctx)
	if err != nil {
		return err
	}
	all, keys, err := rule.Join(p.book.People, own)
	if err == nil {
		p.all, p.keys, p.seen = all, keys, seen
	}
	return err
}

// fresh says whether the store has changed since it was read.
func (p *people) fresh(ctx context.Context) (bool, error) {
	n, err := p.store.Changes(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	return n != p.seen, err
}

// lookOwn is how often what people changed is looked for.
const lookOwn = time.Second

// follow puts into force what people change by mail or on pages, and has what is mailed to
// them sent.
func (d *daemon) follow(ctx context.Context) error {
	tick := time.NewTicker(lookOwn)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		fresh, err := d.people.fresh(ctx)
		if fresh {
			if err = d.people.readOwn(ctx); err == nil {
				err = d.stops.read(ctx)
			}
			if err == nil {
				d.engine.rules(d.people.everybody())
				d.lookUp()
			}
			for _, s := range d.senders {
				s.awake()
			}
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			d.log.Warn("people's own rules cannot be read; trying again", "error", err)
		}
		d.conditions.Note("own rules", err, "what was read before stays in force")
	}
}
