package archive

import (
	"strconv"
	"strings"
	"time"
)

// tokenOf is the word by which the index of words has a name, so that it answers for names
// and words together. Nobody's own word has a low line (wordsIn).
func tokenOf(name int64) string {
	if name < 0 {
		return "_b" + strconv.FormatInt(-name, 36)
	}
	return "_n" + strconv.FormatInt(name, 36)
}

// An expression is what the index of words is asked for, in the language of FTS5
// (sqlite.org/fts5.html §3).
type expression struct {
	all, none []string
	beginning bool // it asks for a word's beginning
}

// words asks for what has all that a person's text stands for; it is empty where that is
// nothing.
func (e *expression) words(text string) string {
	var terms []string
	for _, w := range wordsIn(text) {
		terms = append(terms, `"`+w+`"`)
	}
	if len(terms) > 0 && strings.HasSuffix(text, "*") {
		terms[len(terms)-1] += " *"
		e.beginning = true
	}
	return strings.Join(terms, " AND ")
}

// names asks for what has one of these names.
func (e *expression) names(ids []int64) string {
	terms := make([]string, len(ids))
	for i, id := range ids {
		terms[i] = `"` + tokenOf(id) + `"`
	}
	return strings.Join(terms, " OR ")
}

func (e *expression) String() string {
	text := "(" + strings.Join(e.all, ") AND (") + ")"
	if len(e.none) > 0 {
		text = "(" + text + ") NOT ((" + strings.Join(e.none, ") OR (") + "))"
	}
	return text
}

// Nothing ends a look into the index of words but its end. So it looks at a stretch of
// time, and at a longer one behind it if that took a short while.
const (
	firstSpan = Place(90*24*3600) << arrivalBits
	shortly   = 100 * time.Millisecond
)

// matched is the places of what an expression asks for. Where all messages that are
// wanted are among them, the search has looked at what it has passed.
func (s *search) matched(e *expression, wanted bool) (list, error) {
	if err := s.narrow(); err != nil {
		return nil, err
	}
	query := "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?"
	if s.q.NewestFirst {
		query = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ?3 AND ?2 ORDER BY rowid DESC LIMIT ?4"
	}
	text, span := e.String(), s.r.span
	if e.beginning { // for which all is gathered, whatever the stretch
		span = lastPlace
	}
	c := &chunked{s: s, size: firstChunk}
	c.load = func(target Place) error {
		for {
			if target < s.low || target > s.high {
				c.complete = true
				return nil
			}
			end := min(s.high, target+min(span, lastPlace-target))
			if s.q.NewestFirst {
				end = max(s.low, target-min(span, target))
			}
			began := time.Now()
			if err := c.read(query, text, int64(target), int64(end), c.size); err != nil {
				return err
			}
			if len(c.chunk) == c.size {
				c.size = min(2*c.size, lastChunk)
				return nil
			}
			if time.Since(began) < shortly {
				span = min(span, lastPlace/4) * 4
			}
			if c.complete = end == s.high || s.q.NewestFirst && end == s.low; c.complete || len(c.chunk) > 0 {
				return nil
			}
			if target = s.step(end); wanted {
				s.done = end
			}
		}
	}
	return c, nil
}

// narrow leaves out the times before the first message and behind the last.
func (s *search) narrow() error {
	var first, last int64
	const of = "(place), 0) FROM facets WHERE name = (SELECT id FROM names WHERE kind = ?1 AND value = '')"
	err := s.tx.QueryRowContext(s.ctx, "SELECT (SELECT coalesce(min"+of+"), (SELECT coalesce(max"+of+")", int64(all)).Scan(&first, &last)
	s.low, s.high = max(s.low, Place(first)), min(s.high, Place(last))
	return err
}
