package subscribe

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPositionFile: absent, empty, foreign, damaged, in use and unreadable are six
// things, and none of them is overwritten.
func TestPositionFile(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	dir := t.TempDir()
	file := filepath.Join(dir, "position")
	s := open(t, Options{File: file, From: Start()}, h)
	h.subscribed()
	h.write(3)
	h.say(1, 3)
	expect(t, s, 1, 2, 3)
	refused := func(what, path, want string) {
		t.Helper()
		before, _ := os.ReadFile(path)
		_, err := Open(context.Background(), Options{Publishers: []string{"tcp://127.0.0.1:9"}, File: path})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: it was changed", what)
		}
	}
	refused("in use", file, "another process uses it")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	good := read(t, file)
	empty := filepath.Join(dir, "empty")
	put(t, empty, nil)
	refused("empty", empty, "it is empty")
	text := filepath.Join(dir, "text")
	put(t, text, []byte(strings.Repeat("this is a text\n", 1000)))
	refused("foreign", text, "not a position of Busbar")
	other := filepath.Join(dir, "other")
	put(t, other, read(t, h.path()))
	refused("a journal", other, "not a position of Busbar")
	refused("a directory", dir, "not a position of Busbar")
	refused("nowhere", filepath.Join(dir, "nowhere", "position"), "nowhere")
	damaged := filepath.Join(dir, "damaged")
	put(t, damaged, append(good[:len(good)/2:len(good)/2], make([]byte, len(good)/2)...))
	if s, err := Open(context.Background(), Options{Publishers: []string{"tcp://127.0.0.1:9"}, File: damaged}); err == nil {
		s.Close()
		t.Error("a damaged file is taken")
	}
	h.write(1)
	s = open(t, Options{File: file, From: Start()}, h)
	expect(t, s, 4)
}

// TestDiskFull: a position that cannot be written is said, and the same messages may
// be acknowledged again.
func TestPositionCannotBeWritten(t *testing.T) {
	h := newHost(t, "notes.host", nil)
	db, err := connect(filepath.Join(t.TempDir(), "consumer.db"), "rwc", "busy_timeout(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(2)
	s := open(t, Options{DB: db, From: Start()}, h)
	h.subscribed()
	h.write(2)
	h.say(1, 2)
	expect(t, s, 1)
	m := next(t, s)
	tx, err := db.Begin() // holds the database
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ack(context.Background(), m); err == nil || !strings.Contains(err.Error(), "writing the position") {
		t.Errorf("acknowledged: %v", err)
	}
	if list := s.Status().Conditions(); len(list) != 1 || list[0].Name != "position" {
		t.Errorf("%v", list)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	until(t, s, "written again", func(st Status) bool { return st.Error == "" && st.InFlight == 0 })
	ack(t, s, m)
}

func TestOptionsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"one of File and DB":      {Publishers: []string{"tcp://127.0.0.1:9"}},
		"one of File and DB says": {Publishers: []string{"tcp://127.0.0.1:9"}, File: "x", DB: new(sql.DB)},
		"no endpoint":             {File: filepath.Join(t.TempDir(), "position")},
		"want tcp://HOST:PORT":    {File: filepath.Join(t.TempDir(), "position"), Publishers: []string{"nowhere"}},
		"is negative":             {File: "x", Window: -1},
	} {
		if s, err := Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v: want %q", s, err, want)
		}
	}
}
