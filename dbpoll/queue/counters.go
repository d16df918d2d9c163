package queue

import (
	"context"
	"time"

	"busbar/dbpoll/database"
)

// A count is what the server's counters say of the tables' writes.
type count struct{ log, state, history string }

// counters tell which tables were not written since they were read.
type counters struct {
	read  count     // before each was last read to its end
	moved time.Time // when one was last seen to differ from that
}

// lag is what the server's counters may be behind. As long as they moved within
// it, everything is read at each round: the news would only come late.
const lag = 90 * time.Second

// unchanged tells whether a counter shows that nothing was written.
func (c *counters) unchanged(before, is string, now time.Time) bool {
	return is != "" && is == before && now.Sub(c.moved) > lag
}

// askCounters asks the server's counters, in a transaction of their own and
// before anything is read: what they have not counted by then is counted later.
func (q *Queue) askCounters(ctx context.Context) (is count, err error) {
	if len(q.parts) > 0 {
		p := q.parts[0] // all parts stand on the same tables
		err = q.snapshot(ctx, func(s *database.Snapshot) error {
			for table, dest := range map[string]*string{p.packages.Name: &is.state, p.log: &is.log, p.history: &is.history} {
				if table == "" {
					continue
				}
				text, ok, err := s.Marker(ctx, database.Table{Name: table})
				if err != nil {
					return err
				}
				if ok {
					*dest = text
				}
			}
			return nil
		})
	}
	if err == nil && is != q.counters.read {
		q.counters.moved = q.o.Now()
	}
	return is, err
}
