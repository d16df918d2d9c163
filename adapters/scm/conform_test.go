package scm

import (
	"testing"

	"busbar/adapters/adaptertest"
)

const fixtures = "../../fixtures/scm"

var links = Links{
	Commit: "https://git.example.org/{repository}/commit/?id={id}",
	Branch: "https://git.example.org/{repository}/log/?h={branch}",
	Tag:    "https://git.example.org/{repository}/tag/?h={tag}",
}

// load reads a push; what cannot be read at all is an empty one.
func load(raw []byte) Push {
	p, err := ParsePush(raw)
	if err != nil {
		return Push{}
	}
	return p
}

func TestConformance(t *testing.T) {
	adaptertest.Run(t, Translator(DefaultService, links), load, fixtures)
}

func BenchmarkTranslate(b *testing.B) {
	adaptertest.Benchmark(b, Translator(DefaultService, links), load, fixtures)
}

// FuzzTranslate holds parser and translator to the contract for any text.
func FuzzTranslate(f *testing.F) {
	adaptertest.Fuzz(f, Translator(DefaultService, links), load, fixtures)
}
