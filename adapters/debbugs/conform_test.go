package debbugs

import (
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
	"busbar/common/translate"
)

const fixtures = "../../fixtures/debbugs"

func load(raw []byte) *mail.Message { return mail.Parse(raw, mail.Limits{}) }

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(), load, fixtures) }

func BenchmarkTranslate(b *testing.B) { adaptertest.Benchmark(b, Translator(), load, fixtures) }

// FuzzTranslate holds the translator to the contract for any mail.
func FuzzTranslate(f *testing.F) { adaptertest.Fuzz(f, Translator(), load, fixtures) }

func checkMail(t *testing.T, raw string) {
	t.Helper()
	adaptertest.Check(t, Translator(), translate.Item[*mail.Message]{Value: load([]byte(raw))})
}
