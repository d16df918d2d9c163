package wannabuild

import (
	"testing"
	"time"

	"busbar/adapters/adaptertest"
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
func FuzzTranslate(f *testing.F) { adaptertest.Fuzz(f, Translator(time.UTC), load, fixtures) }
