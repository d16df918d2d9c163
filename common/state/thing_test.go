package state

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"busbar/common/event"
)

// A spoken is a change and who said it when.
type spoken struct {
	u  Update
	at Stamp
}

func value(t *testing.T, all []spoken) *Thing {
	t.Helper()
	thing := &Thing{}
	for _, s := range all {
		thing.Apply(s.u, s.at)
		read, err := Read(thing.Append(nil))
		if err != nil || !Equal(read, thing) {
			t.Fatalf("what is stored cannot be read: %v", err)
		}
		thing = read
	}
	return thing
}

// TestAnyOrder: whatever the order in which changes come, the thing is the same.
func TestAnyOrder(t *testing.T) {
	for _, inSequence := range []bool{false, true} {
		for seed := range uint64(80) {
			r := rand.New(rand.NewPCG(seed, 3))
			var all []spoken
			seqs := map[string]int64{}
			for i := range 2 + r.IntN(14) {
				p := fmt.Sprint("p", r.IntN(3))
				seqs[p]++
				s := spoken{Update{InSequence: inSequence, Topic: fmt.Sprint("t", i)}, Stamp{Time: 100 + r.Int64N(6), Said: 100 + r.Int64N(6), Publisher: p, Seq: seqs[p], Turn: seqs[p] / 5, N: int64(i)}}
				s.u.Set = map[string]any{}
				for range r.IntN(3) {
					s.u.Set[fmt.Sprint("m", r.IntN(3))] = []any{fmt.Sprint(i), nil, "", event.Int("7")}[r.IntN(4)]
				}
				s.u.Whole, s.u.Gone, s.u.Weak = r.IntN(4) == 0, r.IntN(6) == 0, !inSequence && r.IntN(4) == 0
				if !inSequence {
					if r.IntN(4) == 0 {
						s.u.Set["list"] = []any{"a", "b"}
					}
					s.u.Add, s.u.Remove = map[string][]any{"list": {fmt.Sprint(r.IntN(4)), "a"}}, map[string][]any{"list": {fmt.Sprint(r.IntN(4))}}
				}
				all = append(all, s)
			}
			want := value(t, all)
			for range 10 {
				r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				got := value(t, all)
				if got.Value() != want.Value() || got.Newest() != want.Newest() || got.IsGone() != want.IsGone() {
					t.Fatalf("in sequence %v, seed %d: in one order it is %s by %v, in another %s by %v", inSequence, seed, want.Value(), want.Newest(), got.Value(), got.Newest())
				}
			}
			again := value(t, append(all, all...))
			if again.Value() != want.Value() {
				t.Fatalf("said twice it is %s, not %s", again.Value(), want.Value())
			}
		}
	}
}

// TestStories: what is so in the end.
func TestStories(t *testing.T) {
	type m = map[string]any
	at := func(time, seq int64) Stamp { return Stamp{Time: time, Said: time, Publisher: "p", Seq: seq} }
	by := func(p string, s Stamp) Stamp { s.Publisher = p; return s }
	set := func(members m) Update { return Update{Topic: "x", Change: Change{Set: members}} }
	list := func(add, remove string) Update {
		u := set(nil)
		u.Add, u.Remove = map[string][]any{"tags": {}}, map[string][]any{"tags": {}}
		for _, s := range strings.Fields(add) {
			u.Add["tags"] = append(u.Add["tags"], s)
		}
		for _, s := range strings.Fields(remove) {
			u.Remove["tags"] = append(u.Remove["tags"], s)
		}
		return u
	}
	whole := func(members m) Update { u := set(members); u.Whole, u.InSequence = true, true; return u }
	weak := func(u Update) Update { u.Weak = true; return u }
	for name, c := range map[string]struct {
		said []spoken
		want string
	}{
		"the newest":             {[]spoken{{set(m{"a": "1", "b": "1"}), at(5, 1)}, {set(m{"a": "2"}), at(4, 2)}}, `{"a":"1","b":"1","event":"x"}`},
		"in one second":          {[]spoken{{set(m{"a": "2"}), at(5, 2)}, {set(m{"a": "1"}), at(5, 1)}}, `{"a":"2","event":"x"}`},
		"not known any more":     {[]spoken{{set(m{"a": "2", "b": "2"}), at(5, 2)}, {set(m{"a": nil, "b": strings.Repeat("b", maxValue)}), at(6, 3)}}, `{"event":"x"}`},
		"a list in parts":        {[]spoken{{list("a b", "c"), at(5, 1)}, {list("", "b"), at(6, 2)}}, `{"event":"x","tags":["a"],"partial":{"tags":["b","c"]}}`},
		"a whole list":           {[]spoken{{list("a b", "c"), at(5, 1)}, {list("z", "b"), at(7, 2)}, {set(m{"tags": []any{"b", "c"}}), at(6, 2)}}, `{"event":"x","tags":["c","z"]}`},
		"by the way":             {[]spoken{{list("a", ""), at(5, 1)}, {weak(set(m{"tags": []any{}})), at(5, 2)}}, `{"event":"x","tags":["a"]}`},
		"by number":              {[]spoken{{whole(m{"a": "1", "b": "1"}), at(9, 1)}, {whole(m{"a": "2"}), at(5, 2)}}, `{"a":"2","event":"x"}`},
		"of two publishers":      {[]spoken{{whole(m{"a": "1", "b": "1"}), at(5, 1)}, {whole(m{"a": "2"}), by("q", at(6, 1))}}, `{"a":"2","event":"x"}`},
		"of two, one put back":   {[]spoken{{whole(m{"a": "1"}), at(5, 9)}, {whole(m{"a": "2"}), Stamp{Time: 3, Publisher: "p", Turn: 1, Seq: 2}}}, `{"a":"2","event":"x"}`},
		"what is no list":        {[]spoken{{set(m{"tags": "a"}), at(5, 1)}, {list("b", ""), at(6, 1)}}, `{"event":"x","tags":["b"],"partial":{"tags":[]}}`},
		"a hostile text, stored": {[]spoken{{set(m{"a": "</script>\x00\"\u202e"}), at(5, 1)}}, `{"a":"</script>\u0000\"\u202e","event":"x"}`},
	} {
		if got := value(t, c.said).Value(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestBounded: a thing of which too much was said keeps what was said last.
func TestBounded(t *testing.T) {
	thing := &Thing{}
	for i := range 3 * maxEntries {
		thing.Apply(Update{Topic: "x", Change: Change{Add: map[string][]any{"tags": {fmt.Sprint(i)}}}}, Stamp{Time: int64(i), Seq: int64(i)})
	}
	if v := thing.Value(); len(thing.entries) > maxEntries || !strings.Contains(v, fmt.Sprintf(`"%d"`, 3*maxEntries-1)) || strings.Contains(v, `"7"`) {
		t.Errorf("%d entries, %.100s", len(thing.entries), v)
	}
}

// TestTable: topics are found whatever stands before them, and wrong projections refused.
func TestTable(t *testing.T) {
	of := func(topic string, _ map[string]any) []Change { return []Change{{Key: topic}} }
	p := Projection{Kind: "a", Plural: "as", Version: 1, Topics: []string{"debbugs.bug.create", "*.branch.update"}, Of: of}
	table, err := NewTable(p)
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]string{
		"org.debian.dev.debbugs.bug.create": "debbugs.bug.create", "debbugs.bug.create": "debbugs.bug.create", "org.debian.dev.salsa.branch.update": "salsa.branch.update",
		"branch.update": "", ".branch.update": "", "org.debian.dev.debbugs.bug.close": "", "": "", "....": "",
	} {
		got := ""
		if list := table.Updates(event.Envelope{Topic: topic, Msg: map[string]any{}}); len(list) == 1 {
			got = list[0].Key
		}
		if got != want {
			t.Errorf("%q is %q, want %q", topic, got, want)
		}
	}
	for name, change := range map[string]func(*Projection){
		"nothing is asked": func(p *Projection) { p.Of = nil }, "no version": func(p *Projection) { p.Version = 0 },
		"a strange member":    func(p *Projection) { p.Members = []Member{{Name: "a'b"}} },
		"a list by sequences": func(p *Projection) { p.InSequence, p.Members = true, []Member{{Name: "tags", List: true}} },
	} {
		bad := p
		change(&bad)
		if _, err := NewTable(bad); err == nil {
			t.Errorf("%s, and it is taken", name)
		}
	}
	if _, err := NewTable(p, p); err == nil {
		t.Error("one is there twice, and it is taken")
	}
}

// TestPlainForm: what an older program stored is read, and stored as it is now.
func TestPlainForm(t *testing.T) {
	const epoch = "1d5b3e3c-0c1b-4f0a-9d0e-2f2a1c3b4d5e"
	thing := &Thing{}
	thing.Apply(Update{Topic: "x", InSequence: true, Change: Change{Set: map[string]any{"a": "1", "b": "1"}}}, Stamp{Time: 5, Publisher: "p", Epoch: epoch, Seq: 1})
	text := func(s string) string { return string(rune(len(s))) + s }
	plain := "\x01\x01\x05\x00" + text("p") + text(epoch) + "\x00\x01\x00\x03"
	for _, e := range [][2]string{{"a", `"1"`}, {"b", `"1"`}, {"event", `"x"`}} {
		plain += text("p "+epoch) + text(e[0]) + text("") + text(e[1]) + "\x00"
	}
	got, err := Read([]byte(plain))
	if err != nil || !Equal(got, thing) || got.Value() != thing.Value() {
		t.Errorf("%v is read, not %v: %v", got, thing, err)
	}
	if now := thing.Append(nil); len(now) >= len(plain) {
		t.Errorf("%q is no shorter than %q", now, plain)
	}
	if _, err := Read([]byte{form, 1, 5, 0, 9}); err == nil {
		t.Error("a text that nobody said is read")
	}
}

// FuzzRead: whatever is stored, reading it ends, and what was read is stored the same.
func FuzzRead(f *testing.F) {
	thing := &Thing{}
	thing.Apply(Update{Topic: "x", Change: Change{Set: map[string]any{"a": "1"}, Add: map[string][]any{"tags": {"b"}}}}, Stamp{Time: 5, Publisher: "p", Seq: 1})
	f.Add(thing.Append(nil))
	f.Add([]byte{form, 0, 0})
	f.Add([]byte{plainForm, 0, 0})
	f.Add([]byte{form, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, stored []byte) {
		thing, err := Read(stored)
		if err != nil || len(stored) == 0 {
			return
		}
		again, err := Read(thing.Append(nil))
		if err != nil || !Equal(thing, again) {
			t.Fatalf("%x is read, stored, and read as something else: %v", stored, err)
		}
		_ = thing.Value()
	})
}
