package hub

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busbar/bus/config"
	"busbar/common/archive"
	"busbar/common/condition"
	"busbar/common/exit"
	"busbar/common/sign"
	"busbar/common/subscribe"
)

// An intake brings what all publishers say into the archive. Its positions are
// stored with the messages, in the archive's own file.
type intake struct {
	subscriber *subscribe.Subscriber // nil: nobody is followed
	archive    *archive.Archive
	log        *slog.Logger

	mu    sync.Mutex
	known map[sequence]bool // whom it follows, as of asked
	asked time.Time
}

func newIntake(ctx context.Context, cfg config.Config, a *archive.Archive, v *sign.Verifier, b *beats, log *slog.Logger) (*intake, error) {
	in := &intake{archive: a, log: log}
	from, err := cfg.Hub.Begin()
	if err != nil {
		return nil, &exit.Error{Code: exit.Config, Err: err}
	}
	if len(cfg.Bus.Publishers()) == 0 {
		return in, nil
	}
	o := subscribe.Options{Publishers: cfg.Bus.Publishers(), Hubs: cfg.Bus.Hubs, Verifier: v, DB: a.DB(), From: from, Log: log}
	if len(cfg.Hub.Publish) > 0 {
		o.OnHeartbeat = b.hear
	}
	in.subscriber, err = subscribe.Open(ctx, o)
	return in, err
}

func (in *intake) close() {
	if in.subscriber != nil {
		in.subscriber.Close() // all that is in the archive has its position there
	}
}

// followedFor is how long an answer of follows counts.
const followedFor = time.Second

// follows says that a sequence comes from its publisher, who is asked for what is
// missing.
func (in *intake) follows(publisher, epoch string) bool {
	if in.subscriber == nil {
		return false
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if now := time.Now(); now.Sub(in.asked) > followedFor {
		in.asked, in.known = now, map[sequence]bool{}
		for _, st := range in.subscriber.Status().Streams {
			in.known[sequence{st.Publisher, st.Epoch}] = true
		}
	}
	return in.known[sequence{publisher, epoch}]
}

const (
	batchMessages = 1024
	batchBytes    = 4 << 20
	storeRetry    = 2 * time.Second
)

// run stores what comes, until ctx ends.
func (in *intake) run(ctx context.Context) error {
	if in.subscriber == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	for {
		list, err := in.gather(ctx)
		if err != nil {
			return err
		}
		b := in.batch(list)
		for {
			_, err := in.archive.Append(ctx, b)
			if err == nil {
				err = in.subscriber.Ack(ctx, list...)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				break
			}
			in.log.Warn("messages could not be stored; trying again", "error", err)
			if !sleep(ctx, storeRetry) {
				return ctx.Err()
			}
		}
	}
}

// gather waits for what comes next, and takes what is there with it.
func (in *intake) gather(ctx context.Context) (list []*subscribe.Message, err error) {
	for size := 0; len(list) == 0 || in.subscriber.Pending() > 0 && len(list) < batchMessages && size < batchBytes; {
		m, err := in.subscriber.Next(ctx)
		if err != nil {
			return nil, err
		}
		list, size = append(list, m), size+len(m.Body)
	}
	return list, nil
}

func (in *intake) batch(list []*subscribe.Message) archive.Batch {
	b := archive.Batch{Record: func(ctx context.Context, tx *sql.Tx) error { return in.subscriber.Record(ctx, tx, list...) }}
	for _, m := range list {
		if m.Gap != nil {
			g := gapOf(m.Gap)
			g.Before = len(b.Messages)
			b.Gaps = append(b.Gaps, g)
			in.log.Warn("messages are missing for good", "gap", m.Gap.String())
			continue
		}
		b.Messages = append(b.Messages, archive.Incoming{Envelope: m.Envelope, Wire: m.Body})
	}
	return b
}

func gapOf(g *subscribe.Gap) archive.Gap {
	out := archive.Gap{Publisher: g.Publisher, Epoch: g.Epoch, First: g.From, Last: g.To, Reason: string(g.Reason), Time: time.Now().UTC()}
	if g.Detail != "" {
		out.Reason += ": " + g.Detail
	}
	if out.Publisher == "" { // it counts nothing, and has no name but where it is
		out.Publisher = g.Endpoint
		out.Reason += fmt.Sprintf(" (%d messages)", g.Count)
	}
	return out
}

// An intakeStatus is what an intake says of itself.
type intakeStatus struct {
	subscribe.Status
	Conditions []condition.Condition `json:"conditions"`
}

func (in *intake) status() intakeStatus {
	if in.subscriber == nil {
		return intakeStatus{Conditions: []condition.Condition{}}
	}
	s := in.subscriber.Status()
	return intakeStatus{s, append([]condition.Condition{}, s.Conditions()...)}
}

// with adds what is not as it should be elsewhere in the hub.
func (s intakeStatus) with(list []condition.Condition) intakeStatus {
	s.Conditions = append(s.Conditions, list...)
	return s
}

// failure is the first condition that makes the hub unwell; nil: it is well.
func (s intakeStatus) failure() error {
	for _, c := range s.Conditions {
		if c.Level == condition.Fail {
			return fmt.Errorf("%s", c.String())
		}
	}
	return nil
}

func (in *intake) collectors() []prometheus.Collector {
	if in.subscriber == nil {
		return nil
	}
	return []prometheus.Collector{in.subscriber.Collector()}
}
