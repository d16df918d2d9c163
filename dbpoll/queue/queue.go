package queue

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/common/event"
	"busbar/common/journal"
	"busbar/common/rounds"
	"busbar/common/translate"
	"busbar/dbpoll/compare"
	"busbar/dbpoll/database"
)

// Options say what is polled, and how.
type Options struct {
	DB            *database.DB
	Journal       *journal.Journal
	Source        string   // name of the position
	Architectures []string // empty: all that the account sees
	Zone          *time.Location
	Interval      time.Duration
	Full          time.Duration // how often all is compared although nothing seems written
	FullLog       time.Duration // how often the whole log is read although its end was [1 h]
	Overlap       time.Duration // how far back a log or a history without a horizon is read again [24 h]
	Most          int           // changes of one round
	Once          bool          // one poll, then io.EOF
	Import        bool          // tell the present state once, as recovered; then io.EOF
	Wake          <-chan struct{}
	Log           *slog.Logger
	Now           func() time.Time // nil: time.Now
}

// Queue is a channel of changes. It is for one reader.
type Queue struct {
	rounds.Rounds
	o     Options
	log   *slog.Logger
	start time.Time

	mu     sync.Mutex
	access Access
	stats  compare.Stats

	// Of the reader alone.
	at       position
	loaded   bool      // at is known
	saved    time.Time // when at was last stored by itself
	parts    []*part
	reader   logReader // nil: of this run nothing read the log yet
	reread   *window   // of a replaced database's log
	counters counters
	compared time.Time       // when everything was compared last
	held     map[string]bool // transitions left to the log
	imports  []share         // what Import has not read yet
	round    round
	odd      map[string]bool // columns whose bytes were no UTF-8

	// Of the reader, and of those who say what is durable.
	telling sync.Mutex // over reader's rows
	builds  builds
}

// A round is where the reader is in its rounds.
type round struct {
	count   int  // begun
	last    int  // since something was left
	left    bool // not everything was taken: the next comes at once
	compare bool // the next half is the second
	pause   time.Duration
}

// Open prepares a queue. The database is asked at the first Next.
func Open(o Options) *Queue {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Most <= 0 {
		o.Most = 20000
	}
	if o.Interval <= 0 {
		o.Interval = 30 * time.Second
	}
	if o.Full <= 0 {
		o.Full = 10 * time.Minute
	}
	if o.FullLog <= 0 {
		o.FullLog = time.Hour
	}
	if o.Overlap <= 0 {
		o.Overlap = 24 * time.Hour
	}
	q := &Queue{o: o, log: o.Log, start: o.Now(), held: map[string]bool{}, odd: map[string]bool{}}
	q.Poll, q.Reset, q.Position, q.Now = q.poll, q.reset, q.position, o.Now
	return q
}

// position is what is stored with the last change of a poll.
func (q *Queue) position() []byte {
	if !q.at.Baseline || q.o.Import {
		return nil
	}
	q.saved = q.o.Now()
	return q.at.encode()
}

// reset forgets what was read and not published; the next round finds it again.
func (q *Queue) reset() { q.loaded, q.round.compare = false, false }

func (q *Queue) add(ch wannabuild.Change, stored func(), states ...event.State) {
	q.Add(translate.Item[any]{Origin: origin(ch), Value: ch, States: states}, stored)
}

// poll makes ready what the next half of a round finds, after the pause that
// is due before a new round.
func (q *Queue) poll(ctx context.Context) error {
	if !q.loaded {
		if err := q.load(ctx); err != nil {
			return err
		}
	}
	switch {
	case q.o.Import:
		return q.everything(ctx)
	case !q.round.compare:
		// Once means: until nothing is left, also of what the comparison
		// left to the log.
		if q.o.Once && q.round.count > 0 && !q.round.left && (len(q.held) == 0 || q.round.last > 2) {
			return errors.Join(q.save(ctx, true), io.EOF)
		}
		if q.round.count > 0 && !q.o.Once && !q.round.left {
			if err := rounds.Wait(ctx, q.round.pause, q.o.Wake); err != nil {
				return errors.Join(err, q.save(context.WithoutCancel(ctx), true))
			}
		}
		began := q.o.Now()
		if err := q.readLog(ctx); err != nil {
			return err
		}
		q.round.count++
		q.round.last++
		q.round.pause = q.o.Now().Sub(began)
		q.round.compare = true
	default:
		began := q.o.Now()
		if err := q.readState(ctx); err != nil {
			return err
		}
		q.round.compare = false
		if q.round.left {
			q.round.last = 0
		}
		q.polled(q.round.pause + q.o.Now().Sub(began))
		return q.save(ctx, false)
	}
	return nil
}

// polled notes a good round and says how long to wait before the next.
func (q *Queue) polled(took time.Duration) {
	q.round.pause = rounds.Pause(q.o.Interval, took)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stats.Polls++
	q.stats.Last, q.stats.Took, q.stats.Pause = q.o.Now(), took, q.round.pause
}

// Stats tells of the polls so far.
func (q *Queue) Stats() compare.Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Changes = q.Given()
	return s
}

// Access tells what the account may read; it is known after the first poll.
func (q *Queue) Access() Access {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.access
}

// origin says where a change was read, for people.
func origin(ch wannabuild.Change) string {
	row, from := ch.After, ""
	switch {
	case ch.Replaced != nil:
		return "wanna-build database"
	case ch.Log != nil:
		row, from = ch.Log, " log"
	case ch.Build != nil:
		row, from = ch.Build, " history"
	case ch.After == nil:
		row = ch.Before
	}
	return strings.ToValidUTF8("wanna-build"+from+" "+row.Text("distribution")+"/"+row.Text("architecture")+" "+row.Text("package"), "\uFFFD")
}
