package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"busbar/bus/bustest"
	"busbar/bus/kinds"
	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/sqlfile"
	"busbar/common/state"
	"busbar/fixtures/cluster"
)

// A room is an archive beside a real server.
type room struct {
	*testing.T
	path, url string
	archive   *archive.Archive
	present   *state.Table
	db        *pgx.Conn
	more      int
}

// TestPostgres runs all beside one server.
func TestPostgres(t *testing.T) {
	p, err := cluster.StartPostgres(t.Context(), filepath.Join(t.TempDir(), "cluster"), cluster.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	for name, test := range map[string]func(*room){"copied": (*room).testCopy, "hostile": (*room).testHostile, "others": (*room).testOthers} {
		t.Run(name, func(t *testing.T) { test(newRoom(t, p, name)) })
	}
}

// newRoom is a room with a database of its own.
func newRoom(t *testing.T, p *cluster.Postgres, database string) *room {
	t.Helper()
	ctx := t.Context()
	if _, err := p.SQL(ctx, "postgres", "template1", "CREATE DATABASE "+database); err != nil {
		t.Fatal(err)
	}
	r := &room{T: t, path: filepath.Join(t.TempDir(), "archive.db"), url: p.URL("postgres", database)}
	var err error
	r.present, err = kinds.Present()
	r.must(err)
	r.archive, err = archive.Open(ctx, archive.Options{Path: r.path, States: r.present})
	r.must(err)
	t.Cleanup(func() { _ = r.archive.Close() })
	r.db, err = pgx.Connect(ctx, r.url)
	r.must(err)
	t.Cleanup(func() { _ = r.db.Close(context.Background()) })
	return r
}

func (r *room) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// fixtures come into the archive.
func (r *room) fixtures() {
	r.Helper()
	list, err := bustest.Golden("../../../fixtures", time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC))
	r.must(err)
	r.come(list...)
}

func (r *room) come(list ...event.Envelope) {
	r.Helper()
	var b archive.Batch
	for _, e := range list {
		m, err := bustest.Incoming(e)
		r.must(err)
		b.Messages = append(b.Messages, m)
	}
	_, err := r.archive.Append(r.Context(), b)
	r.must(err)
}

// says makes a message with a body.
func (r *room) says(topic, title string, body any) event.Envelope {
	r.more++
	return event.Envelope{Topic: "org.debian.dev." + topic, Timestamp: 1790000000 + int64(r.more), Title: title, Msg: body,
		MsgID: event.FormatID(time.Unix(1790000000, 0), event.UUID(topic, fmt.Sprint(r.more)))}
}

func (r *room) open(ctx context.Context) (*Copy, error) {
	return Open(ctx, Options{URL: r.url, Schema: "busbar", Reader: r.archive.Reader, States: r.present})
}

// copy copies all, and returns how much that was.
func (r *room) copy() (n int) {
	r.Helper()
	c, err := r.open(r.Context())
	r.must(err)
	defer func() { r.must(c.Close()) }()
	for {
		some, err := c.Step(r.Context())
		r.must(err)
		if n += some; some == 0 {
			return n
		}
	}
}

// whole looks whether the copy has each message once, byte for byte, and the same states.
func (r *room) whole() {
	r.Helper()
	_, newest, err := r.archive.Range(r.Context())
	r.must(err)
	for after := int64(0); after < newest; {
		list, err := r.archive.After(r.Context(), after, 1000)
		r.must(err)
		for _, m := range list {
			var wire []byte
			if err := r.db.QueryRow(r.Context(), "SELECT wire FROM busbar.messages WHERE arrival = $1", m.N).Scan(&wire); err != nil || string(wire) != string(m.Wire) {
				r.Fatalf("arrival %d: %v: %.200s", m.N, err, wire)
			}
			after = m.N
		}
	}
	file, err := sqlfile.Open(r.path, 1, nil)
	r.must(err)
	defer file.Close()
	for _, p := range r.present.Projections() {
		names := []string{"key"}
		for _, m := range p.Members {
			names = append(names, fmt.Sprintf("%q", m.Name))
		}
		names = append(names, "event", "arrival")
		query := "SELECT " + strings.Join(names, ", ") + " FROM %sbus_" + p.Plural
		var theirs, ours []string
		rows, err := r.db.Query(r.Context(), fmt.Sprintf(query, "busbar."))
		r.must(err)
		for rows.Next() {
			values, err := rows.Values()
			r.must(err)
			theirs = append(theirs, line(values))
		}
		r.must(rows.Err())
		lite, err := file.QueryContext(r.Context(), fmt.Sprintf(query, ""))
		r.must(err)
		for lite.Next() {
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			r.must(lite.Scan(values...))
			for i := range values {
				values[i] = *values[i].(*any)
			}
			ours = append(ours, line(values))
		}
		r.must(errors.Join(lite.Err(), lite.Close()))
		slices.Sort(theirs)
		slices.Sort(ours)
		if len(ours) == 0 || !slices.Equal(theirs, ours) {
			r.Errorf("%s: %d and %d rows:\n%.600s\n%.600s", p.Plural, len(theirs), len(ours), strings.Join(theirs, "\n"), strings.Join(ours, "\n"))
		}
	}
}

// line is a row as text, alike for both: SQLite has 1 and 0 for true and false, and lists
// as texts; PostgreSQL has no NUL.
func line(values []any) string {
	var b strings.Builder
	for _, v := range values {
		text, ok := v.(string)
		if !ok {
			text = string(must(json.Marshal(v)))
		}
		var tree any
		if json.Unmarshal([]byte(text), &tree) == nil {
			text = string(must(json.Marshal(tree)))
		}
		switch text {
		case "true":
			text = "1"
		case "false":
			text = "0"
		}
		fmt.Fprintf(&b, "%q ", strings.ReplaceAll(text, "\x00", "\uFFFD"))
	}
	return b.String()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// testCopy: the copy has all that the archive has, whenever copying was ended, and goes
// on where it ended.
func (r *room) testCopy() {
	t := r.T
	r.fixtures()
	random := rand.New(rand.NewPCG(1, 2))
	for ended := 0; ended < 12; { // each time in another place of the work
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(60))*time.Millisecond)
		c, err := r.open(ctx)
		if err == nil {
			_, err = c.Step(ctx)
			_ = c.Close()
		}
		cancel()
		if err != nil {
			ended++
			continue
		}
		break // a machine that is faster than the clock
	}
	r.copy()
	r.whole()
	r.come(r.says("debbugs.bug.close", "Ann closed bug #812001", map[string]any{"bug": event.Int("812001"), "package": "teapot"}))
	if n := r.copy(); n != 1 {
		t.Errorf("%d were copied, want 1", n)
	}
	if n := r.copy(); n != 0 {
		t.Errorf("%d were copied, want none", n)
	}
	r.whole()
}

// testHostile: what PostgreSQL cannot have holds up nothing.
func (r *room) testHostile() {
	t := r.T
	r.fixtures()
	long := strings.Repeat("many words ", 200_000)
	r.come(
		r.says("debbugs.bug.create", "NUL \x00 and \u202e", map[string]any{"bug": event.Int("1"), "title": "a\x00b", "package": "tea\x00pot"}),
		r.says("debbugs.bug.create", "half of a character", map[string]any{"bug": event.Int("2"), "n": "\xed\xa0\x80"}),
		r.says("debbugs.bug.create", long, map[string]any{"bug": event.Int("3"), "title": long}),
		r.says("scm.ref.update", "a long ref", map[string]any{"repository": "tea", "ref": "refs/" + strings.Repeat("ä", 5000)}),
		r.says(strings.Repeat("topic.", 2000)+"end", "a long topic", map[string]any{}),
	)
	r.copy()
	var bodies, all int
	r.must(r.db.QueryRow(t.Context(), "SELECT count(body), count(*) FROM busbar.messages WHERE published > to_timestamp(1790000000) AND arrival > (SELECT max(arrival) - 5 FROM busbar.messages)").Scan(&bodies, &all))
	if all != 5 || bodies != 3 {
		t.Errorf("%d of %d have bodies", bodies, all)
	}
	r.whole()
	for body, fits := range map[string]bool{`{"n":1e200000}`: false, `{"n":"\ud800"}`: false, `{"n":"\u0000"}`: false, "{\"n\":\"\xff\"}": false, `{"n":"ä"}`: true} {
		var got bool
		err := r.db.QueryRow(t.Context(), "SELECT busbar.body_of($1) IS NOT NULL", []byte(`{"msg":`+body+"}")).Scan(&got)
		if err != nil || got != fits {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

// testOthers: the copy of another archive is not overwritten; two at once cannot be.
func (r *room) testOthers() {
	t := r.T
	r.fixtures()
	c, err := r.open(t.Context())
	r.must(err)
	if _, err := r.open(t.Context()); err == nil || !strings.Contains(err.Error(), "another process copies") || Stays(err) {
		t.Errorf("beside another: %v", err)
	}
	r.must(c.Close())
	path := filepath.Join(t.TempDir(), "other.db")
	other, err := archive.Open(t.Context(), archive.Options{Path: path, States: r.present})
	r.must(err)
	defer other.Close()
	for _, o := range []Options{
		{URL: r.url, Schema: "busbar", Reader: other.Reader},
		{URL: r.url, Schema: "Bus; DROP", Reader: other.Reader},
		{URL: "postgres://x:secret@[", Schema: "busbar", Reader: other.Reader},
		{URL: strings.Replace(r.url, "/others", "/nowhere", 1), Schema: "busbar", Reader: other.Reader},
	} {
		o.States = r.present
		c, err := Open(t.Context(), o)
		if err == nil {
			_ = c.Close()
		}
		if err == nil || !Stays(err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s, %s: %v", o.URL, o.Schema, err)
		}
	}
}

// TestWithoutNUL: NUL goes, and what only looks like it stays.
func TestWithoutNUL(t *testing.T) {
	for text, want := range map[string]string{
		`"a\u0000\u0000b"`: `"a\ufffd\ufffdb"`, `"\\u0000"`: `"\\u0000"`, `"\\\u0000"`: `"\\\ufffd"`, `"\n\u0001 u0000"`: `"\n\u0001 u0000"`,
	} {
		if got := withoutNUL(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
