package debbugs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/translate"
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
	for _, raw := range seeds(f, soapFixtures) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ch := loadJSON[Change](raw)
		adaptertest.Check(t, ChangeTranslator(), translate.Item[Change]{Value: ch})
		Published(ch)
	})
}

func FuzzTranslateUsertag(f *testing.F) {
	for _, raw := range seeds(f, usertagFixtures) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		adaptertest.Check(t, UsertagTranslator(), translate.Item[UsertagChange]{Value: loadJSON[UsertagChange](raw)})
	})
}

func seeds(f *testing.F, dir string) [][]byte {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no fixtures in %s: %v", dir, err)
	}
	var all [][]byte
	for _, file := range files {
		if matched, _ := filepath.Match("*.events.json", filepath.Base(file)); matched {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, raw)
	}
	return all
}
