package wannabuild

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"busbar/adapters/adaptertest"
	"busbar/common/translate"
)

const fixtures = "../../fixtures/wannabuild"

// load reads a change; what cannot be read at all is an empty one.
func load(raw []byte) Change {
	ch, err := ParseChange(raw)
	if err != nil {
		return Change{}
	}
	return ch
}

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(time.UTC), load, fixtures) }

func BenchmarkTranslate(b *testing.B) {
	adaptertest.Benchmark(b, Translator(time.UTC), load, fixtures)
}

// FuzzTranslate holds parser and translator to the contract for any text.
func FuzzTranslate(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no fixtures: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		adaptertest.Check(t, Translator(time.UTC), translate.Item[Change]{Value: load(raw)})
	})
}
