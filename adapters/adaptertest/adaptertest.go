// Package adaptertest is what every translator must pass: [Run] reads a folder
// of fixtures and checks what the translator makes of each, and of thousands
// of damaged copies.
//
// A fixture is NAME.EXT, an item as the legacy system says it, and beside it
// NAME.events.json, what it becomes. "go test -update" writes the latter; a
// person reads the difference. Files named README.md are left alone.
//
// Not here: channels, and what only one service's tests can know.
package adaptertest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

var update = flag.Bool("update", false, "rewrite the expected events beside the fixtures")

// received is when all fixtures arrived: where a source tells no time, the id
// takes its year from here.
var received = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// A fixture is one file of the folder.
type fixture struct {
	name string // without extension
	ext  string // with its dot
	raw  []byte
}

// Run runs the conformance suite. load turns a fixture's bytes into the
// translator's value; it must accept any bytes.
func Run[T any](t *testing.T, tr translate.Translator[T], load func(raw []byte) T, dir string) {
	t.Helper()
	s := suite[T]{tr: tr, load: load, dir: dir, fixtures: read(t, dir)}
	t.Run("declaration", s.declaration)
	t.Run("golden", s.golden)
	t.Run("pure", s.pure)
	t.Run("stable", s.stable)
	t.Run("damaged", s.damaged)
}

// Check holds what the translator makes of one item to the contract, as Fuzz does
// for any bytes.
func Check[T any](t *testing.T, tr translate.Translator[T], it translate.Item[T]) {
	t.Helper()
	o, err := translate.Run([]translate.Translator[T]{tr}, it)
	if err != nil {
		t.Fatalf("translating: %v", err)
	}
	s := suite[T]{tr: tr}
	s.check(t, o)
	s.checkWhy(t, o, it)
	s.published(t, o)
}

// Benchmark measures the translator over a folder's fixtures, reading included.
func Benchmark[T any](b *testing.B, tr translate.Translator[T], load func(raw []byte) T, dir string) {
	s := suite[T]{tr: tr, load: load, dir: dir, fixtures: read(b, dir)}
	var bytes int
	for _, f := range s.fixtures {
		bytes += len(f.raw)
	}
	b.SetBytes(int64(bytes / len(s.fixtures)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := s.translate(s.fixtures[i%len(s.fixtures)].raw); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func read(t testing.TB, dir string) []fixture {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("reading the fixtures: %v", err)
	}
	var all []fixture
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || name == "README.md" || strings.HasSuffix(name, ".events.json") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("reading a fixture: %v", err)
		}
		ext := filepath.Ext(name)
		all = append(all, fixture{name: strings.TrimSuffix(name, ext), ext: ext, raw: raw})
	}
	if len(all) == 0 {
		t.Fatalf("there are no fixtures in %s", dir)
	}
	return all
}

type suite[T any] struct {
	tr       translate.Translator[T]
	load     func([]byte) T
	dir      string
	fixtures []fixture
}

// translate runs the translator alone, as a program's table would.
func (s suite[T]) translate(raw []byte) (translate.Outcome, error) {
	return translate.Run([]translate.Translator[T]{s.tr}, s.item(raw))
}

func (s suite[T]) item(raw []byte) translate.Item[T] {
	return translate.Item[T]{Origin: "fixture", Value: s.load(raw), Received: received}
}

// must is translate where an error is a failure: fixtures have no transient errors.
func (s suite[T]) must(t *testing.T, raw []byte) translate.Outcome {
	t.Helper()
	o, err := s.translate(raw)
	if err != nil {
		t.Fatalf("translating: %v", err)
	}
	return o
}

func ids(o translate.Outcome) []string {
	var all []string
	for _, e := range o.Events {
		all = append(all, e.Kind.Topic+" "+e.UUID().String())
	}
	return all
}

// declared reports whether k is one of the translator's kinds: the very
// declaration, not one like it.
func declared(c event.Catalog, k *event.Kind) bool {
	for _, have := range c {
		if have == k {
			return true
		}
	}
	return false
}
