package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"busbar/common/drain"
	"busbar/common/drain/draintest"
	"busbar/common/event"
	"busbar/common/journal"
)

// read gives the whole lines of files, in their order.
func read(t *testing.T, paths ...string) [][]byte {
	t.Helper()
	var list [][]byte
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			if whole, ok := bytes.CutSuffix(line, []byte("\n")); ok {
				list = append(list, whole)
			}
		}
	}
	return list
}

// TestIsASink runs the suite of all ways out. What is in the file is not written
// again.
func TestIsASink(t *testing.T) {
	draintest.Run(t, func(t *testing.T) draintest.Far {
		path := filepath.Join(t.TempDir(), "messages.jsonl")
		return draintest.Far{
			Drain: func() *drain.Drain { return &drain.Drain{Sink: &Sink{Path: path}} },
			Got:   func() [][]byte { return read(t, path) },
			Once:  true,
		}
	})
}

type note struct {
	Text string `json:"text"`
}

var noteKind = event.Define("notes.note.create", "somebody wrote a note", func(b note) string { return b.Text }, nil)

// A site is a journal and a file.
type site struct {
	*testing.T
	j    *journal.Journal
	path string
	next int
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), journal.Options{Path: filepath.Join(dir, "journal.db"), Identity: journal.Identity{Prefix: "org.example", Environment: "dev", Name: "lines"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return &site{T: t, j: j, path: filepath.Join(dir, "messages.jsonl")}
}

func (s *site) append(n int, text string) {
	s.Helper()
	var events []event.Event
	for range n {
		s.next++
		events = append(events, event.Event{Kind: noteKind, Key: fmt.Sprint(s.next), Time: time.Unix(1_800_000_000, 0), Body: note{fmt.Sprint(s.next, text)}})
	}
	if _, err := s.j.Append(context.Background(), journal.Record{Events: events}); err != nil {
		s.Fatal(err)
	}
}

// messages are the journal's, as lines.
func (s *site) messages() [][]byte {
	s.Helper()
	var list [][]byte
	for at := int64(0); ; {
		batch, err := s.j.After(context.Background(), at, 0)
		if err != nil {
			s.Fatal(err)
		}
		if len(batch) == 0 {
			return list
		}
		for _, m := range batch {
			list, at = append(list, m.Wire), m.Seq
		}
	}
}

// start runs the loop until the function returned is called.
func (s *site) start() (*drain.Drain, func()) {
	d := &drain.Drain{Sink: &Sink{Path: s.path}, Name: "lines", Store: s.j}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	return d, func() { cancel(); <-ended }
}

func (s *site) eventually(what string, is func() bool) {
	s.Helper()
	for end := time.Now().Add(3 * time.Minute); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("in vain: %s", what)
		}
	}
}

// expect waits until all messages are in the files, once each.
func (s *site) expect(paths ...string) {
	s.Helper()
	want := s.messages()
	s.eventually("all are there", func() bool { return len(read(s.T, paths...)) >= len(want) })
	got := read(s.T, paths...)
	if !bytes.Equal(bytes.Join(got, []byte("\n")), bytes.Join(want, []byte("\n"))) {
		s.Errorf("%d lines, and not the %d messages in order", len(got), len(want))
	}
}

// TestCutAnywhere: whatever a kill left of the lines that were not acknowledged, and
// of the last of them, the file ends as if it had not happened.
func TestCutAnywhere(t *testing.T) {
	s := newSite(t)
	s.append(5, "ü\n\"")
	whole := append(bytes.Join(s.messages(), []byte("\n")), '\n')
	for cut := 0; cut <= len(whole); cut += 1 + len(whole)/60 {
		if err := os.WriteFile(s.path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.j.SetCursor(t.Context(), "lines", 0); err != nil {
			t.Fatal(err)
		}
		d, stop := s.start()
		s.eventually("all are acknowledged", func() bool { return d.Status().Cursor == 5 })
		stop()
		if got, err := os.ReadFile(s.path); err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d of %d: %v\n%s", cut, len(whole), err, got)
		}
	}
}

// TestStrangeEnds: a piece that is none of our next line goes, and what stands before
// it stays.
func TestStrangeEnds(t *testing.T) {
	const other = `{"another":"publisher's"}` + "\n"
	for _, end := range []string{"", `{"a`, "\x00\x00\x00"} {
		s := newSite(t)
		s.append(3, "")
		if err := os.WriteFile(s.path, []byte(other+end), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stop := s.start()
		s.eventually("all are there", func() bool { return len(read(t, s.path)) == 4 })
		stop()
		got, err := os.ReadFile(s.path)
		if want := other + string(bytes.Join(s.messages(), []byte("\n"))) + "\n"; err != nil || string(got) != want {
			t.Errorf("behind %q: %v\n%s\nwant\n%s", end, err, got, want)
		}
	}
}

// TestRenamed: the file is renamed again and again while lines are written, and not
// one is lost.
func TestRenamed(t *testing.T) {
	s := newSite(t)
	_, stop := s.start()
	defer stop()
	var files []string
	for n := range 40 {
		s.append(25, "")
		old := fmt.Sprintf("%s.%d", s.path, n)
		s.eventually("there is something to rename", func() bool { return os.Rename(s.path, old) == nil })
		files = append(files, old)
	}
	s.append(1, "")
	files = append(files, s.path)
	want := s.messages()
	last := string(want[len(want)-1])
	s.eventually("the last comes", func() bool {
		got := read(t, files...)
		return len(got) > 0 && string(got[len(got)-1]) == last
	})
	got, at := read(t, files...), 0
	index := map[string]int{}
	for i, m := range want {
		index[string(m)] = i + 1
	}
	for _, line := range got {
		i := index[string(line)]
		if i == 0 || i > at+1 {
			t.Fatalf("behind message %d comes %d", at, i)
		}
		at = i
	}
	if at != len(want) {
		t.Errorf("%d of %d came", at, len(want))
	}
	t.Logf("%d renames, %d messages: lost 0, doubled %d", len(files)-1, len(want), len(got)-len(want))
}

// TestFullDisk: a full disk is an error that passes; what fitted is not written again.
func TestFullDisk(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("only root can mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	s.path = filepath.Join(dir, "messages.jsonl")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s.append(40, strings.Repeat("x", 3000))
	d, stop := s.start()
	defer stop()
	s.eventually("the disk is full", func() bool { return errors.Is(d.Err(), syscall.ENOSPC) })
	if len(read(t, s.path)) == 40 {
		t.Fatal("it was not full")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.expect(s.path)
	s.eventually("it works again", func() bool { return d.Err() == nil && d.Status().Cursor == 40 })
}

// TestRefusals: what is no file, is somebody else's, or holds something else is left
// alone, and said.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	place := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(place("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place("passwd"), []byte("root:x:0:0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		place("pipe"): "no regular file", dir: "no regular file", place("passwd"): "something else", place("away/x"): "no such file",
	} {
		if _, err := (&Sink{Path: path}).Open(t.Context(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if err := (&Sink{Path: path}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("checking %s: %v, want %q", path, err, want)
		}
	}
	one := &Sink{Path: place("lines")}
	if err := one.Check(); err != nil {
		t.Errorf("checking a new one: %v", err)
	}
	first, err := one.Open(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := one.Open(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a second writer: %v", err)
	}
	if err := one.Check(); err != nil {
		t.Errorf("checking beside the one who writes: %v", err)
	}
}
