package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"busbar/common/event"
)

// A Match is how a name must be like a value.
type Match int

// The matches.
const (
	Is    Match = iota // the value itself
	Under              // it begins with the value, in whole parts: see event.TopicUnder
	Holds              // the value is anywhere in it; of a person, in any case
	Named              // of a person: the name, the address, or what stands before its @
	Ends               // of a path, as a repository's: the value itself, or its last parts, with .git or without
)

// A Condition holds for a message of which one name of the kind is like one of the
// values; with Not, where none is.
type Condition struct {
	Kind   Kind
	Match  Match
	Values []string
	Not    bool
}

// A Query says which messages are wanted: those for which all of it holds.
type Query struct {
	Conditions []Condition
	Words      []string  // the message has each of these; one that ends in * stands for its beginning
	Without    []string  // and of none of these all words
	Prefix     string    // that topics may leave out (Under)
	From, To   time.Time // both included, by the second; zero: open
	Until      int64     // only what arrived up to this number; 0: all
	// Check reads each message that is left. It decides what no index knows.
	Check func(Message) bool

	// How they are wanted.
	NewestFirst bool
	After       Place // the place that the page before it ended at; 0: the first page
	Limit       int   // at most 1000
}

// A Page is part of an answer.
type Page struct {
	Messages []Message
	// Next is where the following page begins (Query.After); 0 where there is none.
	Next Place
	// Cut says that the time-out ended the page early: what follows Next was not
	// looked at.
	Cut bool
}

// Bounds on what one question may become.
const (
	maxMatches    = 256     // names that a value with Under or Holds stands for
	maxValues     = 256     // of one condition
	maxConditions = 32      // and words
	maxNames      = 100_000 // of a kind that are looked through
)

// Find gives a page of the messages that a query wants, in the order of their
// places. ErrQuery is wrapped where it wants too much.
func (r *Reader) Find(ctx context.Context, q Query) (Page, error) {
	var page Page
	limit := batch(q.Limit)
	err := r.search(ctx, q, func(s *search) error {
		for size := 0; ; {
			full := len(page.Messages) == limit || size >= maxBatchBytes
			place, err := s.next()
			if err != nil || place == 0 {
				return err
			}
			if full {
				page.Next = page.Messages[len(page.Messages)-1].Place()
				return nil
			}
			m, err := s.message(place)
			if err != nil {
				return err
			}
			if m != nil && (q.Check == nil || q.Check(*m)) {
				page.Messages = append(page.Messages, *m)
				size += len(m.Wire)
			}
		}
	}, func(s *search) {
		page.Next, page.Cut = s.done, true
	})
	return page, r.fail(err, "looking for messages")
}

// Count counts what a query wants, whatever its After and Limit. Beyond most, or
// beyond the time-out, it stops and says that the number is not exact. Where no
// index counts them, messages are read only if Check is set.
func (r *Reader) Count(ctx context.Context, q Query, most int64) (n int64, exact bool, err error) {
	q.After, q.NewestFirst = 0, false
	exact = true
	err = r.search(ctx, q, func(s *search) error {
		if list, ok := s.counted(); ok {
			n, err = s.countHours(list)
			return err
		}
		for ; ; n++ {
			place, err := s.next()
			if err != nil || place == 0 {
				return err
			}
			if n >= most {
				exact = false
				return nil
			}
			if q.Check == nil {
				continue
			}
			m, err := s.message(place)
			if err != nil {
				return err
			}
			if m == nil || !q.Check(*m) {
				n--
			}
		}
	}, func(*search) { exact = false })
	return n, exact, r.fail(err, "counting messages")
}

// search runs what within one moment of the archive; late is called where the
// reader's time-out ends it.
func (r *Reader) search(ctx context.Context, q Query, what func(*search) error, late func(*search)) error {
	timed, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	expired := func(err error) bool {
		return err != nil && timed.Err() != nil && ctx.Err() == nil && !errors.Is(err, ErrQuery)
	}
	r.unpaused(timed)
	tx, err := r.db.BeginTx(timed, &sql.TxOptions{ReadOnly: true})
	if expired(err) {
		return fmt.Errorf("%w: too much is asked at once; ask again later", ErrQuery)
	}
	if err != nil {
		return err
	}
	defer tx.Rollback() // closes its statements
	s := &search{ctx: timed, r: r, tx: tx, q: q, done: q.After}
	if err = s.prepare(); err == nil {
		err = what(s)
	}
	if expired(err) {
		late(s)
		return nil
	}
	return err
}

// A search is a query that is being answered.
type search struct {
	ctx     context.Context
	r       *Reader
	tx      *sql.Tx
	q       Query
	low     Place // both included
	high    Place
	lists   both   // a message is in each
	without []list // and in none of these
	found   Place  // what next gave last; 0: nothing yet
	done    Place  // what is up to here needs no further look
	ready   map[string]*sql.Stmt
}

// statement prepares what lists ask again and again.
func (s *search) statement(query string) (stmt *sql.Stmt, err error) {
	if stmt = s.ready[query]; stmt != nil {
		return stmt, nil
	}
	if stmt, err = s.tx.PrepareContext(s.ctx, query); err == nil {
		if s.ready == nil {
			s.ready = map[string]*sql.Stmt{}
		}
		s.ready[query] = stmt
	}
	return stmt, err
}

// prepare finds the names that the conditions mean.
func (s *search) prepare() error {
	q := s.q
	if len(q.Conditions)+len(q.Words)+len(q.Without) > maxConditions {
		return fmt.Errorf("%w: it has more than %d conditions and words", ErrQuery, maxConditions)
	}
	s.low, s.high = 1, lastPlace
	if !q.From.IsZero() {
		s.low = max(1, placeOf(q.From.Unix(), 0))
	}
	if !q.To.IsZero() {
		if q.To.Unix() < 0 {
			s.high = 0
		} else {
			s.high = placeOf(q.To.Unix(), maxArrival)
		}
	}
	if q.After != 0 && q.NewestFirst {
		s.high = min(s.high, q.After-1)
	} else if q.After != 0 {
		s.low = max(s.low, q.After+1)
	}
	if err := s.narrow(); err != nil {
		return err
	}
	if err := s.lookup(); err != nil {
		return err
	}
	if len(s.lists) == 0 {
		s.lists = both{s.everything()}
	}
	return nil
}

// narrow leaves out the times before the first message and behind the last.
func (s *search) narrow() error {
	var first, last int64
	err := s.tx.QueryRowContext(s.ctx, "SELECT coalesce(min(id), 0), coalesce((SELECT max(id) FROM words_docsize), 0) FROM words_docsize").Scan(&first, &last)
	s.low, s.high = max(s.low, Place(first)), min(s.high, Place(last))
	return err
}

// names are the numbers of the names that a condition means.
func (s *search) names(c Condition) ([]int64, error) {
	if len(c.Values) > maxValues {
		return nil, fmt.Errorf("%w: a condition has more than %d values", ErrQuery, maxValues)
	}
	var ids []int64
	for _, value := range c.Values {
		found, err := s.namesOf(c.Kind, c.Match, value)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
		if len(ids) > maxMatches {
			return nil, fmt.Errorf("%w: more than %d names are meant by %.80q and the like: say more of them", ErrQuery, maxMatches, value)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func (s *search) namesOf(kind Kind, match Match, value string) ([]int64, error) {
	if id, ok := bugName(name{kind, value}); ok {
		return []int64{id}, nil
	}
	if kind == Person {
		value = strings.ToLower(value)
	}
	fits, query, args := func(string) bool { return true }, "SELECT id, value FROM names WHERE kind = ? AND value = ?", []any{int64(kind), value}
	switch match {
	case Under:
		fits = func(name string) bool { return event.TopicUnder(s.q.Prefix, name, value) }
		query, args = "SELECT id, value FROM names WHERE kind = ? LIMIT ?", []any{int64(kind), maxNames}
	case Holds:
		query, args = holding(kind, value, maxMatches+1)
	case Ends:
		fits = func(path string) bool { return ends(path, value) }
		query, args = holding(kind, strings.TrimSuffix(value, ".git"), maxNames)
	case Named:
		fits = func(person string) bool { return named(person, value) }
		query, args = holding(kind, value, maxNames)
	}
	rows, err := s.tx.QueryContext(s.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, err
		}
		if fits(name) {
			ids = append(ids, id)
		}
	}
	return ids, rows.Err()
}

// holding asks for the names that have a text in them, at most limit. All are looked
// through where the index of parts does not help.
func holding(kind Kind, text string, limit int) (query string, args []any) {
	if parts := partsOf(text); kind.hasParts() && parts != "" {
		return "SELECT id, value FROM parts CROSS JOIN names ON names.id = parts.rowid WHERE parts MATCH ? AND kind = ? AND instr(value, ?) > 0 LIMIT ?", []any{parts, int64(kind), text, limit}
	}
	return "SELECT id, value FROM names WHERE kind = ? AND instr(value, ?) > 0 LIMIT ?", []any{int64(kind), text, limit}
}

// maxParts is how many parts are compared by the index.
const maxParts = 32

// partsOf asks the index of parts for what may have a text in it; empty: it cannot be asked.
func partsOf(text string) string {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return ""
	}
	var parts []string
	for r := []rune(text); len(r) >= 3 && len(parts) < maxParts; r = r[1:] {
		parts = append(parts, `"`+strings.ReplaceAll(string(r[:3]), `"`, `""`)+`"`)
	}
	return strings.Join(parts, " AND ")
}

// named says whether a person, as "name <address>", an address or an account, has
// a name.
func named(person, value string) bool {
	name, address, ok := strings.Cut(person, " <")
	if !ok {
		address = person
	}
	address = strings.TrimSuffix(address, ">")
	local, _, _ := strings.Cut(address, "@")
	return value == name || value == address || value == local
}

// ends says whether a path is a value, or ends with it, in whole parts.
func ends(path, value string) bool {
	path, value = strings.TrimSuffix(path, ".git"), strings.TrimSuffix(value, ".git")
	return path == value || strings.HasSuffix(path, "/"+value)
}

// next is the next message's place in the wanted order; 0: there is none.
func (s *search) next() (Place, error) {
	target := s.low
	if s.q.NewestFirst {
		target = s.high
	}
	if s.found != 0 {
		target, s.done = s.step(s.found), s.found
	}
	for {
		if target < s.low || target > s.high {
			return 0, nil
		}
		found, err := s.lists.seek(target)
		if err != nil || found == 0 || found < s.low || found > s.high {
			return 0, err
		}
		skip := s.q.Until > 0 && found.arrival() > s.q.Until
		if !skip {
			if skip, err = s.excluded(found); err != nil {
				return 0, err
			}
		}
		if !skip {
			s.found = found
			return found, nil
		}
		target, s.done = s.step(found), found
	}
}

func (s *search) step(p Place) Place {
	if s.q.NewestFirst {
		return p - 1
	}
	return p + 1
}

func (s *search) excluded(p Place) (bool, error) {
	for _, l := range s.without {
		found, err := l.seek(p)
		if err != nil || found == p {
			return err == nil, err
		}
	}
	return false, nil
}

// message reads the message of a place; nil where it is gone.
func (s *search) message(p Place) (*Message, error) {
	stmt, err := s.statement("SELECT " + storedColumns + ", 0 FROM messages WHERE n = ?")
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(s.ctx, p.arrival())
	if err != nil {
		return nil, err
	}
	list, err := s.r.wholes(s.ctx, s.tx, rows)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}
