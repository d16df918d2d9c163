package archive

import (
	"slices"

	"busbar/common/event"
)

// A Subject is what a message is found by, gathered once, for who asks many queries
// about it.
type Subject struct {
	at    int64 // seconds, as it is stored
	e     event.Envelope
	names []name
	of    [Severity + 1][]string // by kind
	words []string
	read  bool // words is gathered
}

// SubjectOf gathers it. It is for one goroutine.
func SubjectOf(e event.Envelope) *Subject {
	s := &Subject{at: Place(placeOf(e.Timestamp, 0)).time(), e: e, names: namesOf(e)}
	for _, n := range s.names {
		s.of[n.kind] = append(s.of[n.kind], n.value)
	}
	return s
}

// Values are the message's names of a kind: packages, bugs, …. They are not to be
// changed.
func (s *Subject) Values(kind Kind) []string { return s.of[kind] }

// Words are those that it is found by, as Words of a query are compared.
func (s *Subject) Words() []string {
	if !s.read {
		s.words, s.read = wordsOf(s.e), true
	}
	return s.words
}

// WordsIn are the words of a person's text, in the form of Words.
func WordsIn(text string) []string { return wordsIn(text) }

// TakesSubject is Takes for a message that many queries are asked about.
func (q Query) TakesSubject(s *Subject) bool {
	if !q.From.IsZero() && s.at < q.From.Unix() || !q.To.IsZero() && s.at > q.To.Unix() {
		return false
	}
	for _, c := range q.Conditions {
		if c.takes(q.Prefix, s.names) == c.Not {
			return false
		}
	}
	if len(q.Words)+len(q.Without) == 0 {
		return true
	}
	words := s.Words()
	for _, text := range q.Words {
		if !hasAll(words, text) {
			return false
		}
	}
	return !slices.ContainsFunc(q.Without, func(text string) bool { return len(wordsIn(text)) > 0 && hasAll(words, text) })
}
