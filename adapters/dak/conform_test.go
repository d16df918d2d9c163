package dak

import (
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
)

const fixtures = "../../fixtures/dak"

func load(raw []byte) *mail.Message { return mail.Parse(raw, mail.Limits{}) }

func TestConformance(t *testing.T) {
	adaptertest.Run(t, Translator(Options{Private: true}), load, fixtures)
}

func BenchmarkTranslate(b *testing.B) {
	adaptertest.Benchmark(b, Translator(Options{Private: true}), load, fixtures)
}

// FuzzTranslate holds the translator to the contract for any mail.
func FuzzTranslate(f *testing.F) {
	adaptertest.Fuzz(f, Translator(Options{Private: true}), load, fixtures)
}
