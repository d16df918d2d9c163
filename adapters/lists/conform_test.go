package lists

import (
	"os"
	"path/filepath"
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
	"busbar/common/translate"
)

const fixtures = "../../fixtures/lists"

func load(raw []byte) *mail.Message { return mail.Parse(raw, mail.Limits{}) }

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(), load, fixtures) }

func BenchmarkTranslate(b *testing.B) { adaptertest.Benchmark(b, Translator(), load, fixtures) }

// FuzzTranslate holds the translator to the contract for any mail.
func FuzzTranslate(f *testing.F) {
	files, err := filepath.Glob(fixtures + "/*.mail")
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
		adaptertest.Check(t, Translator(), translate.Item[*mail.Message]{Value: load(raw)})
	})
}
