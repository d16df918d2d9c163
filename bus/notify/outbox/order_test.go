package outbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
)

// TestInOrder: what follows a note that fails alone waits for it, also what is made
// meanwhile, but for an hour at most; notes to others do not.
func TestInOrder(t *testing.T) {
	o, _ := openTest(t)
	now := time.Now()
	write(t, o, note("a", "x@x"), note("b", "x@x"), note("c", "y@x"))
	one := claim(t, o, now, "y@x")
	store(t, o, now, one, dest.One(errors.New("not now")))
	write(t, o, note("d", "x@x"))
	if got := ids(claim(t, o, now)); got != "c " {
		t.Errorf("while the first waits: %s", got)
	}
	next, err := o.Next(t.Context(), "mail", now)
	if err != nil || !next.After(now) {
		t.Fatalf("next at %v (%v)", next, err)
	}
	for _, want := range []string{"a ", "b ", "d "} {
		list := claim(t, o, next)
		if got := ids(list); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		store(t, o, next, list, nil)
	}
	write(t, o, note("e", "x@x"), note("f", "x@x"))
	late := now.Add(inOrder + time.Minute)
	store(t, o, late, claim(t, o, late), dest.One(errors.New("this never passes")))
	if got := ids(claim(t, o, late)); got != "f " {
		t.Errorf("after an hour: %s", got)
	}
}

// TestManyForOne: notes to an address that is busy, however many, hide none to others.
func TestManyForOne(t *testing.T) {
	o, _ := openTest(t)
	var many []Planned
	for n := range 2100 {
		many = append(many, note(fmt.Sprint("n", n), "x@x"))
	}
	write(t, o, append(many, note("last", "y@x"))...)
	if got := ids(claim(t, o, time.Now(), "x@x")); got != "last " {
		t.Errorf("%s", got)
	}
}

// TestTurnsSortNothing: a turn reads as many notes as it takes, however many wait.
func TestTurnsSortNothing(t *testing.T) {
	o, _ := openTest(t)
	rows, err := o.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+oldest, "mail", 1, "[]")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan += step + "\n"
	}
	if err := rows.Err(); err != nil || !strings.Contains(plan, "notify_notes_open (way=? AND state=?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("%v: %s", err, plan)
	}
}
