package tables

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"busbar/common/dbrow"
	"busbar/common/event"
	"busbar/common/translate"
)

// A Change is a row that differs from what was last published of it.
type Change struct {
	Table  string        `json:"table"`            // the Spec's
	Before dbrow.Columns `json:"before,omitempty"` // nil: the row is new
	After  dbrow.Columns `json:"after,omitempty"`  // nil: the row is gone
	// BeforeBytes and AfterBytes hold, by column, digests of those values whose
	// bytes are not UTF-8: two of them may be read as one text. (Of columns of
	// the key, the text holds the bytes themselves.)
	BeforeBytes map[string]string `json:"before_bytes,omitempty"`
	AfterBytes  map[string]string `json:"after_bytes,omitempty"`
	Revision    int64             `json:"revision,omitempty"`
	// TimeInUTC says that the row's own time is in UTC where it names no zone,
	// whatever the Spec's is.
	TimeInUTC bool `json:"time_in_utc,omitempty"`
	Recovered bool `json:"recovered,omitempty"`
}

// A Row is the body of all three kinds.
type Row struct {
	Table     string            `json:"table" doc:"the table, as the configuration names it"`
	Key       []Field           `json:"key" doc:"the columns that name the row"`
	Row       map[string]string `json:"row" doc:"the columns that are told, as text; those that are NULL are left out. Of a row that is gone: its last values"`
	Changed   []string          `json:"changed" doc:"names of the columns that differ"`
	Before    map[string]string `json:"before" doc:"the values before, of the columns that differ; NULL is left out"`
	Time      string            `json:"time,omitempty" doc:"the row's own time, RFC 3339 in UTC, where the table has a column for it"`
	Truncated bool              `json:"truncated" doc:"a value was cut"`
}

// A Field is one column of a key.
type Field struct {
	Name  string `json:"name" doc:"the column"`
	Value string `json:"value" doc:"its value as text"`
}

// values is what a sentence is made of.
func (b Row) values() map[string]string {
	m := maps.Clone(b.Row)
	if m == nil {
		m = map[string]string{}
	}
	for _, k := range b.Key {
		m[k.Name] = k.Value
	}
	return m
}

// Bounds on what a body carries.
const (
	maxValue  = 16 << 10 // bytes of one value
	maxValues = 256 << 10
)

// New makes the translator of the tables that the specs describe.
func New(specs []Spec) (translate.Translator[Change], error) {
	byName := map[string]table{}
	tr := translate.Translator[Change]{Name: "tables"}
	for _, s := range specs {
		t, err := newTable(s)
		if err != nil {
			return tr, err
		}
		if _, twice := byName[s.Table]; twice {
			return tr, fmt.Errorf("table %s is described twice", s.Table)
		}
		byName[s.Table] = t
		tr.Kinds = append(tr.Kinds, t.kinds()...)
	}
	if err := tr.Kinds.Check(); err != nil {
		return tr, fmt.Errorf("the tables' topics: %w", err)
	}
	tr.Why = func(it translate.Item[Change]) string {
		t, ok := byName[it.Value.Table]
		if !ok {
			return ""
		}
		return "a changed row of the table " + short(t.Table)
	}
	tr.Translate = func(it translate.Item[Change]) ([]event.Event, error) {
		t, ok := byName[it.Value.Table]
		if !ok {
			return nil, translate.Skip("no such table is configured")
		}
		return t.translate(it.Value)
	}
	return tr, nil
}

func (t table) translate(ch Change) ([]event.Event, error) {
	row, kind := ch.After, t.update
	switch {
	case ch.Before == nil && ch.After == nil:
		return nil, translate.Poison("the change has neither a row before nor one after")
	case ch.Before == nil:
		kind = t.create
	case ch.After == nil:
		row, kind = ch.Before, t.remove
	}
	b := Row{Table: short(t.Table), Row: map[string]string{}, Before: map[string]string{}, Changed: []string{}}
	for _, name := range t.Key {
		v := row[name]
		if v == nil {
			return nil, translate.Poison("the row of %s has no %s, which names it", t.Table, name)
		}
		b.Key = append(b.Key, Field{short(name), short(*v)})
	}
	t.fill(&b, ch, row)
	if kind == t.update && len(b.Changed) == 0 {
		return nil, translate.Ignore("no watched column changed")
	}
	e := event.Event{Kind: kind, Key: t.key(ch, row, kind), Recovered: ch.Recovered}
	if v := row[t.Time]; t.Time != "" && v != nil && kind != t.remove {
		if at, ok := t.parseTime(*v, ch.TimeInUTC); ok {
			e.Time, b.Time = at, event.Stamp(at)
		}
	}
	e.Body = b
	return []event.Event{e}, nil
}

// watched names the columns that are published, in order.
func (t table) watched(rows ...dbrow.Columns) []string {
	if len(t.Watch) > 0 {
		return t.Watch
	}
	names := map[string]bool{}
	for _, row := range rows {
		for name := range row {
			names[name] = !slices.Contains(t.Key, name)
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] {
			list = append(list, name)
		}
	}
	return list
}

func (t table) fill(b *Row, ch Change, row dbrow.Columns) {
	left := maxValues
	put := func(m map[string]string, name string, v *string) {
		if v == nil {
			return
		}
		s, was := dbrow.Cut(*v, min(maxValue, left))
		left -= len(s)
		b.Truncated = b.Truncated || was
		m[short(name)] = s
	}
	for _, name := range t.watched(ch.Before, ch.After) {
		put(b.Row, name, row[name])
		_, was := ch.Before[name]
		_, is := ch.After[name]
		if was && is && (!dbrow.Same(ch.Before[name], ch.After[name]) || ch.BeforeBytes[name] != ch.AfterBytes[name]) { // a column that the table gained or lost is no news of each row
			b.Changed = append(b.Changed, short(name))
			put(b.Before, name, ch.Before[name])
		}
	}
}

// key names the change: by the row's own time where that moved with it, else by
// how often the row changed; in both cases with the values.
func (t table) key(ch Change, row dbrow.Columns, kind *event.Kind) string {
	h := sha256.New()
	write := func(v *string) {
		if v == nil {
			h.Write([]byte{0})
			return
		}
		fmt.Fprintf(h, "%d:%s", len(*v)+1, *v)
	}
	for _, name := range t.Key {
		write(row[name])
	}
	for _, side := range []struct {
		row   dbrow.Columns
		bytes map[string]string
	}{{ch.Before, ch.BeforeBytes}, {ch.After, ch.AfterBytes}} {
		fmt.Fprintf(h, "[%v", side.row == nil)
		for _, name := range t.watched(ch.Before, ch.After) {
			write(side.row[name])
			if digest, ok := side.bytes[name]; ok {
				fmt.Fprintf(h, "=%s", digest)
			}
		}
	}
	if t.timed(ch) {
		write(ch.After[t.Time])
	} else {
		fmt.Fprintf(h, "#%d", ch.Revision)
	}
	return "table/" + kind.Topic + "/" + hex.EncodeToString(h.Sum(nil))
}

// timed reports whether the row's own time tells this change from others with the
// same values. That of a row that is gone is an older change's.
func (t table) timed(ch Change) bool {
	v := ch.After[t.Time]
	return t.Time != "" && v != nil && (ch.Before == nil || !dbrow.Same(v, ch.Before[t.Time]))
}

// ParseChange reads a change from JSON, for explaining. Values may be strings,
// numbers, booleans or null.
func ParseChange(text []byte) (ch Change, err error) {
	if err := json.Unmarshal(text, &ch); err != nil {
		return ch, fmt.Errorf("reading a change: %w", err)
	}
	return ch, nil
}

func short(s string) string { s, _ = dbrow.Cut(s, 500); return s }

var layouts = []string{
	"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999",
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly,
}

// parseTime reads a time as databases print it; without a zone it is meant in
// the Spec's, or in UTC. A whole number is Unix seconds.
func (t table) parseTime(s string, inUTC bool) (time.Time, bool) {
	zone := cmp.Or(t.Zone, time.UTC)
	if inUTC {
		zone = time.UTC
	}
	if at, ok := dbrow.Time(s, zone, layouts); ok {
		return at, true
	}
	var unix int64
	if n, err := fmt.Sscanf(s, "%d", &unix); n == 1 && err == nil && fmt.Sprint(unix) == s && unix > 0 && unix < 1<<34 {
		return time.Unix(unix, 0).UTC(), true
	}
	return time.Time{}, false
}
