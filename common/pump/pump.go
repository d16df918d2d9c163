package pump

import (
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
	// Source is the name under which positions are stored. Two pumps on one
	// journal must differ in it.
	Source string
	// Read, if set, makes an item of what the channel handed out unread: what
	// strangers wrote is taken apart here, within Patience, and not in Next. It
	// must leave alone what it is given, for another may still read that.
	Read func(translate.Item[any]) translate.Item[any]
	Log  *slog.Logger // nil: none
	// Weather is told of trouble that passes, once for each failure, and with
	// nil when records are stored again. Nil: nobody is told. It is called
	// from several goroutines and must be quick.
	Weather func(error)
	// Patience is how long one item may hold up the others [10 s]. One that
	// takes longer is put aside as poison; should it be translated after all,
	// it is told then.
	Patience time.Duration

	trouble atomic.Pointer[error]
	flow    atomic.Pointer[flow]
	slow    atomic.Pointer[chan struct{}] // a place for each item that is translated though put aside
}

// Trouble is why nothing comes through now (the source cannot be read, the
// journal cannot store), or nil. It may be asked from any goroutine.
func (p *Pump) Trouble() error {
	if err := p.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Rested is for the channel, within Next: its source was read, and nothing there
// waits for the journal. So trouble is over, also where the item that met it was
// taken away.
func (p *Pump) Rested() {
	if f := p.flow.Load(); f != nil {
		f.rested()
	}
}

// note keeps the weather for Trouble, and passes it on.
func (p *Pump) note(err error) {
	if err == nil {
		p.trouble.Store(nil)
	} else {
		p.trouble.Store(&err)
	}
	if p.Weather != nil {
		p.Weather(err)
	}
}

// Run carries items until ctx ends or the channel says io.EOF; then it waits
// for what is in flight and returns nil. Trouble is not an error: Run waits
// and goes on.
func (p *Pump) Run(ctx context.Context) error {
	f := newFlow(p.Log, p.note)
	p.flow.Store(f)
	places := make(chan struct{}, maxSlow)
	p.slow.Store(&places)
	defer f.drain()
	table := guarded(p.Table)
	for f.calm(ctx) {
		item, position, done, err := p.Channel.Next(ctx)
		switch {
		case ctx.Err() != nil && err != nil, errors.Is(err, io.EOF):
			return nil
		case err != nil:
			f.drain() // what came before is not to blame
			f.trouble("reading "+p.Source, err)
			continue
		}
		streak := f.streak()
		if streak == nil { // an item before this one has failed since
			done(journal.ErrStale)
			continue
		}
		record, late, err := p.record(ctx, table, item, position)
		if err != nil {
			f.drain()
			f.trouble("translating", err)
			done(err)
			continue
		}
		f.enter(len(record.Item))
		p.Journal.SubmitIf(record, streak.whole, func(result journal.Result, err error) {
			f.settle(streak, record, result, err)
			done(err)
			f.leave(len(record.Item))
		})
		if late != nil {
			go p.tellLate(record, late)
		}
	}
	return nil
}

// record is what becomes of an item; late, where that is only that it was put
// aside.
func (p *Pump) record(ctx context.Context, table []translate.Translator[any], item translate.Item[any], position []byte) (journal.Record, <-chan translated, error) {
	r := journal.Record{Origin: item.Origin, Received: item.Received}
	first, late := p.translate(ctx, table, item)
	if first.err != nil {
		return r, nil, first.err
	}
	first.fill(&r)
	r.Item, r.Digest, r.States = first.item.Raw, first.item.Digest, first.item.States
	if r.Item == nil {
		r.Item = []byte{} // an empty item can be kept, none cannot
	}
	if position != nil {
		r.Source, r.Position = p.Source, position
	}
	return r, late, nil
}
