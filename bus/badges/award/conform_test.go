package award

import (
	"encoding/json"
	"testing"

	"busbar/adapters/adaptertest"
)

const fixtures = "../../../fixtures/badges"

func load(raw []byte) (a Award) {
	if err := json.Unmarshal(raw, &a); err != nil {
		return Award{Refused: "no JSON"}
	}
	return a
}

func TestConformance(t *testing.T) { adaptertest.Run(t, Translator(), load, fixtures) }
