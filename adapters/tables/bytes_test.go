package tables

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/dbrow"
	"busbar/common/translate"
	"busbar/fixtures/cases"
)

func one(t *testing.T, s Spec, ch Change) (id string, b Row) {
	t.Helper()
	events, err := translator(t, s).Translate(translate.Item[Change]{Value: ch})
	if err != nil || len(events) != 1 {
		t.Fatalf("%+v gives %v, %v", ch, events, err)
	}
	return events[0].UUID().String(), events[0].Body.(Row)
}

// TestKeysByBytes: keys that differ in bytes only never share an id, and are
// shown in UTF-8.
func TestKeysByBytes(t *testing.T) {
	s := Spec{Table: "plain", Topic: "udd.paint.colour", Key: []string{"a", "b"}}
	tr := translator(t, s)
	rnd := rand.New(rand.NewPCG(3, 4))
	alphabet := []string{"", "a", "A", "a ", " ", "\x00", "é", "e\u0301", "\xe9", "\xc3", "\xff", "\ufffd", "/", "%", `\xe9`, `\xff`, "1", "1.0", "-0", "NaN", strings.Repeat("x", 600)}
	word := func() (s string) {
		for range rnd.IntN(4) {
			s += alphabet[rnd.IntN(len(alphabet))]
		}
		return s
	}
	names := map[string][2]string{}
	for range cases.Of(5_000, 20_000) {
		key := [2]string{word(), word()}
		for _, ch := range []Change{
			{Table: "plain", After: dbrow.Columns{"a": &key[0], "b": &key[1]}},
			{Table: "plain", Before: dbrow.Columns{"a": &key[0], "b": &key[1]}},
		} {
			events, err := tr.Translate(translate.Item[Change]{Value: ch})
			if err != nil {
				t.Fatal(err)
			}
			id := events[0].UUID().String()
			if other, known := names[id]; known && other != key {
				t.Fatalf("%q and %q have one id", other, key)
			}
			names[id] = key
			for i, f := range events[0].Body.(Row).Key {
				if strings.ToValidUTF8(f.Value, "") != f.Value || (f.Value == "") != (key[i] == "") {
					t.Fatalf("%q is shown as %q", key[i], f.Value)
				}
			}
		}
	}
}

// TestValuesByBytes: two values that are read as one text are told apart.
func TestValuesByBytes(t *testing.T) {
	s := Spec{Table: "plain", Topic: "udd.paint.colour", Key: []string{"id"}}
	id, text := "1", "é"
	row := dbrow.Columns{"id": &id, "colour": &text}
	mark := func(d string) map[string]string { return map[string]string{"colour": d} }
	a, body := one(t, s, Change{Table: "plain", Before: row, After: row, BeforeBytes: mark("e9")})
	if !slices.Equal(body.Changed, []string{"colour"}) || body.Row["colour"] != "é" || body.Before["colour"] != "é" {
		t.Errorf("a change of bytes is told as %+v", body)
	}
	b, _ := one(t, s, Change{Table: "plain", Before: row, After: row, BeforeBytes: mark("e8"), AfterBytes: mark("e9")})
	c, _ := one(t, s, Change{Table: "plain", After: row, AfterBytes: mark("e9")})
	d, _ := one(t, s, Change{Table: "plain", After: row})
	if a == b || c == d {
		t.Error("values that differ in bytes have one id")
	}
}

// TestManyColumns: all are published, as far as a message carries their texts; where
// it does not, it says so.
func TestManyColumns(t *testing.T) {
	s := Spec{Table: "plain", Topic: "udd.paint.colour", Key: []string{"id"}}
	before, after := dbrow.Columns{}, dbrow.Columns{}
	var want []string
	for i := range 1600 {
		name, old, now := fmt.Sprintf("c%04d", i), "a", "b"
		before[name], after[name] = &old, &now
		want = append(want, name)
	}
	id := "1"
	before["id"], after["id"] = &id, &id
	_, b := one(t, s, Change{Table: "plain", Before: before, After: after})
	if !slices.Equal(b.Changed, want) || len(b.Row) != 1600 || len(b.Before) != 1600 || b.Truncated {
		t.Errorf("of 1600 columns %d are told, %d as changed, truncated %v", len(b.Row), len(b.Changed), b.Truncated)
	}
	big := strings.Repeat("x", maxValue)
	for name := range after {
		if name != "id" {
			after[name] = &big
		}
	}
	_, b = one(t, s, Change{Table: "plain", Before: before, After: after})
	if !slices.Equal(b.Changed, want) || !b.Truncated {
		t.Errorf("with long texts %d columns are told as changed, truncated %v", len(b.Changed), b.Truncated)
	}
}

// TestTimesWithoutZone are meant in the zone that is configured, and told as
// they are stored.
func TestTimesWithoutZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		zone         *time.Location
		stored, want string
	}{
		{nil, "2026-03-01 10:00:00", "2026-03-01T10:00:00Z"},
		{berlin, "2026-03-01 10:00:00", "2026-03-01T09:00:00Z"},
		{berlin, "2026-07-01", "2026-06-30T22:00:00Z"},
		{berlin, "2026-03-01 10:00:00+00", "2026-03-01T10:00:00Z"},
	} {
		s := Spec{Table: "plain", Topic: "udd.paint.colour", Key: []string{"id"}, Time: "seen", Zone: c.zone}
		id := "1"
		_, b := one(t, s, Change{Table: "plain", After: dbrow.Columns{"id": &id, "seen": &c.stored}})
		if b.Time != c.want || b.Row["seen"] != c.stored {
			t.Errorf("%s in %v is %s, and told as %s", c.stored, c.zone, b.Time, b.Row["seen"])
		}
	}
}
