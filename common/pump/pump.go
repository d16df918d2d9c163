package pump

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"busbar/common/journal"
	"busbar/common/translate"
)

// Pump carries items from one channel through a table of translators into the
// journal. Many records are in flight at once; they are stored in the order of
// the items.
type Pump struct {
	Channel Channel
	Table   []translate.Translator[any]
	Journal *journal.Journal
	// Source is the name under which positions and poison are stored. Two pumps on one
	// journal must differ in it.
	Source string
	// Read, if set, parses what the channel handed out unparsed: untrusted input
	// is parsed here, within Timeout, and not in Next. It must not change what it
	// is given, for another goroutine may still read that.
	Read func(translate.Item[any]) translate.Item[any]
	// Judge, if set, has the last word on what the table made of an item: it adds to the
	// evidence, and where that falls short, makes the item poison. Its error is transient.
	Judge func(translate.Item[any], translate.Outcome) (translate.Item[any], translate.Outcome, error)
	Log   *slog.Logger // nil: none
	// OnErr, if set, is called with each transient error, and with nil when
	// records are stored again. It is called from several goroutines and must
	// be quick.
	OnErr func(error)
	// Timeout is how long one item may hold up the others [10 s]. One that
	// takes longer is put aside as poison; if its translation ends after all, it
	// is published then.
	Timeout time.Duration

	err    atomic.Pointer[error]
	flow   atomic.Pointer[flow]
	slow   atomic.Pointer[chan struct{}] // a slot for each item that is translated though put aside
	worker *worker                       // of Run's goroutine; nil: none yet
}

// Err is the transient error that stops the pump now (the source cannot be read, the
// journal cannot store), or nil. It may be asked from any goroutine.
func (p *Pump) Err() error {
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Idle is for the channel to call within Next: its source was read, and nothing there
// waits for the journal. So a transient error is over, also where the item that met
// it was removed.
func (p *Pump) Idle() {
	if f := p.flow.Load(); f != nil {
		f.idle()
	}
}

// note keeps the error for Err, and passes it on.
func (p *Pump) note(err error) {
	if err == nil {
		p.err.Store(nil)
	} else {
		p.err.Store(&err)
	}
	if p.OnErr != nil {
		p.OnErr(err)
	}
}

// Run carries items until ctx ends or the channel says io.EOF; then it waits
// for what is in flight and returns nil. After a transient error Run backs off and
// goes on.
func (p *Pump) Run(ctx context.Context) error {
	f := newFlow(p.Log, p.note)
	p.flow.Store(f)
	slots := make(chan struct{}, maxSlow)
	p.slow.Store(&slots)
	defer f.drain()
	defer p.dismiss()
	table := translate.Guarded(p.Table)
	for f.backOff(ctx) {
		item, position, done, err := p.Channel.Next(ctx)
		switch {
		case ctx.Err() != nil && err != nil, errors.Is(err, io.EOF):
			return nil
		case err != nil:
			f.drain() // the items before it did not fail
			f.fail("reading "+p.Source, err)
			continue
		}
		generation := f.generation()
		if generation == nil { // an item before this one has failed since
			f.drain() // its done comes first
			done(journal.ErrStale)
			continue
		}
		record, late, err := p.record(ctx, table, item, position)
		if err != nil {
			f.drain()
			f.fail("translating", err)
			done(err)
			continue
		}
		f.enter(len(record.Item))
		p.Journal.SubmitIf(record, generation.intact, func(result journal.Result, err error) {
			f.settle(generation, record, result, err)
			done(err)
			f.leave(len(record.Item))
		})
		if late != nil {
			go p.publishLate(record, late)
		}
	}
	return nil
}

// record is what becomes of an item; late, where that is only that it was put
// aside.
func (p *Pump) record(ctx context.Context, table []translate.Translator[any], item translate.Item[any], position []byte) (journal.Record, <-chan translated, error) {
	r := journal.Record{Source: cmp.Or(item.Source, p.Source), Origin: item.Origin, Received: item.Received}
	first, late := p.translate(ctx, table, item)
	if first.err != nil {
		return r, nil, first.err
	}
	first.fill(&r)
	r.Item, r.Digest, r.States = first.item.Raw, first.item.Digest, first.item.States
	if r.Item == nil {
		r.Item = []byte{} // an empty item can be kept, none cannot
	}
	r.Position = position
	return r, late, nil
}
