package debbugs

import (
	"encoding/json"
	"testing"

	"busbar/adapters/adaptertest"
)

const (
	soapFixtures    = "../../fixtures/debbugs-soap"
	usertagFixtures = "../../fixtures/debbugs-usertag"
)

// loadJSON reads a fixture; what cannot be read is an empty one.
func loadJSON[T any](raw []byte) T {
	var v, none T
	if err := json.Unmarshal(raw, &v); err != nil {
		return none
	}
	return v
}

func TestSOAPConformance(t *testing.T) {
	adaptertest.Run(t, ChangeTranslator(), loadJSON[Change], soapFixtures)
}

func TestUsertagConformance(t *testing.T) {
	adaptertest.Run(t, UsertagTranslator(), loadJSON[UsertagChange], usertagFixtures)
}

func BenchmarkTranslateChange(b *testing.B) {
	adaptertest.Benchmark(b, ChangeTranslator(), loadJSON[Change], soapFixtures)
}

// FuzzTranslateChange holds the translator to the contract for any change.
func FuzzTranslateChange(f *testing.F) {
	adaptertest.Fuzz(f, ChangeTranslator(), func(raw []byte) Change {
		ch := loadJSON[Change](raw)
		Published(ch)
		return ch
	}, soapFixtures)
}

func FuzzTranslateUsertag(f *testing.F) {
	adaptertest.Fuzz(f, UsertagTranslator(), loadJSON[UsertagChange], usertagFixtures)
}
