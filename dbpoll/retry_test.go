package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busbar/adapters"
)

// TestGivenBack hands out what was given back, oldest first, each once, and
// keeps what could not be stored.
func TestGivenBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "retry")
	journal := write(t, "journal.db", "", 0o600)
	ctx := context.Background()
	none := &givenBack{dir: dir, once: true}
	if _, _, _, err := none.Next(ctx); !errors.Is(err, io.EOF) {
		t.Fatalf("a folder that is not there: %v", err)
	}
	items := []string{`{"table":"a","after":{"x":"1"}}`, `{"package":"tea","state":"Built"}`, `not JSON`}
	for _, item := range items {
		if err := giveBack(dir, []byte(item), journal); err != nil {
			t.Fatal(err)
		}
	}
	c := &givenBack{dir: dir, once: true}
	var dones []func(error)
	for i, want := range items {
		it, _, done, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := it.Value.raw()
		if string(raw) != want {
			t.Errorf("item %d is %s, want %s", i, raw, want)
		}
		if (it.Value.unreadable != nil) != (i == 2) {
			t.Errorf("item %d: %v", i, it.Value.unreadable)
		}
		dones = append(dones, done)
	}
	if _, _, _, err := c.Next(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("handed out twice: %v", err)
	}
	dones[0](nil)
	dones[1](errors.New("the disk is full"))
	dones[2](nil)
	left, err := waiting(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("%v are left, %v", left, err)
	}
	again := &givenBack{dir: dir, once: true}
	if it, _, _, err := again.Next(ctx); err != nil || it.Value.queue == nil {
		t.Errorf("what could not be stored is gone: %+v, %v", it, err)
	}
	info, err := os.Stat(filepath.Join(dir, left[0]))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read a row: %v, %v", info.Mode(), err)
	}
}

// TestPoisonIsReadBack: what is kept of a row is what explain and retry take.
func TestPoisonIsReadBack(t *testing.T) {
	for _, text := range []string{
		`{"log":{"action":"--take","package":"<tea>"},"nth":1}`,
		`{"table":"popcon","before":{"a":null},"after":{"a":"&"},"revision":4}`,
	} {
		r, err := parseRow([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r.text = nil // as a poll found it
		kept, _ := r.raw()
		if string(kept) != text {
			t.Errorf("%s is kept as %s", text, kept)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	for _, text := range []string{`{"table":"a","after":{"x":1}}`, `{"package":"a","state":"b"}`, `{"table":7}`, `[]`, `{"replaced":{}}`} {
		f.Add(text)
	}
	cfg := DefaultConfig()
	if err := cfg.complete(); err != nil {
		f.Fatal(err)
	}
	table, err := cfg.translators()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRow([]byte(text))
		if err != nil {
			return
		}
		if (r.queue == nil) == (r.table == nil) {
			t.Fatalf("%q is %+v", text, r)
		}
		o, err := adapters.Run(table, adapters.Item[row]{Value: r})
		if err != nil {
			t.Fatalf("%q is the weather: %v", text, err)
		}
		r.text = nil
		if kept, _ := r.raw(); o.Poison != "" && strings.TrimSpace(string(kept)) == "" {
			t.Errorf("nothing is kept of %q", text)
		}
	})
}
