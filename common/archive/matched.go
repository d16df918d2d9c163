package archive

import (
	"fmt"
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
	terms     int
	beginning bool // it asks for a word's beginning
}

// maxTerms bounds what one look into the index holds in memory: of each term, a page of
// each of the index's parts. maxTogether is how many names one condition may mean there.
const (
	maxTerms    = 64
	maxTogether = 32
)

func (e *expression) String() string {
	text := "(" + strings.Join(e.all, ") AND (") + ")"
	if len(e.none) > 0 {
		text = "(" + text + ") NOT ((" + strings.Join(e.none, ") OR (") + "))"
	}
	return text
}

// termsOf asks for what has each word of a person's text.
func termsOf(text string) (terms []string, beginning bool) {
	for _, w := range wordsIn(text) {
		terms = append(terms, `"`+w+`"`)
	}
	if len(terms) > 0 && strings.HasSuffix(text, "*") {
		terms[len(terms)-1] += " *"
		beginning = true
	}
	return terms, beginning
}

// anyOf asks for what has one of these names.
func anyOf(ids []int64) string {
	terms := make([]string, len(ids))
	for i, id := range ids {
		terms[i] = `"` + tokenOf(id) + `"`
	}
	return strings.Join(terms, " OR ")
}

// lookup makes the lists of a query: as few as there can be, since the index compares
// itself what it is asked for at once.
func (s *search) lookup() error {
	q := s.q
	e := &expression{}
	list := []*expression{e}
	add := func(part string, terms int) {
		if e.terms+terms > maxTerms {
			e = &expression{}
			list = append(list, e)
		}
		e.all, e.terms = append(e.all, part), e.terms+terms
	}
	var unwanted [][]int64
	for _, c := range q.Conditions {
		ids, err := s.names(c)
		switch {
		case err != nil:
			return err
		case c.Not && len(ids) > 0:
			unwanted = append(unwanted, ids)
		case c.Not:
		case len(ids) > 0 && len(ids) <= maxTogether:
			add(anyOf(ids), len(ids))
		default:
			s.lists = append(s.lists, s.any(ids))
		}
	}
	for _, text := range q.Words {
		terms, beginning := termsOf(text)
		for _, t := range terms {
			add(t, 1)
		}
		e.beginning = e.beginning || beginning
	}
	except := func(part string, terms int) bool { // there is room for it
		room := len(e.all) > 0 && e.terms+terms <= maxTerms
		if room {
			e.none, e.terms = append(e.none, part), e.terms+terms
		}
		return room
	}
	for _, ids := range unwanted {
		if len(ids) > maxTogether || !except(anyOf(ids), len(ids)) {
			s.without = append(s.without, s.any(ids))
		}
	}
	for _, text := range q.Without {
		terms, beginning := termsOf(text)
		if len(terms) > maxTerms {
			return fmt.Errorf("%w: what is to be left out has more than %d words", ErrQuery, maxTerms)
		}
		if part := strings.Join(terms, " AND "); len(terms) > 0 && !except(part, len(terms)) {
			s.without = append(s.without, s.matched(&expression{all: terms, beginning: beginning}, false))
		} else {
			e.beginning = e.beginning || beginning
		}
	}
	for _, e := range list {
		if len(e.all) > 0 {
			s.lists = append(s.lists, s.matched(e, true))
		}
	}
	return nil
}

// Nothing ends a look into the index of words but its end. So it looks at a stretch of
// time, and at a longer one behind it if that took a short while.
const (
	firstSpan = Place(90*24*3600) << arrivalBits
	shortly   = 100 * time.Millisecond
)

// matched is the places of what an expression asks for. Where all messages that are
// wanted are among them, the search has looked at what it has passed.
func (s *search) matched(e *expression, wanted bool) list {
	query := "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?"
	if s.q.NewestFirst {
		query = "SELECT rowid FROM words WHERE words MATCH ? AND rowid BETWEEN ?3 AND ?2 ORDER BY rowid DESC LIMIT ?4"
	}
	text, span := e.String(), s.r.span
	// For a beginning all is gathered, whatever the stretch; and who has one of some names
	// or one word is passed by nobody.
	if e.beginning || len(e.all) == 1 && len(e.none) == 0 {
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
	return c
}
