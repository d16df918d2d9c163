package archive

import (
	"context"
	"database/sql"
)

// A list is an ordered set of places. It is walked in one direction.
type list interface {
	// seek is the first place at or behind target, in the direction of the walk;
	// 0: there is none. Targets never go back.
	seek(target Place) (Place, error)
}

// Chunks of a posting that are read at once: small at first, for most pages are.
const (
	firstChunk = 32
	lastChunk  = 1024
)

// A posting is the places of one name, or of one word.
type posting struct {
	ctx      context.Context
	tx       *sql.Tx
	query    string // of what stands at or behind a place
	term     any
	backward bool
	chunk    []Place
	size     int
	complete bool // nothing stands behind the chunk
}

func (s *search) posting(term any) *posting {
	p := &posting{ctx: s.ctx, tx: s.tx, term: term, backward: s.q.NewestFirst, size: firstChunk}
	table, place := "facets WHERE name = ?", "place"
	if _, word := term.(string); word {
		table, place = "words WHERE words MATCH ?", "rowid"
	}
	p.query = "SELECT " + place + " FROM " + table + " AND " + place + " >= ? ORDER BY " + place + " LIMIT ?"
	if p.backward {
		p.query = "SELECT " + place + " FROM " + table + " AND " + place + " <= ? ORDER BY " + place + " DESC LIMIT ?"
	}
	return p
}

func (p *posting) seek(target Place) (Place, error) {
	for {
		i := 0
		for i < len(p.chunk) && p.passed(p.chunk[i], target) {
			i++
		}
		p.chunk = p.chunk[i:]
		if len(p.chunk) > 0 {
			return p.chunk[0], nil
		}
		if p.complete {
			return 0, nil
		}
		if err := p.load(target); err != nil {
			return 0, err
		}
	}
}

func (p *posting) passed(place, target Place) bool {
	if p.backward {
		return place > target
	}
	return place < target
}

func (p *posting) load(target Place) error {
	rows, err := p.tx.QueryContext(p.ctx, p.query, p.term, int64(target), p.size)
	if err != nil {
		return err
	}
	defer rows.Close()
	p.chunk = p.chunk[:0]
	for rows.Next() {
		var place int64
		if err := rows.Scan(&place); err != nil {
			return err
		}
		p.chunk = append(p.chunk, Place(place))
	}
	p.complete = len(p.chunk) < p.size
	p.size = min(2*p.size, lastChunk)
	return rows.Err()
}

// A union is the places that are in any of its lists.
type union struct {
	lists    []list
	heads    []Place // 0: the list is at its end
	begun    bool
	backward bool
}

// any is the places of any of these names.
func (s *search) any(names []int64) list {
	if len(names) == 1 {
		return s.posting(names[0])
	}
	u := &union{backward: s.q.NewestFirst, heads: make([]Place, len(names))}
	for _, n := range names {
		u.lists = append(u.lists, s.posting(n))
	}
	return u
}

func (u *union) seek(target Place) (Place, error) {
	var best Place
	for i, l := range u.lists {
		head := u.heads[i]
		if !u.begun || head != 0 && (u.backward && head > target || !u.backward && head < target) {
			var err error
			if head, err = l.seek(target); err != nil {
				return 0, err
			}
			u.heads[i] = head
		}
		if head != 0 && (best == 0 || u.backward && head > best || !u.backward && head < best) {
			best = head
		}
	}
	u.begun = true
	return best, nil
}

// both is the places that are in all of its lists.
type both []list

func (b both) seek(target Place) (Place, error) {
	for agreed := 0; ; {
		for _, l := range b {
			found, err := l.seek(target)
			if err != nil || found == 0 {
				return 0, err
			}
			if found != target {
				target, agreed = found, 0
			}
			if agreed++; agreed >= len(b) {
				return target, nil
			}
		}
	}
}

// counted gives the names whose counts by the hour, added, are the whole answer.
func (s *search) counted() ([]int64, bool) {
	q := s.q
	if len(q.Words)+len(q.Without) > 0 || q.Until > 0 || q.Check != nil || len(q.Conditions) > 1 {
		return nil, false
	}
	c := Condition{Kind: all, Values: []string{""}}
	if len(q.Conditions) == 1 {
		c = q.Conditions[0]
	}
	if c.Not || !c.Kind.counted() { // of the kinds that are counted, a message has one name each
		return nil, false
	}
	ids, err := s.names(c)
	return ids, err == nil
}

// countHours adds whole hours from their counts, and counts only what is left at
// both ends.
func (s *search) countHours(names []int64) (total int64, err error) {
	add := func(query string, args ...any) {
		var n int64
		if err == nil {
			err = s.tx.QueryRowContext(s.ctx, query, args...).Scan(&n)
		}
		total += n
	}
	first, last := s.low.time(), s.high.time()
	if s.high < s.low {
		return 0, nil
	}
	from, to := (first+secondsPerHour-1)/secondsPerHour, last/secondsPerHour // whole hours: from <= hour < to
	if s.high == lastPlace {
		to = lastPlace.time()
	}
	const between = "SELECT count(*) FROM facets WHERE name = ? AND place >= ? AND place <= ?"
	for _, name := range names {
		if from >= to {
			add(between, name, int64(s.low), int64(s.high))
			continue
		}
		add("SELECT coalesce(sum(count), 0) FROM hours WHERE name = ? AND hour >= ? AND hour < ?", name, from, to)
		add(between, name, int64(s.low), int64(placeOf(from*secondsPerHour, 0))-1)
		if s.high < lastPlace {
			add(between, name, int64(placeOf(to*secondsPerHour, 0)), int64(s.high))
		}
	}
	return total, err
}
