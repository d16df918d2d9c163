package tables

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"busbar/common/event"
)

// A Spec says what is told of a table.
type Spec struct {
	Table    string   // as the configuration names it
	Topic    string   // SERVICE.OBJECT[.SUBOBJECT]
	Key      []string // columns that name a row
	Watch    []string // columns that are told; empty: all
	Time     string   // column with the time of a row's change; may be empty
	Sentence string   // template; empty: a plain sentence
}

// A table is a Spec that was found good.
type table struct {
	Spec
	create, update, remove *event.Kind
}

func newTable(s Spec) (table, error) {
	t := table{Spec: s}
	if s.Table == "" {
		return t, errors.New("a table has no name")
	}
	if len(s.Key) == 0 {
		return t, fmt.Errorf("table %s: key names no columns; without them no row can be told from another", s.Table)
	}
	sentence, err := parseSentence(s)
	if err != nil {
		return t, fmt.Errorf("table %s: %w", s.Table, err)
	}
	kind := func(verb, meaning string) *event.Kind {
		return event.Define(s.Topic+"."+verb, meaning, func(b Row) string { return sentence(b, verb) }, nil)
	}
	t.create = kind("create", "a row of "+s.Table+" is new")
	t.update = kind("update", "a row of "+s.Table+" changed")
	t.remove = kind("delete", "a row of "+s.Table+" is gone")
	for _, k := range t.kinds() {
		if err := event.CheckTopic(k.Topic); err != nil {
			return t, fmt.Errorf("table %s: topic %q: %w", s.Table, s.Topic, err)
		}
	}
	return t, nil
}

func (t table) kinds() event.Catalog { return event.Catalog{t.create, t.update, t.remove} }

// maxSentence bounds what a template may write, in bytes.
const maxSentence = 2 << 10

// parseSentence checks a template with a row that has every column it can know
// of; columns that a row lacks are empty.
func parseSentence(s Spec) (func(Row, string) string, error) {
	if s.Sentence == "" {
		return plain, nil
	}
	tpl, err := template.New("sentence").Option("missingkey=zero").Parse(s.Sentence)
	if err != nil {
		return nil, fmt.Errorf("the sentence is no template: %w", err)
	}
	say := func(b Row) (string, error) {
		var w bounded
		err := tpl.Execute(&w, b.values())
		if errors.Is(err, errFull) {
			err = nil
		}
		return strings.ToValidUTF8(string(w), "\uFFFD"), err
	}
	sample := Row{Row: map[string]string{}}
	for _, name := range slices.Concat(s.Key, s.Watch) {
		sample.Row[name] = "x"
	}
	if _, err := say(sample); err != nil {
		return nil, fmt.Errorf("the sentence cannot be said of a row: %w", err)
	}
	return func(b Row, verb string) string {
		text, err := say(b)
		if err != nil || strings.TrimSpace(text) == "" {
			return plain(b, verb)
		}
		return text
	}, nil
}

var errFull = errors.New("the sentence is long enough")

// bounded takes only so much.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	if len(*b)+len(p) > maxSentence {
		*b = append(*b, p[:maxSentence-len(*b)]...)
		return 0, errFull
	}
	*b = append(*b, p...)
	return len(p), nil
}

var _ io.Writer = (*bounded)(nil)

// plain is the sentence of a table that has none of its own.
func plain(b Row, verb string) string {
	done := map[string]string{"create": "is new", "update": "changed", "delete": "is gone"}[verb]
	var key []string
	for _, k := range b.Key {
		key = append(key, k.Value)
	}
	s := strings.Join(key, " ") + " in " + b.Table + " " + done
	if verb == "update" && len(b.Changed) > 0 {
		s += ": " + strings.Join(b.Changed[:min(len(b.Changed), 5)], ", ")
	}
	return strings.TrimSpace(s)
}
