package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/contrib/trials/trial"
)

func TestMain(m *testing.M) {
	if server(os.Args) || receiver(os.Args) {
		return
	}
	os.Exit(m.Run())
}

// TestTorture plays each act in small: few kills, few people, few events.
func TestTorture(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), trial.Long)
	defer cancel()
	var out strings.Builder
	o := options{
		kills: 6, people: 10, events: 60, crowd: 20, rate: 50, seconds: 1, storm: 300, minute: 1, said: 40, addresses: 2,
		limit: bound{notes: 4, within: time.Minute}, Options: trial.Options{Seed: 7},
	}
	err := torture(ctx, o, &out)
	t.Log("\n" + out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"600 notifications, 600 notes made", "irc: 80 notes, lost 0", "matrix: 80 notes, lost 0", "; 50 events in ", " s, a mail each: ",
		"60 events said by themselves, 5940 in summaries, 0 still held back", "580 events said by themselves, 0 in summaries, 5420 still held back",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

// TestWithin: notes within a limit's time are counted wherever they lie.
func TestWithin(t *testing.T) {
	at := func(seconds ...int) (list []time.Time) {
		for _, s := range seconds {
			list = append(list, time.Unix(int64(s), 0))
		}
		return list
	}
	for _, c := range []struct {
		times []time.Time
		want  int
	}{{at(), 0}, {at(1), 1}, {at(1, 2, 3), 3}, {at(0, 59, 100), 2}, {at(0, 30, 49), 3}, {at(0, 60, 61, 62, 200), 3}} {
		if got := within(c.times, time.Minute); got != c.want {
			t.Errorf("%v: %d, want %d", c.times, got, c.want)
		}
	}
}

// TestBalance shows that each fault at a far side would be found.
func TestBalance(t *testing.T) {
	notes := []note{{way: "ntfy", to: "a", id: "n1", event: "e1"}, {way: "ntfy", to: "a", id: "n2", event: "e2", unsure: 1}, {way: "irc", to: "b"}}
	number := map[string]int{"e1": 1, "e2": 2}
	n1, n2 := arrival{"a", "n1", "1"}, arrival{"a", "n2", "2"}
	for _, c := range []struct {
		came arrivals
		want balance
	}{
		{arrivals{n1, n2}, balance{}}, {arrivals{n1}, balance{lost: 1}}, {arrivals{n2, n1}, balance{disorder: 1}},
		{arrivals{n1, n2, n2}, balance{again: 1}}, {arrivals{n1, n1, n2}, balance{doubled: 1}}, {arrivals{n1, n2, {"a", "n3", "2"}}, balance{doubled: 1}},
		{arrivals{n1, n2, n2, n2, n1}, balance{again: 1, doubled: 2}},
	} {
		c.want.notes, c.want.unsure = 2, 1
		if got := c.came.balance("ntfy", notes, number); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.came, got, c.want)
		}
	}
}

// TestLedger shows that each fault would be found.
func TestLedger(t *testing.T) {
	for lines, want := range map[string]verdict{
		"a n1@x e1 single,b n2@x e1 single":                    {},
		"a n1@x e1 single":                                     {lost: 1},
		"a n1@x e1 single,a n1@x e1 single,b n2@x e1 single":   {doubled: 1},
		"a n1@x e1 single,a n3@x e1 single,b n2@x e1 single":   {doubled: 1},
		"a n1@x e1 single,b u@x e1 single,b u@x e1 single":     {again: 1},
		"a n1@x e1 single,b n2@x e1 single,b u@x e1 single":    {doubled: 1},
		"a n1@x e1 single,b n2@x e1 single,a n9@x  summary":    {},
		"b n2@x e1 single,a n1@x e2 single,a u@x e3 single,":   {lost: 1},
		"a u@x e1 single,a u@x e1 single,a u@x e1 single":      {lost: 1, doubled: 1, again: 1},
		"a n1@x e1 single,b n2@x e1 single,half a line is not": {},
	} {
		path := filepath.Join(t.TempDir(), "mails")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(lines, ",", "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := newLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		defer l.file.Close()
		if err := l.read(); err != nil {
			t.Fatal(err)
		}
		v := l.judge([]string{"a", "b"}, []string{"e1"}, map[string]int{"u": 1})
		if v != want {
			t.Errorf("%s: %+v, want %+v", lines, v, want)
		}
		odd := strings.Contains(lines, "summary") || strings.Contains(lines, "half") || strings.HasSuffix(lines, ",")
		if bad := v.err(l) != nil; bad != (v.lost+v.doubled > 0 || odd) {
			t.Errorf("%s: %v", lines, v.err(l))
		}
	}
}
