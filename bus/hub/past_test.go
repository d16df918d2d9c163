package hub

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/fixtures/cases"
)

// A teller is a publisher whose journal may be put back.
type teller struct {
	name  string
	chain []archive.Incoming // what its journal has
	said  int64              // facts
	clock int64
}

// says adds messages; each tells a fact of its own.
func (p *teller) says(t testing.TB, count int) {
	t.Helper()
	for range count {
		p.said++
		p.tells(t, p.said)
	}
}

// tells adds a message of a fact.
func (p *teller) tells(t testing.TB, fact int64) {
	t.Helper()
	p.clock++
	seq, prev := int64(len(p.chain))+1, ""
	if seq > 1 {
		prev = tagOf(p.chain[seq-2].Envelope) // as good as the hash
	}
	e := event.Envelope{
		Topic: "org.debian.dev.debbugs.bug.create", Timestamp: now + p.clock, Publisher: p.name, Epoch: "e", Seq: seq, I: seq, Prev: prev,
		MsgID: event.FormatID(time.Unix(now, 0), event.UUID(p.name, fmt.Sprint(fact))), Title: fmt.Sprintf("%s says %d.%d", p.name, seq, fact),
	}
	wire, err := event.Canonical(e.Tree())
	if err != nil {
		t.Fatal(err)
	}
	m, err := archive.Read(wire)
	if err != nil {
		t.Fatal(err)
	}
	p.chain = append(p.chain, m)
}

// gets brings what the publisher's journal has now to a hub, as the intake does: with a
// gap where the hub has what the journal has not. mine is what the hub has of it.
func (h *testHub) gets(t testing.TB, p *teller, mine *[]archive.Incoming, to int) {
	t.Helper()
	var b archive.Batch
	agreed := 0
	for agreed < min(len(*mine), len(p.chain)) && tagOf((*mine)[agreed].Envelope) == tagOf(p.chain[agreed].Envelope) {
		agreed++
	}
	if agreed < len(*mine) {
		b.Gaps = []archive.Gap{{Publisher: p.name, Epoch: "e", First: int64(agreed) + 1, Last: int64(len(*mine)), Reason: archive.PutBack, Time: time.Unix(now, 0)}}
	}
	*mine = slices.Clone((*mine)[:agreed])
	for len(*mine) < min(to, len(p.chain)) {
		b.Messages = append(b.Messages, p.chain[len(*mine)])
		*mine = append(*mine, p.chain[len(*mine)])
	}
	if len(b.Gaps)+len(b.Messages) == 0 {
		return
	}
	if _, err := h.archive.Append(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

const all = 1 << 30

// came reads until a message whose title ends so, and gives all that came.
func (c *sse) came(end string) (list []string) {
	c.t.Helper()
	for len(list) < 1000 {
		list = append(list, c.said())
		if strings.HasSuffix(list[len(list)-1], end) {
			return list
		}
	}
	c.t.Fatalf("%s did not come, but %q", end, list)
	return nil
}

func putBackGap(first, last int, detail string) string {
	return fmt.Sprintf(`gap {"publisher":"p","epoch":"e","first":%d,"last":%d,"reason":"put back%s"}`, first, last, detail)
}

// TestPutBack: a listener changes hubs after a publisher's journal was put back to an
// older copy, and the hubs got different things of that. It misses nothing, has
// nothing twice, and knows what is lost.
func TestPutBack(t *testing.T) {
	const unknown = ": this hub had nothing of what was lost"
	for name, one := range map[string]struct {
		a, b       int  // how much of what is lost each hub gets
		knows      bool // the listener gets of it at its first hub
		behind     bool // the second hub gets of it when the listener is there
		want       []string
		wantBehind int // of the new messages, how many the listener had
	}{
		"both got the same":           {a: 10, b: 10, want: []string{putBackGap(6, 10, "")}},
		"the second got less":         {a: 10, b: 8, want: []string{putBackGap(6, 10, "")}},
		"the second got more":         {a: 8, b: 10, want: []string{"p9.9", "p10.10", putBackGap(6, 10, "")}},
		"the second got nothing":      {a: 10, b: 5, want: []string{putBackGap(6, 10, unknown)}},
		"the second is behind":        {a: 10, b: 8, behind: true, want: []string{putBackGap(6, 10, "")}},
		"the second gets more later":  {a: 8, b: 10, behind: true, want: []string{"p9.9", "p10.10", putBackGap(6, 10, "")}},
		"known at the first":          {a: 10, b: 8, knows: true, wantBehind: 2},
		"known, the second had none":  {a: 10, b: 5, knows: true, wantBehind: 2},
		"known, the second is behind": {a: 10, b: 8, knows: true, behind: true, wantBehind: 2},
		"known, the second had more":  {a: 8, b: 10, knows: true, behind: true, wantBehind: 2},
	} {
		t.Run(name, func(t *testing.T) {
			a, b, p := start(t, nil), start(t, nil), &teller{name: "p"}
			var atA, atB []archive.Incoming
			p.says(t, 5)
			old := slices.Clone(p.chain)
			p.says(t, 5)
			a.gets(t, p, &atA, one.a)
			b.gets(t, p, &atB, one.b)
			c := a.listen(t, "?since=0", "")
			c.came(fmt.Sprintf("%d.%d", one.a, one.a))
			p.chain = old
			p.says(t, 4) // facts 11 to 14, numbers 6 to 9
			if one.knows {
				a.gets(t, p, &atA, 5+one.wantBehind)
				if got, want := c.came(fmt.Sprintf("%d.%d", 5+one.wantBehind, 10+one.wantBehind)), putBackGap(6, one.a, ""); got[0] != want {
					t.Fatalf("at the first hub came %q, want %s before it", got, want)
				}
			}
			id := c.id
			c.close()
			if !one.behind {
				b.gets(t, p, &atB, all)
			}
			c = b.listen(t, "", id)
			if one.behind {
				b.gets(t, p, &atB, all)
			}
			want := one.want
			for n := one.wantBehind; n < 4; n++ {
				want = append(want, fmt.Sprintf("p%d.%d", 6+n, 11+n))
			}
			got := c.came("9.14")
			if one.knows { // it may be told again what is lost
				got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "gap ") })
			}
			if !slices.Equal(got, want) {
				t.Errorf("came %q, want %q", got, want)
			}
			id = c.id
			c.close()
			p.says(t, 1)
			a.gets(t, p, &atA, all)
			b.gets(t, p, &atB, all)
			for _, h := range []*testHub{a, b} {
				c := h.listen(t, "", id)
				if got := c.came(".15"); len(got) != 1 {
					t.Errorf("with %s, at the end came %q", id, got)
				}
				c.close()
			}
		})
	}
}

// TestUnknownSequence: a hub that comes to know a sequence only when the listener is
// there says nothing of it again.
func TestUnknownSequence(t *testing.T) {
	for _, position := range []string{"p:e:7", ""} {
		a, b, p := start(t, nil), start(t, nil), &teller{name: "p"}
		var atA, atB []archive.Incoming
		p.says(t, 7)
		a.gets(t, p, &atA, all)
		c := a.listen(t, "?since=0", "")
		c.came("7.7")
		id := c.id
		if position != "" { // of an older program
			id = position
		}
		c.close()
		b.append(t, "q", 1, 1)
		c = b.listen(t, "", id)
		if got := c.said(); !strings.Contains(got, "does not know") {
			t.Errorf("first came %q", got)
		}
		if got := c.said(); got != "q1" {
			t.Errorf("%q came, want q1", got)
		}
		b.gets(t, p, &atB, 3)
		b.gets(t, p, &atB, all)
		p.says(t, 2)
		b.gets(t, p, &atB, all)
		if got := c.came("9.9"); !slices.Equal(got, []string{"p8.8", "p9.9"}) {
			t.Errorf("with %s came %q", id, got)
		}
	}
}

// TestPutBackAtRandom: two hubs and a journal that is put back again and again, with
// and without its source; a listener that changes between them.
func TestPutBackAtRandom(t *testing.T) {
	for seed := range uint64(cases.Of(8, 40)) {
		r := rand.New(rand.NewPCG(seed, 7))
		hubs, p := []*testHub{start(t, nil), start(t, nil)}, &teller{name: "p"}
		mine := make([][]archive.Incoming, 2)
		had, id, last := map[string]int{}, "p:e:0", int64(0)
		var trace []string
		for round := range 12 {
			var kept []archive.Incoming
			p.says(t, 1+r.IntN(5))
			if round%3 == 2 {
				kept = slices.Clone(p.chain[:len(p.chain)-r.IntN(min(4, len(p.chain)))])
			}
			for i, h := range hubs {
				if r.IntN(3) > 0 {
					h.gets(t, p, &mine[i], r.IntN(len(p.chain)+1))
				}
			}
			if kept != nil {
				p.clock += 2
				p.chain = kept
				trace = append(trace, fmt.Sprint("put back to ", len(kept)))
			}
			at := r.IntN(2)
			p.says(t, 1)
			mark := fmt.Sprintf("%d.%d", len(p.chain), p.said)
			hubs[at].gets(t, p, &mine[at], all)
			c := hubs[at].listen(t, "", id)
			trace = append(trace, fmt.Sprintf("hub %d with %s:", at, id))
			for _, s := range c.came(mark) {
				trace = append(trace, s)
				if !strings.HasPrefix(s, "gap ") {
					had[s[strings.Index(s, ".")+1:]]++
				}
			}
			id = c.id
			c.close()
			last = p.said
		}
		for fact := int64(1); fact <= last; fact++ {
			n := had[fmt.Sprint(fact)]
			there := slices.ContainsFunc(p.chain, func(m archive.Incoming) bool { return strings.HasSuffix(m.Envelope.Title, fmt.Sprintf(".%d", fact)) })
			if n > 1 || n == 0 && there {
				t.Fatalf("seed %d: fact %d came %d times:\n%s", seed, fact, n, strings.Join(trace, "\n"))
			}
		}
	}
}

// TestSaidByTwo: two publishers say the same facts, and two hubs hear them in another
// order: a listener that changes between them has each fact once.
func TestSaidByTwo(t *testing.T) {
	a, b := start(t, nil), start(t, nil)
	p, q := &teller{name: "p"}, &teller{name: "p"} // of one name, so that the ids are the same
	for fact := range int64(6) {
		p.tells(t, fact)
		q.tells(t, fact)
	}
	for i := range q.chain {
		m := message(t, "q", 1)
		m.Envelope = q.chain[i].Envelope
		m.Envelope.Publisher = "q"
		wire, err := event.Canonical(m.Envelope.Tree())
		if err != nil {
			t.Fatal(err)
		}
		if q.chain[i], err = archive.Read(wire); err != nil {
			t.Fatal(err)
		}
	}
	add := func(h *testHub, list ...[]archive.Incoming) {
		t.Helper()
		for _, l := range list {
			if _, err := h.archive.Append(context.Background(), archive.Batch{Messages: l}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(a, p.chain[:4], q.chain[:4])
	c := a.listen(t, "?since=0", "")
	c.came("4.3")
	add(a, p.chain[4:5]) // the position is behind the copies now
	c.came("5.4")
	id := c.id
	c.close()
	add(b, q.chain[:5], p.chain[:5], q.chain[5:])
	c = b.listen(t, "", id)
	if got := c.came("6.5"); len(got) != 1 {
		t.Errorf("with %s came %q", id, got)
	}
}

// TestJoinBehind: a feed that is behind its archive hands nothing out again which a
// listener has from another hub.
func TestJoinBehind(t *testing.T) {
	ctx := t.Context()
	a, err := archive.Open(ctx, archive.Options{Path: filepath.Join(t.TempDir(), "archive.db"), Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	h := &testHub{server: &server{archive: a}}
	h.append(t, "p", 1, 3)
	f, err := newFeed(ctx, a, slog.New(slog.DiscardHandler)) // it does not run: it stands at 3
	if err != nil {
		t.Fatal(err)
	}
	h.append(t, "r", 1, 1)
	h.append(t, "q", 1, 3)
	v := vector{}
	for _, p := range []string{"p", "q"} {
		m := message(t, p, 3)
		v[sequence{p, "e1"}] = mark{n: 3, tag: tagOf(m.Envelope), time: m.Envelope.Timestamp}
	}
	b, err := resume(ctx, a, v)
	if err != nil {
		t.Fatal(err)
	}
	if b.after != 3 {
		t.Fatalf("it begins behind arrival %d, want 3: r is new", b.after)
	}
	if _, joined := f.join(&listener{after: b.after}, &b); joined {
		t.Error("it gets q again from the feed")
	}
	if _, joined := f.join(&listener{after: 7}, &b); !joined {
		t.Error("it does not join when it has read all")
	}
}
