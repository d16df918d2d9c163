package journal

import (
	"context"
	"fmt"
)

// A job is what the writer takes from its queue: a record, or work of another
// sort that needs the writer's connection.
type job struct {
	record Record
	texts  []text // of the record's events
	unsaid error  // why they cannot be said
	still  func() bool
	done   func(Result, error)
	work   func() error
}

// Append stores r. It is durable when Append returns nil. If ctx ends first, r
// may be stored all the same.
func (j *Journal) Append(ctx context.Context, r Record) (Result, error) {
	type answer struct {
		result Result
		err    error
	}
	answers := make(chan answer, 1)
	j.Submit(r, func(result Result, err error) { answers <- answer{result, err} })
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("appending to journal %s: %w", j.o.Path, ctx.Err())
	}
}

// Submit queues r and returns; it blocks only while the queue is full. Records
// are stored in the order of their submission. done is called once, from the
// writer's goroutine, when r is durable or has failed; it must be quick and
// must not call the journal. After an error nothing of r is stored, nor of any
// record that shared its transaction; ErrRecord is wrapped where trying again
// is useless.
func (j *Journal) Submit(r Record, done func(Result, error)) { j.SubmitIf(r, nil, done) }

// SubmitIf is Submit for a sequence of records that must not be stored with a
// hole in it, such as those with positions of one source. still is asked, from
// the writer's goroutine, when r's turn comes and all done before it have been
// called; if it says no, r fails with ErrStale.
func (j *Journal) SubmitIf(r Record, still func() bool, done func(Result, error)) {
	texts, err := encode(r.Events) // here, where many can at once
	j.send(job{record: r, texts: texts, unsaid: err, still: still, done: done})
}

// do runs work in the writer's goroutine, in its turn.
func (j *Journal) do(ctx context.Context, work func() error) error {
	answers := make(chan error, 1)
	j.send(job{work: work, done: func(_ Result, err error) { answers <- err }})
	select {
	case err := <-answers:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) send(next job) {
	j.gate.RLock()
	defer j.gate.RUnlock()
	if j.closing {
		next.done(Result{}, fmt.Errorf("appending to journal %s: %w", j.o.Path, ErrClosed))
		return
	}
	j.queue <- next
}
