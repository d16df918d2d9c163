package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
)

var certificates = []string{strings.Repeat("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg\n", 40), strings.Repeat("another one\n", 150)}

// A said is one message as a test describes it.
type said struct {
	publisher, epoch string
	seq              int64
	id               string // the id's fact
	topic            string
	time             int64
	title            string
	msg              map[string]any
	extra            map[string]any // further members
}

var prefix = "org.debian"

func (s said) wire(t testing.TB) []byte {
	e := event.Envelope{
		Topic: prefix + ".dev." + s.topic, Timestamp: s.time, Username: "test", Publisher: s.publisher, Epoch: s.epoch,
		Seq: s.seq, I: s.seq, Title: s.title, Msg: s.msg,
	}
	if s.id != "" {
		e.MsgID = event.FormatID(time.Unix(s.time, 0), event.UUID("test", s.id))
	}
	tree := e.Tree()
	tree["certificate"] = certificates[int(s.seq)%len(certificates)]
	tree["signature"] = "c2lnbmF0dXJl " + s.id
	for k, v := range s.extra {
		tree[k] = v
	}
	plain, err := event.Tree(tree)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := event.Canonical(plain)
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

func read(t testing.TB, wire []byte) Incoming {
	t.Helper()
	m, err := Read(wire)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustOpen(t testing.TB, o Options) *Archive {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "archive.db")
	}
	if o.Time == 0 {
		o.Time = time.Minute
	}
	if o.States == nil {
		o.States = table(t, projections...)
	}
	a, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func mustAppend(t testing.TB, a *Archive, b Batch) Result {
	t.Helper()
	r, err := a.Append(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A speaker makes messages at random.
type speaker struct {
	r     *rand.Rand
	seqs  map[string]int64
	facts int
	now   int64
}

func newSpeaker(seed uint64) *speaker {
	return &speaker{r: rand.New(rand.NewPCG(seed, 7)), seqs: map[string]int64{}, now: 1_790_000_000}
}

var (
	topics   = []string{"debbugs.bug.create", "debbugs.bug.close", "debbugs.bugzilla.create", "wannabuild.build.fail", "scm.branch.update", "dak.source.accept"}
	packages = []string{"teapot", "kettle", "samovar", "libtea-perl", "0xffff"}
	people   = [][2]string{{"Nora Ortega", "nora@example.org"}, {"Søren Åkesson", "soren@example.net"}, {"", "root@example.org"}}
	terms    = []string{"teapot", "drips", "ärgerlich", "Ärger", "чайник", "lib-foo", "C++", "ok", "3.1-2", "naïve", "東京"}
)

func pick[T any](s *speaker, of []T) T { return of[s.r.IntN(len(of))] }

func (s *speaker) say() said {
	s.now += int64(s.r.IntN(400)) - 20
	m := said{topic: pick(s, topics), time: s.now, title: pick(s, terms) + " " + pick(s, terms) + "!"}
	if s.r.IntN(10) > 0 {
		m.publisher, m.epoch = fmt.Sprintf("p%d", s.r.IntN(3)), fmt.Sprintf("e%d", s.r.IntN(2))
		key := m.publisher + m.epoch
		s.seqs[key] += 1 + int64(s.r.IntN(8)/7)
		m.seq = s.seqs[key]
	}
	s.facts++
	m.id = fmt.Sprint("fact ", s.facts)
	if s.r.IntN(8) == 0 {
		m.id = fmt.Sprint("fact ", s.r.IntN(s.facts)+1) // perhaps known
	}
	p := pick(s, people)
	bug := 812000 + s.r.IntN(6)
	m.msg = map[string]any{
		"package": pick(s, packages), "person": map[string]any{"name": p[0], "email": p[1]}, "suite": "sid",
		"architecture": "amd64", "state": pick(s, []string{"Building", "Failed"}), "version": fmt.Sprint("1.", s.r.IntN(9)),
		"repository": pick(s, []string{"tea", "tea/kettle", "tea/kettle.git", "x/ettle"}), "ref": "refs/heads/" + pick(s, packages), "after": "abc", "title": m.title,
	}
	if strings.HasPrefix(m.topic, "debbugs") {
		m.msg["bug"] = bug
	}
	if m.topic == "dak.source.accept" {
		m.msg["suite"] = []any{"sid", "experimental"}
	}
	return m
}

// derivedRows is what the derived tables hold, without the numbers of names.
func derivedRows(t testing.TB, a *Archive) []string {
	t.Helper()
	var all []string
	for _, query := range []string{
		"SELECT format('%d %s %d: %d', kind, value, hour, count) FROM hours JOIN names ON names.id = name",
		"SELECT format('%s %s %s %d %d %d %s %s', kind, key, package, gone, n, time, value, hex(said)) FROM states",
	} {
		rows, err := collect(context.Background(), a.db, func(scan func(...any) error, s *string) error { return scan(s) }, query)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
	}
	all = append(all, indexed(t, a)...)
	slices.Sort(all)
	return all
}

// indexed is what the index of words has, names as what they are.
func indexed(t testing.TB, a *Archive) []string {
	t.Helper()
	ctx := context.Background()
	names := map[string]string{}
	type named struct {
		id   int64
		text string
	}
	list, err := collect(ctx, a.db, func(scan func(...any) error, n *named) error { return scan(&n.id, &n.text) }, "SELECT id, format('%d %s', kind, value) FROM names")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range list {
		names[tokenOf(n.id)] = n.text
	}
	if _, err := a.db.Exec("CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab(main, words, instance)"); err != nil {
		t.Fatal(err)
	}
	rows, err := collect(ctx, a.db, func(scan func(...any) error, s *string) error {
		var term, place string
		err := scan(&term, &place)
		if name, ok := names[term]; ok {
			term = name
		}
		*s = term + " at " + place
		return err
	}, "SELECT term, doc FROM terms UNION ALL SELECT 'a message', id FROM words_docsize")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
