package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"busbar/common/event"
	"busbar/common/state"
)

// A model is what an archive must be, kept in the simplest way.
type model struct {
	messages  []Message // by arrival
	envelopes map[int64]event.Envelope
	copies    []Message
	ids       map[string]int64
	positions map[[2]string]int64
	gaps      []Gap
	newest    int64
	base      int64
	wrong     []string // what Query.Takes decides in another way
}

func newModel() *model {
	return &model{envelopes: map[int64]event.Envelope{}, ids: map[string]int64{}, positions: map[[2]string]int64{}}
}

func (m *model) append(in Incoming) {
	e := in.Envelope
	message := Message{Time: time.Unix(e.Timestamp, 0).UTC(), Publisher: e.Publisher, Epoch: e.Epoch, Seq: e.Seq, Wire: in.Wire}
	_, fact, _ := strings.Cut(e.MsgID, "-")
	fact += e.Topic
	first, known := m.ids[fact]
	if !known {
		m.newest++
		message.N = m.newest
		m.messages = append(m.messages, message)
		m.envelopes[message.N], m.ids[fact] = e, message.N
		return
	}
	if e.Seq == 0 || first <= m.base {
		return
	}
	message.N, message.Copy = first, true
	same := func(o Message) bool {
		return o.Publisher == e.Publisher && o.Epoch == e.Epoch && o.Seq == e.Seq && (o.Copy || o.N == first)
	}
	if !slices.ContainsFunc(m.messages, same) && !slices.ContainsFunc(m.copies, same) {
		m.copies = append(m.copies, message)
	}
}

// drop forgets the n oldest messages, as retention does.
func (m *model) drop(to int64) {
	m.base = max(m.base, to)
	m.messages = slices.DeleteFunc(m.messages, func(o Message) bool { return o.N <= to })
	m.copies = slices.DeleteFunc(m.copies, func(o Message) bool { return o.N <= to })
}

func (m *model) numbers(publisher, epoch string, first int64) []Message {
	var list []Message
	for _, o := range slices.Concat(m.messages, m.copies) {
		if o.Publisher == publisher && o.Epoch == epoch && o.Seq >= first && o.Seq > 0 {
			list = append(list, o)
		}
	}
	slices.SortStableFunc(list, func(a, b Message) int { return int(a.Seq - b.Seq) })
	return list
}

func (m *model) find(q Query) []Message {
	var list []Message
	for _, o := range m.messages {
		if m.fits(q, o) {
			list = append(list, o)
		}
		live := q // what is decided of a message that comes now
		live.Until, live.Check = 0, nil
		if e := m.envelopes[o.N]; live.Takes(e) != m.fits(live, o) {
			m.wrong = append(m.wrong, fmt.Sprintf("%+v takes %s: %v", live, o.Wire, !m.fits(live, o)))
		}
	}
	slices.SortFunc(list, func(a, b Message) int {
		if a.Time.Equal(b.Time) {
			return int(a.N - b.N)
		}
		return a.Time.Compare(b.Time)
	})
	if q.NewestFirst {
		slices.Reverse(list)
	}
	return list
}

func (m *model) fits(q Query, o Message) bool {
	e := m.envelopes[o.N]
	if !q.From.IsZero() && o.Time.Before(q.From.Truncate(time.Second)) || !q.To.IsZero() && o.Time.After(q.To) || q.Until > 0 && o.N > q.Until {
		return false
	}
	for _, c := range q.Conditions {
		if slices.ContainsFunc(c.Values, func(v string) bool { return likes(c, e, v) }) == c.Not {
			return false
		}
	}
	text := wordsIn(e.Title)
	for _, v := range e.Msg.(map[string]any) {
		switch v := v.(type) {
		case string:
			text = append(text, wordsIn(v)...)
		case event.Int:
			text = append(text, string(v))
		case map[string]any:
			text = append(text, wordsIn(fmt.Sprint(v["name"], " ", v["email"]))...)
		case []any:
			text = append(text, wordsIn(fmt.Sprint(v...))...)
		}
	}
	has := func(phrase string) bool {
		words := wordsIn(phrase)
		for i, w := range words {
			begins := i == len(words)-1 && strings.HasSuffix(phrase, "*")
			if !slices.ContainsFunc(text, func(t string) bool { return t == w || begins && strings.HasPrefix(t, w) }) {
				return false
			}
		}
		return true
	}
	return !slices.ContainsFunc(q.Words, func(w string) bool { return !has(w) }) && !slices.ContainsFunc(q.Without, has)
}

func likes(c Condition, e event.Envelope, v string) bool {
	body := e.Msg.(map[string]any)
	switch c.Kind {
	case Topic:
		return c.Match == Is && e.Topic == v || c.Match == Under && (e.Topic + ".")[:min(len(e.Topic)+1, len(prefix)+5+len(v)+1)] == prefix+".dev."+v+"."
	case Category:
		return strings.Split(e.Topic, ".")[3] == v
	case Publisher:
		return e.Publisher == v
	case Package:
		return body["package"] == v
	case Bug:
		return body["bug"] == event.Int(v)
	case Repository:
		if v == "ettle" {
			return body["repository"] == "x/ettle"
		}
		return body["repository"] == "tea/kettle" || body["repository"] == "tea/kettle.git"
	case Suite:
		return body["suite"] == v || slices.Contains(state.Texts(body, "suite"), v)
	case Person:
		p := body["person"].(map[string]any)
		if c.Match == Named {
			email := p["email"].(string)
			return slices.Contains([]string{strings.ToLower(p["name"].(string)), email, email[:strings.Index(email, "@")]}, strings.ToLower(v))
		}
		return strings.Contains(strings.ToLower(fmt.Sprint(p["name"], " <", p["email"], ">")), strings.ToLower(v))
	}
	return false
}

// TestModel does random things to an archive and to a model of it, and asks both.
func TestModel(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compare(t, seed) })
	}
}

func compare(t *testing.T, seed uint64) {
	now := int64(0)
	o := Options{Path: t.TempDir() + "/archive.db", Now: func() time.Time { return time.Unix(now, 0) }}
	a, m, s := mustOpen(t, o), newModel(), newSpeaker(seed)
	o.Retention.Age = time.Hour // by a clock that mostly stands at 1970
	ctx := context.Background()
	for range 18 {
		a.span = Place(1+s.r.IntN(40_000)) << arrivalBits
		switch s.r.IntN(12) {
		case 0:
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			a = mustOpen(t, o)
		case 1:
			if err := a.Rebuild(ctx); err != nil {
				t.Fatal(err)
			}
		case 2:
			now = s.now - int64(s.r.IntN(40000))
			if _, err := a.Prune(ctx); err != nil {
				t.Fatal(err)
			}
			base, _, err := a.Range(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range m.messages {
				due := o.N <= base
				if due && o.Time.Unix() >= now-3600 {
					t.Fatalf("message %d of %v was dropped too early", o.N, o.Time)
				}
			}
			m.drop(base)
		default:
			var b Batch
			for range s.r.IntN(40) {
				in := read(t, s.say().wire(t))
				b.Messages = append(b.Messages, in)
				m.append(in)
				if e := in.Envelope; e.Seq > 0 {
					b.Positions = append(b.Positions, Position{e.Publisher, e.Epoch, e.Seq})
					m.positions[[2]string{e.Publisher, e.Epoch}] = e.Seq
				}
			}
			if s.r.IntN(5) == 0 {
				first := 1 + s.r.Int64N(1000)
				g := Gap{Publisher: "p1", Epoch: "e0", First: first, Last: first + 3, Reason: "dropped", Time: time.Unix(s.now, 0).UTC(), Before: len(b.Messages)}
				b.Gaps = append(b.Gaps, g, g)
				if !slices.ContainsFunc(m.gaps, func(o Gap) bool { return o.First == first }) {
					m.newest++
					g.N = m.newest
					m.gaps = append(m.gaps, g)
				}
			}
			mustAppend(t, a, b)
		}
		check(t, a, m, s)
	}
	dump := derivedRows(t, a)
	if err := a.Rebuild(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dump, derivedRows(t, a)); diff != "" {
		t.Errorf("made again, the derived tables differ: %s", diff)
	}
}

func check(t *testing.T, a *Archive, m *model, s *speaker) {
	t.Helper()
	ctx := context.Background()
	got := pages(t, func(after int64) ([]Message, int64, error) {
		list, err := a.After(ctx, after, 1+s.r.IntN(50))
		if len(list) > 0 {
			after = list[len(list)-1].N
		}
		return list, after, err
	})
	same(t, "by arrival", got, m.messages)
	publisher, epoch, first := fmt.Sprint("p", s.r.IntN(3)), fmt.Sprint("e", s.r.IntN(2)), s.r.Int64N(50)
	list, err := a.Numbers(ctx, publisher, epoch, first, 1000)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "by number", list, m.numbers(publisher, epoch, first))
	for range 4 {
		m.ask(t, a, s.question(m))
	}
	for range 5 {
		n := s.r.Int64N(m.newest + 1)
		if e, ok := m.envelopes[n]; ok {
			first := n
			for i, o := range m.envelopes {
				if i < first && o.MsgID[4:] == e.MsgID[4:] {
					first = i
				}
			}
			o, err := a.ByID(ctx, "1999"+e.MsgID[4:])
			if first <= m.base && errors.Is(err, ErrPruned) {
				continue
			}
			if err != nil || o.N != first {
				t.Fatalf("message %d by its id is %d, %v", n, o.N, err)
			}
		}
	}
	since, want := s.now-s.r.Int64N(30000), m.newest
	for i := len(m.messages) - 1; i >= 0; i-- {
		if o := m.messages[i]; o.Time.Unix() >= since {
			want = o.N - 1
		}
	}
	if n, err := a.Since(ctx, time.Unix(since, 0)); err != nil || n != want {
		t.Fatalf("what is since %d begins after arrival %d (%v), want %d", since, n, err, want)
	}
	positions, err := a.Positions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	at := map[[2]string]int64{}
	for _, p := range positions {
		at[[2]string{p.Publisher, p.Epoch}] = p.Seq
	}
	if diff := cmp.Diff(m.positions, at); diff != "" {
		t.Fatalf("positions: %s", diff)
	}
	gaps, err := a.Gaps(ctx, -1, m.newest)
	if err != nil || len(gaps) != len(m.gaps) || len(gaps) > 0 && gaps[len(gaps)-1].N != m.gaps[len(gaps)-1].N {
		t.Fatalf("gaps: %v, %v; want %v", gaps, err, m.gaps)
	}
}

// question is a random query.
func (s *speaker) question(m *model) Query {
	q := Query{Prefix: prefix, NewestFirst: s.r.IntN(2) == 0, Limit: 1 + s.r.IntN(60)}
	for range s.r.IntN(3) {
		q.Conditions = append(q.Conditions, pick(s, []Condition{
			{Kind: Topic, Match: Under, Values: []string{pick(s, []string{"debbugs.bug", "debbugs", "scm.branch.update", "debbugs.b"})}},
			{Kind: Topic, Values: []string{prefix + ".dev." + pick(s, topics), "nothing"}},
			{Kind: Category, Values: []string{"debbugs", "dak"}},
			{Kind: Publisher, Values: []string{pick(s, []string{"p0", "p1", ""})}},
			{Kind: Package, Values: []string{pick(s, packages), pick(s, packages)}},
			{Kind: Package, Values: []string{pick(s, packages)}, Not: true},
			{Kind: Bug, Values: []string{"812003"}},
			{Kind: Repository, Match: Ends, Values: []string{pick(s, []string{"kettle", "tea/kettle.git", "ettle"})}},
			{Kind: Suite, Values: []string{"experimental"}, Not: s.r.IntN(2) == 0},
			{Kind: Person, Match: Holds, Values: []string{pick(s, []string{"ORTEGA", "example.org", "åke", "nobody"})}},
			{Kind: Person, Match: Named, Values: []string{pick(s, []string{"nora ORTEGA", "root", "soren@example.net", "example"})}},
		}))
	}
	for range s.r.IntN(5) / 2 {
		q.Words = append(q.Words, pick(s, append(terms, "drip*", "чай*", "lib-f*", "ORTEGA", "812003")))
	}
	for range s.r.IntN(5) / 2 {
		q.Without = append(q.Without, pick(s, terms))
	}
	if s.r.IntN(3) == 0 {
		q.From = time.Unix(s.now-s.r.Int64N(30000), s.r.Int64N(1e9))
	}
	if s.r.IntN(3) == 0 {
		q.To = time.Unix(s.now-s.r.Int64N(20000), 0)
	}
	if s.r.IntN(3) == 0 {
		q.Until = 1 + s.r.Int64N(m.newest+1)
	}
	return q
}

func (m *model) ask(t *testing.T, a *Archive, q Query) {
	t.Helper()
	ctx := context.Background()
	want := m.find(q)
	if len(m.wrong) > 0 {
		t.Fatal(m.wrong[0])
	}
	n, exact, err := a.Count(ctx, q, 1_000_000)
	if err != nil || !exact || n != int64(len(want)) {
		t.Fatalf("%+v: counted %d (%v, %v), want %d", q, n, exact, err, len(want))
	}
	got := pages(t, func(after Place) ([]Message, Place, error) {
		q.After = after
		page, err := a.Find(ctx, q)
		if len(page.Messages) < q.Limit && page.Next != 0 || page.Cut {
			t.Fatalf("a page of %d, not %d messages has a page behind it", len(page.Messages), q.Limit)
		}
		if page.Next == 0 {
			return page.Messages, after, err
		}
		return page.Messages, page.Next, err
	})
	same(t, fmt.Sprintf("%+v", q), got, want)
}

// pages reads page after page until the place stays.
func pages[P comparable](t *testing.T, next func(P) ([]Message, P, error)) (all []Message) {
	t.Helper()
	var at P
	for {
		list, to, err := next(at)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
		if to == at {
			return all
		}
		at = to
	}
}

func same(t *testing.T, what string, got, want []Message) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d messages, want %d", what, len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Wire, w.Wire) {
			t.Fatalf("%s: the bytes of message %d differ", what, i)
		}
		g.Wire, w.Wire = nil, nil
		if diff := cmp.Diff(w, g); diff != "" {
			t.Fatalf("%s: message %d: %s", what, i, diff)
		}
	}
}
