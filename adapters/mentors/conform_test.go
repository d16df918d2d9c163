package mentors

import (
	"testing"

	"busbar/adapters/adaptertest"
	"busbar/common/mail"
)

const fixtures = "../../fixtures/mentors"

func load(raw []byte) *mail.Message { return mail.Parse(raw, mail.Limits{}) }

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(), load, fixtures) }

// FuzzTranslate holds the translator to the contract for any mail.
func FuzzTranslate(f *testing.F) { adaptertest.Fuzz(f, Translator(), load, fixtures) }
