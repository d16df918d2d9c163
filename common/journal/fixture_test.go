package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busbar/common/event"
)

type noteBody struct {
	Text string `json:"text"`
	Pad  string `json:"pad,omitempty"`
}

func define(topic string) *event.Kind {
	return event.Define(topic, "somebody wrote a note", func(b noteBody) string { return b.Text }, nil)
}

var (
	noteKind = define("notes.note.create")
	oldKind  = define("oldnotes.note.create").Compat("oldnotes")
)

// someday is inside a year, so that ids do not depend on when tests run.
var someday = time.Date(2024, 5, 17, 10, 30, 0, 0, time.UTC)

func note(key string) event.Event {
	return event.Event{Kind: noteKind, Key: key, Time: someday, Body: noteBody{Text: "note " + key}}
}

func noteRecord(key string) Record {
	return Record{Origin: "test " + key, Received: someday, Events: []event.Event{note(key)}}
}

func options(path string) Options {
	return Options{Path: path, Identity: Identity{Prefix: "org.example", Environment: "dev", Name: "notes", Username: "tester"}}
}

func journalPath(t testing.TB) string { return filepath.Join(t.TempDir(), "notes.journal") }

func mustOpen(t testing.TB, o Options) *Journal {
	t.Helper()
	j, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func mustAppend(t testing.TB, j *Journal, r Record) Result {
	t.Helper()
	result, err := j.Append(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// together submits records so that they share one transaction: the writer is
// kept busy until all are queued. There is room for maxGroup.
func together(t testing.TB, j *Journal, records ...Record) ([]Result, []error) {
	t.Helper()
	if len(records) > maxGroup {
		t.Fatalf("%d records are more than a group", len(records))
	}
	free, busy := make(chan struct{}), make(chan struct{})
	go j.do(context.Background(), func() error { close(busy); <-free; return nil })
	<-busy
	results, errs := make([]Result, len(records)), make([]error, len(records))
	var wg sync.WaitGroup
	wg.Add(len(records))
	for i, r := range records {
		j.Submit(r, func(res Result, err error) { results[i], errs[i] = res, err; wg.Done() })
	}
	close(free)
	wg.Wait()
	return results, errs
}

func all(t testing.TB, r *Reader) []Message {
	t.Helper()
	var list []Message
	for {
		var seq int64
		if len(list) > 0 {
			seq = list[len(list)-1].Seq
		}
		batch, err := r.After(context.Background(), seq, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(batch) == 0 {
			return list
		}
		list = append(list, batch...)
	}
}

func mustVerify(t testing.TB, r *Reader) Report {
	t.Helper()
	report, err := r.Verify(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("Verify found faults: %+v", report)
	}
	return report
}

func counts(t testing.TB, r *Reader) Counts {
	t.Helper()
	c, err := r.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func numbered(prefix string, n int) []Record {
	list := make([]Record, n)
	for i := range list {
		list[i] = noteRecord(fmt.Sprintf("%s-%d", prefix, i))
	}
	return list
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func writeFile(t testing.TB, path string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}
