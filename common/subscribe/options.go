package subscribe

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"busbar/common/backoff"
	"busbar/common/sign"
	"busbar/common/wire/guard"
)

// Options say whom to listen to, and where the position is kept. A zero takes the
// default in brackets.
type Options struct {
	// Publishers is where they are, or are found: tcp://HOST:PORT, file:PATH,
	// dir:PATH, srv:DOMAIN (see common/discovery).
	Publishers []string
	Verifier   *sign.Verifier // nil: nothing is verified

	// File keeps the position. It is made if it is not there.
	File string
	// DB keeps it instead, in tables named busbar_…, which are made if they are not
	// there: see Subscriber.Record. SQLite, with a busy_timeout, since the subscriber
	// also writes by itself; with Postgres set, PostgreSQL.
	DB       *sql.DB
	Postgres bool

	// Hubs are tcp://HOST:PORT of archives, such as of bus hub, that are asked for what
	// a publisher no longer has, or while it is away. They are not followed.
	Hubs []string
	// OnHeartbeat is told of each heartbeat that is believed. It must be quick, and not call
	// the subscriber. Nil: nobody is.
	OnHeartbeat func(Heartbeat)

	// From is where to begin with a publisher of whom no position is known [Now].
	From From

	Window   int           // messages that may be handed out and not acknowledged [1,000]
	Queue    int           // bytes that may wait to be handed out [16 MiB]
	Remember int           // ids that are remembered against duplicates [100,000]
	Fresh    time.Duration // how old the first message of an unknown sequence, and one without a number, may be [24 h]
	Log      *slog.Logger  // [silent]

	fetch  fetcher       // for tests
	pauses backoff.Times // for tests
}

// A Heartbeat is a publisher's word of the newest number that it has.
type Heartbeat struct {
	Topic            string
	Body             []byte // as it came
	ID               string // of this heartbeat
	Publisher, Epoch string
	Newest           int64
}

// From is where to begin without a position.
type From struct {
	start bool
	since time.Time
}

// Now begins with what is said from now on.
func Now() From { return From{} }

// Start begins with the oldest message that a publisher keeps.
func Start() From { return From{start: true} }

// Since begins with the first message that a publisher's journal took at this time
// or later.
func Since(t time.Time) From { return From{since: t} }

// maxSeq is the highest number that counts, as wire.MaxSeq.
const maxSeq = 1<<53 - 1

var errNoPort = errors.New("a host and a port are needed")

func (o Options) withDefaults() (Options, error) {
	if (o.File == "") == (o.DB == nil) {
		return o, errors.New("subscribing: one of File and DB says where the position is kept")
	}
	for _, n := range []int{o.Window, o.Queue, o.Remember} {
		if n < 0 {
			return o, fmt.Errorf("subscribing: the limit %d is negative", n)
		}
	}
	for _, hub := range o.Hubs {
		if e, err := guard.ParseEndpoint(hub); err != nil || e.Host == "" || e.Port == 0 {
			return o, fmt.Errorf("subscribing: the hub %q is not an address such as tcp://hub.example.org:9950 (%w)", hub, cmp.Or(err, errNoPort))
		}
	}
	if o.Window == 0 {
		o.Window = 1000
	}
	if o.Queue == 0 {
		o.Queue = 16 << 20
	}
	if o.Remember == 0 {
		o.Remember = 100_000
	}
	if o.Fresh == 0 {
		o.Fresh = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.pauses == (backoff.Times{}) {
		o.pauses = pauses
	}
	return o, nil
}
