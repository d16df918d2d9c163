package archive

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"busbar/common/event"
)

// TestRefused: what is no archive, or somebody else's, is an error that says so, and
// the file stays as it is.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	make := func(name string, change string) string {
		path := filepath.Join(dir, name)
		if err := mustOpen(t, Options{Path: path}).Close(); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(change); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, text := filepath.Join(dir, "empty"), filepath.Join(dir, "text")
	if err := errors.Join(os.WriteFile(empty, nil, 0o600), os.WriteFile(text, []byte(strings.Repeat("no database\n", 1000)), 0o600)); err != nil {
		t.Fatal(err)
	}
	held := mustOpen(t, Options{Path: filepath.Join(dir, "held")})
	for path, want := range map[string]error{
		empty: ErrForeign,
		text:  ErrForeign,
		make("foreign", "PRAGMA application_id=1"): ErrForeign,
		make("newer", "PRAGMA user_version=99"):    ErrNewer,
		held.o.Path:                                ErrLocked,
	} {
		if _, err := Open(context.Background(), Options{Path: path}); !errors.Is(err, want) {
			t.Errorf("opening %s: %v, want %v", path, err, want)
		}
	}
	if _, err := OpenReader(context.Background(), filepath.Join(dir, "nothing")); !errors.Is(err, ErrMissing) {
		t.Errorf("a reader of nothing: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a reader has made an archive")
	}
	other, err := OpenReader(context.Background(), held.o.Path)
	if err != nil {
		t.Fatalf("reading beside the writer: %v", err)
	}
	defer other.Close()
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Append(context.Background(), Batch{}); !errors.Is(err, ErrClosed) {
		t.Errorf("appending to a closed archive: %v", err)
	}
}

// TestAllOrNothing: a batch with something that cannot be stored leaves no trace.
func TestAllOrNothing(t *testing.T) {
	a, s := mustOpen(t, Options{}), newSpeaker(1)
	good := read(t, s.say().wire(t))
	failing := func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "CREATE TABLE mine (x)")
		return errors.Join(err, ErrMessage)
	}
	for name, b := range map[string]Batch{
		"a bad end": {Messages: []Incoming{good}, Record: failing},
		"no topic":  {Messages: []Incoming{good, {Wire: []byte("{}")}}},
		"no bytes":  {Messages: []Incoming{good, {Envelope: good.Envelope}}},
		"a bad gap": {Messages: []Incoming{good}, Gaps: []Gap{{Publisher: "p", Epoch: "e", First: 9, Last: 3}}},
	} {
		if _, err := a.Append(context.Background(), b); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.DB().Exec("SELECT * FROM mine"); err == nil {
		t.Error("what the caller wrote has stayed")
	}
	if list, err := a.After(context.Background(), 0, 0); err != nil || len(list) > 0 {
		t.Errorf("%d messages were stored, %v", len(list), err)
	}
	if _, err := Read([]byte(`{"topic": 7}`)); !errors.Is(err, ErrMessage) {
		t.Errorf("a message without a topic: %v", err)
	}
}

// TestBytes: whatever a message looks like, it comes back byte by byte.
func TestBytes(t *testing.T) {
	a := mustOpen(t, Options{})
	long := strings.Repeat("certificate", 50)
	var batch Batch
	for i, wire := range []string{
		`{"topic":"a.b.c"}`,
		`{"topic": "a.b.d", "certificate": "` + long + `", "msg": {}}`,
		`{"topic":"a.b.e","msg":{"certificate":"` + long + `"},"certificate":"` + long + `\""}`,
		`{"certificate":null,"topic":"a.b.f"}`,
		`{"topic":"a.b.g","certificate":"` + long,
		"{\"topic\":\"a.b.h\",\"timestamp\":-5,\"msg_id\":\"\xff\",\"certificate\":   \"" + long + "\"}",
		`{"topic":"a.b.i","timestamp":99999999999999999,"msg_id":"2026-no-uuid"}`,
	} {
		m, err := Read([]byte(wire))
		if err != nil {
			m = Incoming{Envelope: event.Envelope{Topic: "a.b.c", MsgID: string(rune('0' + i))}, Wire: []byte(wire)}
		}
		batch.Messages = append(batch.Messages, m)
	}
	if r := mustAppend(t, a, batch); r.Stored != len(batch.Messages) {
		t.Fatalf("%d of %d were stored", r.Stored, len(batch.Messages))
	}
	list, err := a.After(context.Background(), 0, 0)
	if err != nil || len(list) != len(batch.Messages) {
		t.Fatalf("%d messages, %v", len(list), err)
	}
	for i, m := range list {
		if string(m.Wire) != string(batch.Messages[i].Wire) {
			t.Errorf("message %d is %q, was %q", i, m.Wire, batch.Messages[i].Wire)
		}
	}
	if m, err := a.ByID(context.Background(), "2026-no-uuid"); err != nil || m.N != 7 {
		t.Errorf("an id without a UUID: %d, %v", m.N, err)
	}
	if _, err := a.ByID(context.Background(), ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("no id: %v", err)
	}
}

// TestBounds: a question that wants too much is refused, and one that takes too
// long ends with what it has and where to go on.
func TestBounds(t *testing.T) {
	a, s, ctx := mustOpen(t, Options{}), newSpeaker(2), context.Background()
	var b Batch
	for range 300 {
		m := s.say()
		m.msg["person"] = map[string]any{"name": "P", "email": m.id + "@example.org"}
		b.Messages = append(b.Messages, read(t, m.wire(t)))
	}
	mustAppend(t, a, b)
	for name, q := range map[string]Query{
		"people": {Conditions: []Condition{{Kind: Person, Match: Holds, Values: []string{"@example.org"}}}},
		"values": {Conditions: []Condition{{Kind: Bug, Values: make([]string, maxValues+1)}}},
		"words":  {Words: make([]string, maxConditions+1)},
	} {
		if _, err := a.Find(ctx, q); !errors.Is(err, ErrQuery) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
	if n, exact, err := a.Count(ctx, Query{Words: []string{"example"}}, 10); err != nil || exact || n != 10 {
		t.Errorf("a count to 10 is %d (%v, %v)", n, exact, err)
	}
	// The check stands for a question that is slow.
	want, err := a.Find(ctx, Query{Limit: 300})
	if err != nil {
		t.Fatal(err)
	}
	a.Reader.limit = 200 * time.Millisecond
	seen, cuts := 0, 0
	q := Query{Limit: 300, Check: func(m Message) bool {
		if seen++; seen%100 == 0 {
			time.Sleep(250 * time.Millisecond) // longer than a question may take
		}
		return true
	}}
	var got []Message
	for pages := 0; pages < 100; pages++ {
		page, err := a.Find(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Messages...)
		q.After = page.Next
		if page.Cut {
			cuts++
		} else if page.Next == 0 {
			break
		}
	}
	same(t, "in cut pages", got, want.Messages)
	if cuts == 0 {
		t.Error("no page was cut by the time-out")
	}
}

// TestRebuildEndsEarly: nothing is stored on half an index, and the next Open goes on.
func TestRebuildEndsEarly(t *testing.T) {
	a, s := mustOpen(t, Options{}), newSpeaker(4)
	var b Batch
	for range 50 {
		b.Messages = append(b.Messages, read(t, s.say().wire(t)))
	}
	mustAppend(t, a, b)
	want := derivedRows(t, a)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := a.Rebuild(ctx); err == nil {
		t.Fatal("it was not ended")
	}
	if _, err := a.Append(context.Background(), Batch{Messages: []Incoming{read(t, s.say().wire(t))}}); !errors.Is(err, context.Canceled) {
		t.Errorf("appending to half an index: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	// The same, ended by a crash between two steps.
	db, err := sql.Open("sqlite", "file:"+a.o.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE meta SET value = -value WHERE name = 'index'; UPDATE meta SET value = 0 WHERE name = 'rebuilt'; DELETE FROM words; DELETE FROM hours; DELETE FROM states"); err != nil {
		t.Fatal(err)
	}
	var made, of int64
	again := mustOpen(t, Options{Path: a.o.Path, Making: func(at, newest int64) { made, of = at, newest }})
	if diff := cmp.Diff(want, derivedRows(t, again)); diff != "" {
		t.Errorf("the index is not what it was: %s", diff)
	}
	if made == 0 || made != of {
		t.Errorf("it said that %d of %d are made", made, of)
	}
	// One that other rules began is not gone on with.
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE meta SET value = 0 WHERE name = 'index'; UPDATE meta SET value = 40 WHERE name = 'rebuilt'; DROP TABLE words; CREATE TABLE words (text)"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, derivedRows(t, mustOpen(t, Options{Path: a.o.Path}))); diff != "" {
		t.Errorf("the index is not what it was: %s", diff)
	}
}

// TestUpgrade: an archive that the version before made is brought up to this one.
func TestUpgrade(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "archive.db")}
	a := mustOpen(t, o)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := connectWriter(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("DROP INDEX gaps_turns; CREATE TABLE facets (name INTEGER); DROP TABLE parts; DROP INDEX copies_came; ALTER TABLE copies DROP COLUMN came; INSERT INTO copies VALUES (1, 5, 7, 0, NULL, NULL, x'00'); DELETE FROM meta WHERE name = 'states'; UPDATE meta SET value = 2 WHERE name = 'index'; DROP TABLE base_states; CREATE TABLE base_states (kind TEXT); DROP TABLE states; CREATE TABLE states (kind TEXT); PRAGMA user_version = 1")
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	a = mustOpen(t, o)
	defer a.Close()
	var came int64
	if err := a.DB().QueryRow("SELECT came FROM copies").Scan(&came); err != nil || came != 7 {
		t.Errorf("the copy came after arrival %d, %v", came, err)
	}
}
