package archive

import (
	"context"
	"database/sql"
)

// statements are those that transactions use again and again. They are prepared once:
// where messages come one by one, preparing would take more time than running.
type statements struct {
	used  map[string]int // how often each text was asked for, until it is kept
	ready map[string]*sql.Stmt
}

const (
	keptAfter = 3   // uses
	maxKept   = 64  // statements
	maxUsed   = 256 // texts that are counted
)

// find is the statement of a text, or nil.
func (s *statements) find(query string) *sql.Stmt {
	if have := s.ready[query]; have != nil {
		return have
	}
	if s.used == nil || len(s.used) >= maxUsed {
		s.used = map[string]int{}
	}
	s.used[query]++
	return nil
}

// prepare takes up what was used often, as far as it can be prepared now. No transaction
// may be open: there is one connection.
func (s *statements) prepare(ctx context.Context, db *sql.DB) {
	for query, n := range s.used {
		if n < keptAfter || len(s.ready) >= maxKept {
			continue
		}
		stmt, err := db.PrepareContext(ctx, query)
		delete(s.used, query)
		if err != nil {
			continue // the transaction will say so
		}
		if s.ready == nil {
			s.ready = map[string]*sql.Stmt{}
		}
		s.ready[query] = stmt
	}
}
