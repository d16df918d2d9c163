package archive

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxQuery bounds the text of a query in bytes.
const maxQuery = 4 << 10

// fields are what a query's text can name, and how their values are compared.
var fields = map[string]Condition{
	"topic":        {Kind: Topic, Match: Under},
	"category":     {Kind: Category},
	"publisher":    {Kind: Publisher},
	"agent":        {Kind: Agent},
	"package":      {Kind: Package},
	"source":       {Kind: Package},
	"bug":          {Kind: Bug},
	"person":       {Kind: Person, Match: Holds},
	"suite":        {Kind: Suite},
	"architecture": {Kind: Architecture},
	"repository":   {Kind: Repository, Match: Ends},
	"list":         {Kind: List},
	"severity":     {Kind: Severity},
}

// ParseQuery reads what a person types:
//
//	teapot whist* -kettle               words, a beginning, none of this word
//	topic:debbugs.bug package:teapot    fields: topic category publisher agent package (or
//	                                    source) bug person suite architecture repository
//	                                    list severity
//	-person:"Nora Ortega"               none of this person; quotes keep blanks together
//	since:2026-11-01 until:2h           times, both included: see ParseMoment
//
// All must hold; of one field that is there several times, one value will do. What
// has a colon and names no field is words, unless it nearly names one.
func ParseQuery(text string) (Query, error) { return ParseQueryWith(text, nil) }

// A Reading reads a term that an archive alone could not: a field of a program's own, or
// a value that stands for others, which it gives to q with Add. taken: it has.
type Reading func(q *Query, field, value string, not bool) (taken bool, err error)

// ParseQueryWith is ParseQuery for who has more fields, or names for values. A term that
// has a colon is shown to reading first; nil: nobody.
func ParseQueryWith(text string, reading Reading) (Query, error) {
	var q Query
	if len(text) > maxQuery {
		return q, fmt.Errorf("%w: it has more than %d bytes", ErrQuery, maxQuery)
	}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var term string
		term, text = cutTerm(text)
		if err := q.term(term, reading); err != nil {
			return q, err
		}
	}
	if len(q.Conditions)+len(q.Words)+len(q.Without) > maxConditions {
		return q, fmt.Errorf("%w: it has more than %d conditions and words", ErrQuery, maxConditions)
	}
	return q, nil
}

// cutTerm cuts off what stands before the first blank outside of quotes.
func cutTerm(text string) (term, rest string) {
	quoted := false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			return text[:i], text[i:]
		}
	}
	return text, ""
}

func (q *Query) term(term string, reading Reading) error {
	term, not := strings.CutPrefix(term, "-")
	field, value, ok := strings.Cut(term, ":")
	value = strings.ReplaceAll(value, `"`, "")
	if ok && reading != nil {
		if taken, err := reading(q, field, value, not); taken || err != nil {
			return err
		}
	}
	switch {
	case ok && (field == "since" || field == "until"):
		t, err := ParseMoment(value, time.Now())
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrQuery, field, err)
		}
		if not {
			return fmt.Errorf("%w: -%s means nothing: leave out the sign", ErrQuery, field)
		}
		if field == "since" {
			q.From = t
		} else {
			q.To = t
		}
		return nil
	case ok:
		if c, known := fields[field]; known {
			if value == "" {
				return fmt.Errorf("%w: nothing stands after %s:", ErrQuery, field)
			}
			c.Not = not
			q.add(c, value)
			return nil
		}
		if meant := misspelt(field); meant != "" {
			return fmt.Errorf("%w: there is no field %q; did you mean %s:? (in quotes, %q is a word)", ErrQuery, field, meant, term)
		}
	}
	word := strings.ReplaceAll(term, `"`, "")
	if len(wordsIn(word)) == 0 {
		return nil // a dash, a dot: no word
	}
	if not {
		q.Without = append(q.Without, word)
	} else {
		q.Words = append(q.Words, word)
	}
	return nil
}

// Add joins values to those of a field, as ParseQuery does; false: there is no such field.
func (q *Query) Add(field string, not bool, values ...string) bool {
	c, known := fields[field]
	c.Not = not
	for _, value := range values {
		if known {
			q.add(c, value)
		}
	}
	return known
}

// add joins a value to the values of its field.
func (q *Query) add(c Condition, value string) {
	for i, have := range q.Conditions {
		if have.Kind == c.Kind && have.Not == c.Not {
			q.Conditions[i].Values = append(have.Values, value)
			return
		}
	}
	c.Values = []string{value}
	q.Conditions = append(q.Conditions, c)
}

// timeForms are the forms of a time, which is in UTC where it does not say.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"}

// ParseTime reads a time: RFC 3339, such a date with or without a time of day, or
// Unix seconds, also with a fraction.
func ParseTime(text string) (time.Time, error) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) || math.Abs(seconds) > maxTime {
		return time.Time{}, fmt.Errorf("%.80q is no time: want 2026-11-28, 2026-11-28T12:00:00Z or seconds since 1970", text)
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), nil
}

// ParseMoment reads a time as ParseTime does, or how long before now it was: 90m, 2h,
// 7d, 1h30m.
func ParseMoment(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.UTC().AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 && strings.ContainsAny(text, "hms") {
		return now.UTC().Add(-ago), nil
	}
	t, err := ParseTime(text)
	if err != nil {
		err = fmt.Errorf("%w, or how long ago, such as 2h or 7d", err)
	}
	return t, err
}
