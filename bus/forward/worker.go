package forward

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"busbar/bus/forward/nats"
	"busbar/common/condition"
	"busbar/common/drain"
	"busbar/common/show"
	"busbar/common/subscribe"
)

// A worker forwards: it joins subscriber, store and loop.
type worker struct {
	subscriber *subscribe.Subscriber
	store      *store
	drain      *drain.Drain
	sink       *nats.Sink
	log        *slog.Logger
	conditions condition.Set
}

// run forwards until ctx ends. What the stream has is stored before it returns.
func (w *worker) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	saving, saved := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var taken, stored error
	wg.Go(func() {
		taken = w.store.take(ctx)
		cancel()
	})
	wg.Go(func() { stored = w.store.save(saving) })
	err := w.drain.Run(ctx)
	saved()
	wg.Wait()
	if errors.Is(taken, context.Canceled) {
		taken = nil
	}
	return errors.Join(err, taken, stored)
}

// now is what is not as it should be.
func (w *worker) now() []condition.Condition {
	list := w.subscriber.Status().Conditions()
	list = append(list, w.sink.Conditions()...)
	if s := w.drain.Status(); s.Err != nil {
		list = append(list, condition.Condition{Name: "forward", Level: condition.Fail, Text: s.Err.Error(), Hint: "messages wait at the publishers, and are tried again"})
	}
	st := w.store.status()
	if st.err != nil {
		list = append(list, condition.Condition{Name: "position", Level: condition.Fail, Since: st.since, Text: st.err.Error()})
	}
	if n, last := w.missed(); n > 0 {
		list = append(list, condition.Condition{
			Name: "missed", Level: condition.Warn, Text: show.Sprintf("the stream never got %d messages: %s", n, last),
			Hint: "they are kept in the file of the position, and offered again at the next start",
		})
	}
	return list
}

// missed is how many messages the stream refused, and why the newest of them.
func (w *worker) missed() (int, string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := w.store.Missed(ctx, sinkName)
	if err != nil || len(list) == 0 {
		return 0, ""
	}
	return len(list), list[len(list)-1].Reason
}

// line is what systemctl status shows.
func (w *worker) line() string {
	for _, c := range w.conditions.All() {
		if c.Level == condition.Fail {
			return show.OneLine("ERROR: " + c.String())
		}
	}
	s := w.drain.Status()
	return show.Sprintf("%d messages forwarded since the start; the stream's last is %d", s.Acknowledged, w.sink.State().Last)
}
