package queue

import (
	"context"
	"fmt"
	"time"

	"busbar/adapters/wannabuild"
	"busbar/dbpoll/database"
)

// A standing is where the log stands in the server: what was read of it means
// nothing where that changed. Zeros are not known.
type standing struct {
	Table    uint64 `json:"table"`    // recreated by a restore
	File     uint64 `json:"file"`     // rewritten, as VACUUM FULL does
	Timeline uint64 `json:"timeline"` // grows where a copy of the server is promoted
}

// The catalog may be read by everybody. A standby's timeline is left out: it
// hears of a new one late.
const standingQuery = `SELECT coalesce((SELECT c.oid::text || ' ' || c.relfilenode::text FROM pg_class c
	JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relname = 'transactions'), '0 0') || ' ' ||
	CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint END`

func (q *Queue) standing(ctx context.Context, s *database.Snapshot) (is standing, err error) {
	if !isPostgres(q.o.DB.Dialect()) {
		return is, nil
	}
	text, err := s.Value(ctx, standingQuery)
	if err != nil {
		return is, err
	}
	if _, err := fmt.Sscan(text, &is.Table, &is.File, &is.Timeline); err != nil {
		return is, fmt.Errorf("reading where the log stands from %q: %w", text, err)
	}
	return is, nil
}

// recognize notices a database, or rights, that are not those of the last
// round.
func (q *Queue) recognize(ctx context.Context, s *database.Snapshot) error {
	identity, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	stands, err := q.standing(ctx, s)
	if err != nil {
		return err
	}
	var n now
	if q.access.Level == Base {
		if n, err = (&horizonLog{}).ask(ctx, s, "public.transactions"); err != nil {
			return err
		}
	}
	was, stood, level := q.at.Identity, q.at.Log, q.at.Level
	q.at.Identity, q.at.Level = identity, q.access.Level
	q.at.Log = standing{stands.Table, stands.File, max(stood.Timeline, stands.Timeline)}
	if !q.at.Baseline {
		return nil
	}
	if level != "" && level != q.access.Level {
		q.at.Turned, q.compared = true, time.Time{}
		for _, p := range q.parts {
			p.known, p.shown = nil, nil
		}
	}
	replaced, moved := "", ""
	switch {
	case was != identity:
		replaced = "it is known by another identity"
	case differ(stood.Table, stands.Table):
		replaced = "its tables were recreated: it was restored in place"
	case q.access.Level == Base && level == Base && n.xmax < q.at.Horizon:
		replaced = "its transaction ids went back: it was restored from an older copy"
	case level != "" && level != q.access.Level:
		moved = "the account may read " + string(q.access.Level) + " now, not " + string(level)
	case stood.Timeline != 0 && stands.Timeline > stood.Timeline:
		moved = "a copy of the server took its place"
	case differ(stood.File, stands.File):
		moved = "the log's table was rewritten"
	default:
		return nil
	}
	q.at.Generation++
	q.reader, q.reread = nil, nil
	if err := q.again24(ctx, s, n, level); err != nil {
		return err
	}
	if replaced == "" {
		q.log.Warn("the log is read again from a day ago", "why", moved)
		q.counters.read.log = ""
		return nil
	}
	q.log.Error("the database was replaced; everything is compared again, and nothing is published twice", "why", replaced, "was", was, "is", identity)
	q.counters, q.compared, q.at.Replaced = counters{}, time.Time{}, true
	q.add(wannabuild.Change{Replaced: &wannabuild.Replacement{Why: replaced, From: was, To: identity, Time: q.o.Now().UTC(), Generation: q.at.Generation}}, nil)
	return nil
}

func differ(was, is uint64) bool { return was != 0 && is != 0 && was != is }

// again24 has the log read again by its times, from a day before the last row
// that was published: old transaction ids mean nothing any more.
func (q *Queue) again24(ctx context.Context, s *database.Snapshot, n now, level Level) error {
	until := q.at.Newest
	if level == Views { // which reads no log: nothing tells until where it is known
		at, err := q.clock(ctx, s)
		if err != nil {
			return err
		}
		until = max(until, at)
		if q.access.Level == ViewsLog {
			q.at.Newest = until
		}
	}
	if q.access.Level != Base {
		return nil
	}
	q.at.Horizon, q.at.Whole = n.xmin, n.xmin
	if until == "" {
		return nil
	}
	since, _ := newWindow().since(position{Began: q.at.Began, Newest: until}, q.o.Overlap, q.o.FullLog, q.o.Now())
	if q.at.Again != nil {
		since = min(since, q.at.Again.Since)
	}
	q.at.Again = &again{Since: since, Until: until, Below: n.xmin}
	return nil
}
