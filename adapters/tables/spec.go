package tables

import (
	"errors"
	"fmt"
	"time"

	"busbar/common/event"
)

// A Spec says what is published of a table.
type Spec struct {
	Table    string   // as the configuration names it
	Topic    string   // SERVICE.OBJECT[.SUBOBJECT]
	Key      []string // columns that name a row
	Watch    []string // columns that are published; empty: all
	Time     string   // column with the time of a row's change; may be empty
	Sentence string   // template; empty: a plain sentence
	// Zone is that in which times without one are meant; nil: UTC.
	Zone *time.Location
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
