package node

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRetryQueue hands out requeued items, oldest first, each once, and
// keeps what could not be stored.
func TestRetryQueue(t *testing.T) {
	journal := filepath.Join(t.TempDir(), "journal.db")
	dir := RetryDir(journal)
	if err := os.WriteFile(journal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	none := &RetryQueue{Dir: dir, Once: true, Parse: func(_ string, b []byte) any { return string(b) }}
	if _, _, _, err := none.Next(ctx); !errors.Is(err, io.EOF) {
		t.Fatalf("a folder that is not there: %v", err)
	}
	items := []string{`{"table":"a","after":{"x":"1"}}`, `{"package":"tea","state":"Built"}`, `not JSON`}
	sources := []string{"table a/b.json", "", "Zähler " + strings.Repeat("x", 200)}
	for i, item := range items {
		if err := Requeue(journal, sources[i], []byte(item)); err != nil {
			t.Fatal(err)
		}
	}
	c := &RetryQueue{Dir: dir, Once: true, Parse: func(_ string, b []byte) any { return string(b) }}
	var dones []func(error)
	for i, want := range items {
		it, _, done, err := c.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if it.Value != want {
			t.Errorf("item %d is %s, want %s", i, it.Value, want)
		}
		if i < 2 && it.Source != sources[i] || i == 2 && it.Source != "" {
			t.Errorf("item %d was made by %q, want %q", i, it.Source, sources[i])
		}
		dones = append(dones, done)
	}
	if _, _, _, err := c.Next(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("handed out twice: %v", err)
	}
	dones[0](nil)
	dones[1](errors.New("the disk is full"))
	dones[2](nil)
	left, err := Waiting(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("%v are left, %v", left, err)
	}
	again := &RetryQueue{Dir: dir, Once: true, Parse: func(_ string, b []byte) any { return string(b) }}
	if it, _, _, err := again.Next(ctx); err != nil || it.Value != items[1] {
		t.Errorf("what could not be stored is gone: %+v, %v", it, err)
	}
	info, err := os.Stat(filepath.Join(dir, left[0]))
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read a row: %v, %v", info.Mode(), err)
	}
}
