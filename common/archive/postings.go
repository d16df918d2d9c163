package archive

import "slices"

// A list is an ordered set of places. It is walked in one direction.
type list interface {
	// seek is the first place at or behind target, in the direction of the walk;
	// 0: there is none. Targets never go back.
	seek(target Place) (Place, error)
}

// Chunks of a list that are read at once: small at first, for most pages are, and
// larger where it is walked through.
const (
	firstChunk = 64
	lastChunk  = 1024
)

// A chunked is a list that is read in chunks.
type chunked struct {
	s        *search
	load     func(target Place) error // the next chunk, of what stands at or behind target
	chunk    []Place
	size     int
	complete bool // nothing stands behind the chunk
}

func (c *chunked) seek(target Place) (Place, error) {
	for {
		i := 0
		for i < len(c.chunk) && c.s.before(c.chunk[i], target) {
			i++
		}
		c.chunk = c.chunk[i:]
		if len(c.chunk) > 0 {
			return c.chunk[0], nil
		}
		if c.complete {
			return 0, nil
		}
		if err := c.load(target); err != nil {
			return 0, err
		}
	}
}

// before says whether a place comes before another, in the direction of the walk.
func (s *search) before(place, other Place) bool {
	if s.q.NewestFirst {
		return place > other
	}
	return place < other
}

// read fills the chunk.
func (c *chunked) read(query string, args ...any) error {
	c.chunk = c.chunk[:0]
	stmt, err := c.s.statement(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(c.s.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var place int64
		if err := rows.Scan(&place); err != nil {
			return err
		}
		c.chunk = append(c.chunk, Place(place))
	}
	return rows.Err()
}

// everything is the places of all messages.
func (s *search) everything() list {
	query := "SELECT id FROM words_docsize WHERE id >= ? ORDER BY id LIMIT ?"
	if s.q.NewestFirst {
		query = "SELECT id FROM words_docsize WHERE id <= ? ORDER BY id DESC LIMIT ?"
	}
	c := &chunked{s: s, size: firstChunk}
	c.load = func(target Place) error {
		err := c.read(query, int64(target), c.size)
		c.complete = len(c.chunk) < c.size
		c.size = min(2*c.size, lastChunk)
		return err
	}
	return c
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
	u := &union{backward: s.q.NewestFirst}
	for some := range slices.Chunk(names, maxTogether) {
		u.lists = append(u.lists, s.matched(&expression{all: []string{anyOf(some)}}, false))
	}
	u.heads = make([]Place, len(u.lists))
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
	between := func(name int64, low, high Place) {
		if len(s.q.Conditions) == 0 {
			add("SELECT count(*) FROM words_docsize WHERE id BETWEEN ? AND ?", int64(low), int64(high))
			return
		}
		add("SELECT count(*) FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ?", anyOf([]int64{name}), int64(low), int64(high))
	}
	for _, name := range names {
		if from >= to {
			between(name, s.low, s.high)
			continue
		}
		add("SELECT coalesce(sum(count), 0) FROM hours WHERE name = ? AND hour >= ? AND hour < ?", name, from, to)
		between(name, s.low, placeOf(from*secondsPerHour, 0)-1)
		between(name, placeOf(to*secondsPerHour, 0), s.high)
	}
	return total, err
}
