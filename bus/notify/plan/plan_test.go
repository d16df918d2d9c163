package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/rule"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) // a Monday

func item(n int, thread string) Item {
	return Item{Message: dest.Message{ID: fmt.Sprint("e", n), Title: fmt.Sprint("thing ", n), Thread: thread, Keyword: "bts"}, Rule: "mine"}
}

func change(n int, from, to string) Item {
	i := item(n, "bug/1")
	i.Change = &Change{"bug/1/severity", from, to}
	return i
}

// told is what was said, in short.
func told(outs []Out) string {
	var list []string
	for _, o := range outs {
		text := string(o.Kind)
		for _, i := range o.Items {
			text += " " + i.ID
		}
		if o.More > 0 {
			text += fmt.Sprintf(" +%d", o.More)
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

// run lets time pass until nothing waits, and gives what was said with its times.
func run(b *Box, from, until time.Time) string {
	var list []string
	for now := from; ; {
		next := b.Next()
		if next.IsZero() || next.After(until) {
			return strings.Join(list, " | ")
		}
		if now = next; now.Before(from) {
			now = from
		}
		if text := told(b.Due(now)); text != "" {
			list = append(list, now.Format("Mon 15:04 ")+text)
		}
	}
}

func TestWhen(t *testing.T) {
	daily, err := rule.ParseWhen("daily", "07:30", "")
	if err != nil {
		t.Fatal(err)
	}
	weekly, _ := rule.ParseWhen("weekly", "18:00", "friday")
	hourly, _ := rule.ParseWhen("hourly", "00:15", "")
	for _, c := range []struct {
		name string
		do   func(b *Box) []Out
		now  string // said at once
		then string // and afterwards
	}{
		{"at once", func(b *Box) []Out { return b.Add(noon, item(1, ""), How{}) }, "single e1", ""},
		{"daily", func(b *Box) []Out {
			return append(b.Add(noon, item(1, ""), How{When: daily}), b.Add(noon.Add(time.Hour), item(2, ""), How{When: daily})...)
		}, "", "Tue 07:30 digest e1 e2"},
		{"weekly", func(b *Box) []Out { return b.Add(noon, item(1, ""), How{When: weekly}) }, "", "Fri 18:00 digest e1"},
		{"hourly", func(b *Box) []Out { return b.Add(noon.Add(20*time.Minute), item(1, ""), How{When: hourly}) }, "", "Mon 13:15 digest e1"},
		{"quiet", func(b *Box) []Out {
			b.Quiet = rule.Quiet{From: 11 * 60, To: 14 * 60}
			return append(b.Add(noon, item(1, ""), How{}), b.Add(noon, item(2, ""), How{})...)
		}, "", "Mon 14:00 digest e1 e2"},
		{"a digest in quiet hours", func(b *Box) []Out {
			b.Quiet = rule.Quiet{From: 22 * 60, To: 9 * 60}
			return b.Add(noon, item(1, ""), How{When: daily})
		}, "", "Tue 09:00 digest e1"},
		{"threads are folded", func(b *Box) []Out {
			outs := b.Add(noon, item(1, "bug/1"), How{Fold: 5 * time.Minute})
			outs = append(outs, b.Add(noon.Add(time.Minute), item(2, "bug/1"), How{Fold: 5 * time.Minute})...)
			outs = append(outs, b.Add(noon.Add(2*time.Minute), item(3, "bug/2"), How{Fold: 5 * time.Minute})...)
			return append(outs, b.Add(noon.Add(2*time.Minute), item(4, "bug/1"), How{Fold: 5 * time.Minute})...)
		}, "single e1; single e3", "Mon 12:05 single e2 e4"},
		{"taken back", func(b *Box) []Out {
			b.Add(noon, change(1, "normal", "serious"), How{Settle: 10 * time.Minute})
			return b.Add(noon.Add(time.Minute), change(2, "serious", "normal"), How{Settle: 10 * time.Minute})
		}, "", ""},
		{"not taken back", func(b *Box) []Out {
			b.Add(noon, change(1, "normal", "serious"), How{Settle: 10 * time.Minute})
			return b.Add(noon.Add(time.Minute), change(2, "serious", "grave"), How{Settle: 10 * time.Minute})
		}, "", "Mon 12:10 single e1 e2"},
		{"another between", func(b *Box) []Out {
			b.Add(noon, change(1, "", "patch"), How{Settle: 10 * time.Minute})
			return b.Add(noon.Add(time.Minute), change(2, "help", ""), How{Settle: 10 * time.Minute})
		}, "", "Mon 12:10 single e1 e2"},
		{"too much", func(b *Box) (outs []Out) {
			b.Limit = rule.Limit{Notes: 3, Within: time.Hour}
			for n := range 7 {
				outs = append(outs, b.Add(noon, item(n, ""), How{})...)
			}
			return outs
		}, "single e0; single e1", "Mon 12:05 summary e2 e3 e4 e5 e6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewBox()
			if got := told(c.do(b)); got != c.now {
				t.Errorf("at once %q, want %q", got, c.now)
			}
			if got := run(b, noon, noon.Add(8*24*time.Hour)); got != c.then {
				t.Errorf("afterwards %q, want %q", got, c.then)
			}
			if len(b.Buckets) != 0 {
				t.Errorf("%d buckets are left", len(b.Buckets))
			}
		})
	}
}

// TestZones: a time is that of the person, also where the clocks change.
func TestZones(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	daily, _ := rule.ParseWhen("daily", "02:30", "")
	for _, c := range []struct{ now, want string }{
		{"2026-11-30T12:00:00Z", "2026-12-01T01:30:00Z"}, {"2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"}, // 02:30 is not there
		{"2026-10-24T12:00:00Z", "2026-10-25T01:30:00Z"}, // and there twice
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		if got := daily.Next(now, berlin).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("after %s: %s, want %s", c.now, got, c.want)
		}
	}
	q, err := rule.ParseQuiet("22:00-07:00")
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[string]string{
		"2026-11-30T20:59:59Z": "", "2026-11-30T21:00:00Z": "2026-12-01T06:00:00Z", "2026-12-01T05:59:00Z": "2026-12-01T06:00:00Z", "2026-12-01T06:00:00Z": "",
	} {
		at, _ := time.Parse(time.RFC3339, now)
		got := q.Until(at, berlin)
		if text := got.UTC().Format(time.RFC3339); !(got.IsZero() && want == "") && text != want {
			t.Errorf("%s: quiet until %s, want %q", now, text, want)
		}
	}
}

// TestStorm: 50,000 events in a minute. Whatever the limit, it holds within every hour,
// and all that is not said one by one is counted in what is.
func TestStorm(t *testing.T) {
	for _, limit := range []rule.Limit{{Notes: 2, Within: time.Hour}, {Notes: 30, Within: time.Hour}, {Notes: 5, Within: 10 * time.Minute}} {
		b := NewBox()
		b.Limit = limit
		var sent []time.Time
		said := 0
		take := func(now time.Time, outs []Out) {
			for _, o := range outs {
				sent = append(sent, now)
				said += len(o.Items) + o.More
				of := 0
				for _, n := range o.MoreOf {
					of += n
				}
				if of != o.More || len(o.Items) > MaxItems {
					t.Fatalf("%d more, %d by keyword, %d items", o.More, of, len(o.Items))
				}
			}
		}
		const events = 50_000
		now := noon
		for n := range events {
			now = noon.Add(time.Duration(n) * time.Minute / events)
			take(now, b.Due(now))
			take(now, b.Add(now, item(n, fmt.Sprint("bug/", n%700)), How{Fold: 2 * time.Minute}))
		}
		for next := b.Next(); !next.IsZero(); next = b.Next() {
			if next.Sub(noon) > 48*time.Hour {
				t.Fatal("it does not end")
			}
			take(next, b.Due(next))
		}
		if said != events {
			t.Errorf("limit %v: %d of %d events were said or counted", limit, said, events)
		}
		for i := range sent {
			if j := i + limit.Notes; j < len(sent) && sent[j].Sub(sent[i]) < limit.Within {
				t.Errorf("limit %v: more notes within %v", limit, sent[j].Sub(sent[i]))
			}
		}
		t.Logf("limit %v: %d notes for %d events", limit, len(sent), events)
	}
}
