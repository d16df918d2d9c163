package queue

import (
	"context"
	"time"

	"busbar/dbpoll/database"
)

// A logReader reads the log in one of two ways: by the replication horizon
// (horizonLog), or by time (window).
type logReader interface {
	// next reads what was not published, the first rows of it. finish, nil
	// where there is more, moves the position behind it.
	next(context.Context, *database.Snapshot, ask) (list []entry, finish func(), err error)
	// isPublished remembers that a row is durable.
	isPublished(entry)
	// readWhole is when all of the log that may hold news was read last.
	readWhole() time.Time
}

// An ask is what a logReader is asked for.
type ask struct {
	parts   []*part
	at      *position
	overlap time.Duration // how far back a log without transaction ids is read again
	every   time.Duration // how often the whole of it is read
	most    int
	now     time.Time
}

// next reads what of the log was not published, if the account may read it; see
// logReader.
func (q *Queue) next(ctx context.Context, s *database.Snapshot) (list []entry, finish func(), err error) {
	if q.reader == nil {
		switch q.access.Level {
		case Base:
			q.reader = newHorizonLog(q.at)
		case ViewsLog:
			q.reader = newWindow()
		default:
			return nil, func() {}, nil
		}
	}
	return q.reader.next(ctx, s, ask{q.parts, &q.at, q.o.Overlap, q.o.FullLog, q.o.Most, q.o.Now()})
}

// readWhole is when the whole log was read last.
func (q *Queue) readWhole() time.Time {
	if q.reader == nil {
		return time.Time{}
	}
	return q.reader.readWhole()
}

// published remembers that a row of the log is durable.
func (q *Queue) published(e entry) {
	q.telling.Lock()
	defer q.telling.Unlock()
	if q.reader != nil {
		q.reader.isPublished(e)
	}
}
